"""Where in a film something is to be covered: boxes, and how single finds become boxes. Pure.

Recall comes first: a find covers all that lay between it and the next one, is grown by a margin,
and begins and ends a step earlier and later than it was seen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

KINDS = ("face", "plate", "person-added")
# A thing that was not found for so long may still be there: covered in between.
HOLE_S = 1.0
# Of the larger side of a find, on every side of it.
MARGIN = {"face": 0.25, "plate": 0.15}
# A step's box and the next one are one box when both fill so much of it.
ALIKE = 0.75


@dataclass(frozen=True)
class Area:
    """A rectangle as fractions of the picture, from its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def size(self) -> float:
        return self.width * self.height

    def union(self, other: "Area") -> "Area":
        x, y = min(self.x, other.x), min(self.y, other.y)
        right = max(self.x + self.width, other.x + other.width)
        bottom = max(self.y + self.height, other.y + other.height)
        return Area(x, y, right - x, bottom - y)

    def overlap(self, other: "Area") -> float:
        """Give the shared part of both as a fraction of what both cover together."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        if width <= 0 or height <= 0:
            return 0.0
        return width * height / (self.size + other.size - width * height)

    def grown(self, by_x: float, by_y: float) -> "Area":
        """Grow on every side, but not beyond the picture."""
        x, y = max(0.0, self.x - by_x), max(0.0, self.y - by_y)
        right = min(1.0, self.x + self.width + by_x)
        bottom = min(1.0, self.y + self.height + by_y)
        return Area(x, y, max(0.0, right - x), max(0.0, bottom - y))


@dataclass(frozen=True)
class Box:
    """What is covered from at_s until until_s. Units: seconds of the film, fractions of it."""

    at_s: float
    until_s: float
    x: float
    y: float
    width: float
    height: float
    kind: str
    score: float = 1.0

    @property
    def area(self) -> Area:
        return Area(self.x, self.y, self.width, self.height)


@dataclass(frozen=True)
class Find:
    """One thing seen in one picture of the film."""

    at_s: float
    area: Area
    kind: str
    score: float


@dataclass
class _Track:
    finds: list[Find] = field(default_factory=list)

    @property
    def last(self) -> Find:
        return self.finds[-1]


class Tracker:
    """Joins the finds of pictures, given in order, to boxes; keeps only what may still go on.

    `step_s` is the time between two pictures that are looked at, `aspect` the picture's width by
    its height: a margin is as wide as it is high.
    """

    def __init__(self, *, step_s: float, aspect: float) -> None:
        self._step_s = step_s
        self._aspect = aspect
        self._open: list[_Track] = []

    def take(self, at_s: float, finds: Iterable[Find]) -> list[Box]:
        """Take what was found in the next picture; give the boxes of what has ended."""
        ended = [track for track in self._open if at_s - track.last.at_s > HOLE_S]
        self._open = [track for track in self._open if at_s - track.last.at_s <= HOLE_S]
        for find in sorted(finds, key=lambda one: -one.score):
            track = self._nearest(find)
            if track is None:
                self._open.append(_Track([find]))
            else:
                track.finds.append(find)
        return [box for track in ended for box in self._boxes(track)]

    def end(self) -> list[Box]:
        """Give the boxes of what was still there in the last picture."""
        ended, self._open = self._open, []
        return [box for track in ended for box in self._boxes(track)]

    def _nearest(self, find: Find) -> _Track | None:
        """Find whose continuation this is: the track that it overlaps most, were both larger."""
        wide = _spread(find.area)
        alike = [
            (wide.overlap(_spread(track.last.area)), index)
            for index, track in enumerate(self._open)
            if track.last.kind == find.kind and track.last.at_s < find.at_s
        ]
        best, index = max(alike, default=(0.0, -1))
        return self._open[index] if best > 0.0 else None

    def _boxes(self, track: _Track) -> list[Box]:
        """Cover a track from before its first find until after its last one."""
        first, last = track.finds[0], track.finds[-1]
        steps = [self._box(first.at_s - self._step_s, first.at_s, first, first)]
        steps += [
            self._box(one.at_s, two.at_s, one, two)
            for one, two in zip(track.finds, track.finds[1:], strict=False)
        ]
        steps.append(self._box(last.at_s, last.at_s + self._step_s, last, last))
        return merged(steps)

    def _box(self, at_s: float, until_s: float, one: Find, two: Find) -> Box:
        both = one.area.union(two.area)
        side = max(one.area.width * self._aspect, one.area.height)
        margin = MARGIN.get(one.kind, 0.0) * side
        area = both.grown(margin / self._aspect, margin)
        return Box(
            max(0.0, at_s), until_s, area.x, area.y, area.width, area.height,
            one.kind, max(one.score, two.score),
        )  # fmt: skip


def _spread(area: Area) -> Area:
    """Give the area within which the same thing is looked for a step later."""
    return Area(
        area.x - area.width, area.y - area.height, area.width * 3, area.height * 3
    )


def merged(steps: Sequence[Box]) -> list[Box]:
    """Make one box of those that follow one another at nearly one place."""
    found: list[Box] = []
    for box in steps:
        if found:
            both = found[-1].area.union(box.area)
            if min(found[-1].area.size, box.area.size) >= ALIKE * both.size:
                found[-1] = replace(
                    found[-1], until_s=box.until_s, x=both.x, y=both.y,
                    width=both.width, height=both.height,
                    score=max(found[-1].score, box.score),
                )  # fmt: skip
                continue
        found.append(box)
    return found


def is_plate(width_px: float, height_px: float, *, picture_height_px: float) -> bool:
    """Say whether a line of writing of this size may be a plate, or a half of an old one.

    Korean plates are 520 x 110, 335 x 155 and 335 x 170 mm; seen from the side they are narrower,
    and detectors may find the halves of a plate apart. Shop signs are covered too: recall first.
    """
    if height_px <= 0 or height_px > picture_height_px / 4:
        return False
    return 0.6 <= width_px / height_px <= 9.0
