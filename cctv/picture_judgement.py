"""Judge a camera's picture from a few small grey frames: dark, covered, blurred, frozen or good.

Pure: numpy and OpenCV, no Django. A frame comes in two halves (cctv.probe_command draws it): above,
the picture shrunk by averaging, in which noise is nearly gone and structure stays; below, single
pixels picked from it, which keep the noise of a living sensor. So a static street by night, which
still has noise, is told from a picture that truly stands still.

What is normal for a camera is learned of that camera, apart for each three hours of the day: a
country lane that is black every night is not called dark by night, a plain wall not covered.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]

WIDTH, HEIGHT = 320, 180
FRAME_BYTES = WIDTH * HEIGHT * 2
# Blocks of a picture. The clock that a camera writes into it fills a few of them, mostly in the top
# or bottom row: these are left out where edges are judged, for a covered lens does not cover it.
ROWS, COLUMNS = 9, 16
RIM_ROWS = 1
BUCKETS, BUCKET_HOURS = 8, 3

# --- frozen: two key frames that are the same but for a few blocks, and none that truly moves.
# Three quarters, for what changes in one block (a running clock) spreads a little by the encoder.
STILL_SHARE = 0.75
STILL_AT_MOST, STILL_AT_LEAST = 0.30, 0.02
STILL_OF_OWN_NOISE = 0.25
# An encoder whose quality wavers makes the same picture differ by as much; a street by more.
WAVERS_AT_MOST = 3.0
# --- dark: hardly a bright spot, and that is not how this camera always looks at this hour.
DARK_BRIGHT_AT_MOST = 26.0
DARK_OF_OWN_BRIGHT = 0.45
# --- covered: no coarse edge left, and hardly a fine one, where there used to be many.
EDGE = 2.0
COVERED_OF_OWN_TEXTURE = 0.25
COVERED_TEXTURE_AT_MOST = 0.20
COVERED_IF_UNKNOWN = 0.06
# --- blurred: edges wider than this camera's own. A lens is out of focus everywhere; glaring lamps,
# which are soft by nature, count no more than the strongest of the other blocks.
BLURRED_OF_OWN_SHARPNESS, BLURRED_OF_OWN_TEXTURE = 0.68, 0.5
QUIET_PERCENTILE, GLARING_PERCENTILE = 20, 85
# A block has edges when its coarse slopes rise so far above the quiet parts of the picture.
EDGES_OF_QUIET, EDGES_AT_LEAST = 8.0, 1.0
BLOCKS_WITH_EDGES = 6

# Counts up when a measure changes its meaning: what was learned by another is forgotten.
MEASURED_AS = 2
# A reference is believed after so many good looks, and follows slowly afterwards.
LEARNED_AFTER = 6
FOLLOWS = 0.05
NOISE_RISES = 0.02


class Verdict(StrEnum):
    """What a look at the picture says."""

    GOOD = "online"
    FROZEN = "frozen"
    DARK = "dark"
    COVERED = "covered"
    BLURRED = "blurred"


class Measures(NamedTuple):
    """What was measured over one look. Grey levels 0 to 255; shares 0 to 1."""

    bright: float  # the brightest two per cent of the picture begin here
    texture: float  # share of blocks with an edge in them, without the rim
    sharpness: float | None  # slopes of the edges, fine over coarse; None without edges
    # Between frames, in the stillest three quarters of blocks: the least and the most of the pairs;
    # None when there was one frame only.
    change: float | None
    moved: float | None = None


@dataclass(frozen=True)
class Usual:
    """What is normal for a camera within three hours of the day."""

    bright: float = 0.0
    texture: float = 0.0
    sharpness: float = 0.0
    looks: int = 0

    @property
    def is_known(self) -> bool:
        return self.looks >= LEARNED_AFTER


@dataclass(frozen=True)
class Reference:
    """All that is kept of a camera's pictures: 25 numbers, and no picture."""

    usual: tuple[Usual, ...] = (Usual(),) * BUCKETS
    # The quietest that its living picture has been; follows down at once and up slowly.
    noise: float | None = None

    def as_json(self) -> dict[str, Any]:
        rows = [
            [round(u.bright, 1), round(u.texture, 3), round(u.sharpness, 3), u.looks]
            for u in self.usual
        ]
        noise = self.noise and round(self.noise, 3)
        return {"measured_as": MEASURED_AS, "usual": rows, "noise": noise}

    @classmethod
    def of_json(cls, body: dict[str, Any]) -> "Reference":
        if body.get("measured_as") != MEASURED_AS:
            return cls()
        return cls(tuple(Usual(*row) for row in body["usual"]), body["noise"])


