"""Walk along one chain and say what is wrong with it: arithmetic without Django."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from controlroom.audit.digests import GENESIS, digest

# Where the texts of digests.COLUMNS say the number, the record and its municipality.
NUMBER, RECORD, MUNICIPALITY = 1, 3, 4


class Fault(StrEnum):
    ALTERED = "altered"  # a record is not what was sealed
    RECORD_GONE = "record_gone"  # a link without its record
    MISSING = "missing"  # links of these numbers are gone
    TWICE = "twice"  # a second link of a number
    BROKEN = "broken"  # a link does not follow from the one before
    MISPLACED = "misplaced"  # a record of another municipality
    UNCHAINED = "unchained"  # a record without a link
    REWRITTEN = "rewritten"  # another link stood here when it was exported
    CUT = "cut"  # the chain was longer when it was exported
    ANCHOR_FORGED = "anchor_forged"  # an anchor that no known key signed


# Only anchors can show these; without them they stay.
BY_ANCHORS = frozenset({Fault.REWRITTEN, Fault.CUT, Fault.ANCHOR_FORGED})


@dataclass(frozen=True)
class Finding:
    """What is wrong, at which numbers of which chain or with which record."""

    fault: Fault
    chain: int | None = None
    first: int = 0
    last: int = 0
    record: str = ""


@dataclass(frozen=True)
class Step:
    """One link as it stands, beside the texts of it and its record."""

    previous: bytes
    hash: bytes
    texts: Sequence[str | None]


@dataclass
class Walk:
    """How far a chain was walked: its last number and hash."""

    chain: int
    number: int = 0
    hash: bytes = GENESIS
    links: int = 0

    def over(
        self, steps: Iterable[Step], anchors: Iterable[tuple[int, bytes]] = ()
    ) -> Iterator[Finding]:
        """Compare every link with its record, the one before, and what was exported of it.

        Steps and anchors come by rising numbers.
        """
        anchored = iter(anchors)
        anchor = next(anchored, None)
        for step in steps:
            number = int(step.texts[NUMBER] or 0)
            yield from self._compare(step, number)
            while anchor is not None and anchor[0] <= number:
                if anchor[0] == number and anchor[1] != step.hash:
                    yield self._found(Fault.REWRITTEN, number)
                anchor = next(anchored, None)
            self.number, self.hash, self.links = number, step.hash, self.links + 1
        longest = 0
        while anchor is not None:
            longest, anchor = max(longest, anchor[0]), next(anchored, None)
        if longest > self.number:
            yield self._found(Fault.CUT, self.number + 1, longest)

    def _compare(self, step: Step, number: int) -> Iterator[Finding]:
        if number > self.number + 1:
            yield self._found(Fault.MISSING, self.number + 1, number - 1)
        elif number <= self.number:
            yield self._found(Fault.TWICE, number)
        elif step.previous != self.hash:
            yield self._found(Fault.BROKEN, number)
        record = step.texts[RECORD]
        if record is None:
            yield self._found(Fault.RECORD_GONE, number)
            return
        if digest(step.previous, step.texts) != step.hash:
            yield self._found(Fault.ALTERED, number, record=record)
        if (step.texts[MUNICIPALITY] or "0") != step.texts[0]:
            yield self._found(Fault.MISPLACED, number, record=record)

    def _found(self, fault: Fault, first: int, last: int = 0, record: str = "") -> Finding:
        return Finding(fault, self.chain, first, last or first, record)
