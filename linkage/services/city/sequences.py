"""Which message of a city system does what in which state of its case: one table, no Django.

Nothing is refused for its state: what comes before its report waits for it.
"""

from collections.abc import Mapping
from enum import StrEnum


class CaseState(StrEnum):
    UNKNOWN = "unknown"  # no report of this number has come
    OPEN = "open"
    ENDED = "ended"  # closed, false or handed over
    CANCELLED = "cancelled"  # taken back, or over before anyone owned it


class Word(StrEnum):
    APPLIED = "applied"
    FILED = "filed"


def _row(*words: Word) -> dict[CaseState, Word]:
    return dict(zip(CaseState, words, strict=True))


_YES, _LATER = Word.APPLIED, Word.FILED
SEQUENCES: Mapping[str, Mapping[CaseState, Word]] = {
    # After the end it is kept on the timeline; after a cancellation it rings again.
    "EVENT_NOTIFY": _row(_YES, _YES, _YES, _YES),
    "STATUS_UPDATE": _row(_LATER, _YES, _YES, _YES),
    "CANCEL": _row(_LATER, _YES, _YES, _YES),
    "CLOSE": _row(_LATER, _YES, _YES, _YES),
    # It answers our CLOSE; while the incident is open there is none to answer.
    "CLOSE_ACK": _row(_LATER, _LATER, _YES, _YES),
}