def frames_of(raw: bytes) -> list[Grey]:
    """Cut what ffmpeg wrote into frames; a last incomplete one is left out."""
    count = len(raw) // FRAME_BYTES
    pixels = np.frombuffer(raw, np.uint8, count * FRAME_BYTES)
    return list(pixels.reshape(count, HEIGHT * 2, WIDTH))


def measure(frames: Sequence[Grey]) -> Measures:
    """Measure one look: at least one frame."""
    single = [_of_frame(frame[:HEIGHT]) for frame in frames]
    sharp = [sharpness for _b, _t, sharpness in single if sharpness is not None]
    changes = [_change(one[HEIGHT:], other[HEIGHT:]) for one, other in pairwise(frames)]
    return Measures(
        bright=median(bright for bright, _t, _s in single),
        texture=median(texture for _b, texture, _s in single),
        sharpness=median(sharp) if sharp else None,
        change=min(changes) if changes else None,
        moved=max(changes) if changes else None,
    )


def _of_frame(picture: Grey) -> tuple[float, float, float | None]:
    smooth = cv2.GaussianBlur(picture, (3, 3), 0)
    fine = _slopes(smooth)
    coarse = _slopes(cv2.resize(smooth, (WIDTH // 4, HEIGHT // 4), interpolation=cv2.INTER_AREA))
    edged = np.percentile(_inner_blocks(fine), 90, axis=(1, 3)) > EDGE
    bright = float(np.percentile(picture, 98))
    return bright, float(edged.mean()), _sharpness(fine, coarse)


def _sharpness(fine: Any, coarse: Any) -> float | None:
    """Give how steep the edges are, finely over coarsely seen: half as wide is twice as much.

    Over squares, from which those of the quiet parts are taken: noise, which grows by night, adds
    to squares alike everywhere and so takes nothing from a blurred edge's being blurred.
    """
    fine, coarse = np.square(fine), np.square(coarse)
    fine = cv2.resize(fine, (coarse.shape[1], coarse.shape[0]), interpolation=cv2.INTER_AREA)
    fine, coarse = _inner_blocks(fine), _inner_blocks(coarse)
    quiet = np.percentile(coarse, QUIET_PERCENTILE)
    fine = (fine - np.percentile(fine, QUIET_PERCENTILE)).mean(axis=(1, 3))
    coarse = (coarse - quiet).mean(axis=(1, 3))
    if (coarse > max(EDGES_AT_LEAST, EDGES_OF_QUIET * quiet)).sum() < BLOCKS_WITH_EDGES:
        return None
    weight = np.minimum(1.0, np.percentile(coarse, GLARING_PERCENTILE) / np.maximum(coarse, 1e-6))
    squared = float((fine * weight).sum()) / float((coarse * weight).sum())
    return math.sqrt(max(0.0, squared))


def _inner_blocks(slopes: Any) -> Any:
    high, wide = slopes.shape[0] // ROWS, slopes.shape[1] // COLUMNS
    return slopes.reshape(ROWS, high, COLUMNS, wide)[RIM_ROWS : ROWS - RIM_ROWS]


def _slopes(picture: Any) -> Any:
    across = cv2.Sobel(picture, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    down = cv2.Sobel(picture, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    return cv2.magnitude(across, down)


def _change(one: Grey, other: Grey) -> float:
    """Give how much the stillest three quarters of blocks differ: the clock is not in them."""
    difference = cv2.absdiff(one, other).astype(np.float32)
    blocks = difference.reshape(ROWS, HEIGHT // ROWS, COLUMNS, WIDTH // COLUMNS).mean(axis=(1, 3))
    return float(np.quantile(blocks, STILL_SHARE))


def still_below(reference: Reference) -> float:
    """Give the change below which this camera's picture stands still."""
    if reference.noise is None:
        return STILL_AT_LEAST * 5
    return min(STILL_AT_MOST, max(STILL_AT_LEAST, STILL_OF_OWN_NOISE * reference.noise))


def bucket_of(hour: int) -> int:
    return hour // BUCKET_HOURS % BUCKETS


def judge(seen: Measures, reference: Reference, hour: int) -> Verdict:
    """Say what this look alone says; how many it takes is for cctv.health_steps. Pure."""
    usual = _usual_at(reference, hour)
    if _is_dark(seen, usual):
        return Verdict.DARK
    if _is_covered(seen, usual):
        return Verdict.COVERED
    if _is_frozen(seen, reference):
        return Verdict.FROZEN
    if _is_blurred(seen, reference, hour):
        return Verdict.BLURRED
    return Verdict.GOOD


def _usual_at(reference: Reference, hour: int) -> Usual:
    """Give what is usual now: of these hours, else of the nearest ones that are known."""
    here = bucket_of(hour)
    for step in range(BUCKETS // 2 + 1):
        for bucket in (here - step, here + step):
            usual = reference.usual[bucket % BUCKETS]
            if usual.is_known:
                return usual
    return Usual()


def _is_dark(seen: Measures, usual: Usual) -> bool:
    if seen.bright > DARK_BRIGHT_AT_MOST:
        return False
    return not usual.is_known or seen.bright < DARK_OF_OWN_BRIGHT * usual.bright


def _is_covered(seen: Measures, usual: Usual) -> bool:
    if not usual.is_known:
        return seen.texture <= COVERED_IF_UNKNOWN
    if seen.sharpness is not None:
        return False
    return seen.texture < min(COVERED_TEXTURE_AT_MOST, COVERED_OF_OWN_TEXTURE * usual.texture)


def _is_frozen(seen: Measures, reference: Reference) -> bool:
    if seen.change is None or seen.moved is None:
        return False
    return seen.change < still_below(reference) and seen.moved < WAVERS_AT_MOST


def _is_blurred(seen: Measures, reference: Reference, hour: int) -> bool:
    sharp = _least_sharp(reference, hour)
    if sharp is None:
        return False
    # Defocus so strong that no coarse edge is left: there were edges, now there is none.
    if seen.sharpness is None:
        return seen.texture < BLURRED_OF_OWN_TEXTURE * _usual_at(reference, hour).texture
    return seen.sharpness < BLURRED_OF_OWN_SHARPNESS * sharp


def _least_sharp(reference: Reference, hour: int) -> float | None:
    """Give the sharpness that is usual at this hour, of two beside a border the lower one.

    Day and night part on no border: at dusk and dawn a picture may look as those next to it do.
    """
    beside = (hour + hour % BUCKET_HOURS - 1) % 24
    usual = [_usual_at(reference, one) for one in (hour, beside)]
    known = [one.sharpness for one in usual if one.is_known and one.sharpness]
    return min(known, default=None)


def learn(seen: Measures, reference: Reference, hour: int) -> Reference:
    """Take a good look into what is usual; only of a camera that is believed to be well."""
    here = bucket_of(hour)
    old = reference.usual[here]
    share = max(FOLLOWS, 1 / (old.looks + 1))
    new = Usual(
        bright=old.bright + share * (seen.bright - old.bright),
        texture=old.texture + share * (seen.texture - old.texture),
        sharpness=_towards(old.sharpness, seen.sharpness, share),
        looks=min(old.looks + 1, 1000),
    )
    usual = (*reference.usual[:here], new, *reference.usual[here + 1 :])
    return Reference(usual, _quietest(reference.noise, seen.change))


def _towards(old: float, seen: float | None, share: float) -> float:
    if seen is None:
        return old
    return seen if not old else old + share * (seen - old)


def _quietest(old: float | None, change: float | None) -> float | None:
    if change is None:
        return old
    if old is None or change < old:
        return change
    return old + NOISE_RISES * (change - old)
