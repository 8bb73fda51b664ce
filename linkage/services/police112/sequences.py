"""Which message of the police 112 room does what in which state of its case: one table, no Django.

A message in the wrong state is filed, not refused, where it may still make sense; it is refused
where acting on it would be wrong for good (a position after the end, video of an ended case).
Source: domain.md 2.1 (message set), 3.1, 3.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class CaseState(StrEnum):
    UNKNOWN = "unknown"  # no report of this number has come
    OPEN = "open"
    ENDED = "ended"  # closed, false, handed over or linked to another
    CANCELLED = "cancelled"  # the room took it back


class Word(StrEnum):
    APPLIED = "applied"
    FILED = "filed"
    REFUSED = "refused"


@dataclass(frozen=True)
class Ruling:
    word: Word
    reason: str = ""


_YES = Ruling(Word.APPLIED)
_LATER = Ruling(Word.FILED)
_ENDED = Ruling(Word.REFUSED, "closed")
_TAKEN_BACK = Ruling(Word.REFUSED, "cancelled")


def _row(
    unknown: Ruling, opened: Ruling, ended: Ruling, cancelled: Ruling
) -> dict[CaseState, Ruling]:
    return dict(zip(CaseState, (unknown, opened, ended, cancelled), strict=True))


SEQUENCES: Mapping[str, Mapping[CaseState, Ruling]] = {
    # A newer report after the end is kept on the timeline; after a cancellation it rings again.
    "EVENT_NOTIFY": _row(_YES, _YES, _YES, _YES),
    "CANCEL": _row(_LATER, _YES, _YES, _YES),
    "STATUS_UPDATE": _row(_LATER, _YES, _YES, _YES),
    # Refused here means answered by STREAM_DENY with this rule.
    "STREAM_REQUEST": _row(_LATER, _YES, _ENDED, _TAKEN_BACK),
    # Nobody is followed after the end.
    "UNIT_POSITION": _row(_LATER, _YES, _ENDED, _TAKEN_BACK),
    # The room ends its own side; the incident stays the centre's to close.
    "CLOSE": _row(_LATER, _YES, _YES, _YES),
    # It answers our CLOSE; while the incident is open there is none to answer.
    "CLOSE_ACK": _row(_LATER, _LATER, _YES, _YES),
    # It brings the room's own number for a report of ours, which is news in every state.
    "ACK": _row(_YES, _YES, _YES, _YES),
    # Answered together, or handed on: a link between incidents, whatever became of this one.
    "CO_RESPONSE": _row(_LATER, _YES, _YES, _YES),
    "TRANSFER": _row(_LATER, _YES, _YES, _YES),
}


def ruling(message_type: str, state: CaseState) -> Ruling:
    return SEQUENCES[message_type][state]
