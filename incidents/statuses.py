"""The life of an incident as a table, with no Django (domain.md 2.2)."""

from collections.abc import Mapping
from enum import StrEnum


class Status(StrEnum):
    RECEIVED = "received"  # nobody has looked yet
    ACKNOWLEDGED = "acknowledged"  # somebody has seen it (TRIAGED)
    ACCEPTED = "accepted"  # somebody owns it
    RESPONDING = "responding"  # an agency is on its way or there
    CLOSED = "closed"
    CANCELLED = "cancelled"  # by the reporting agency
    FALSE_ALARM = "false_alarm"
    TRANSFERRED = "transferred"  # to another municipality or agency
    DUPLICATE = "duplicate"  # linked to another incident, kept


OPEN = frozenset({Status.RECEIVED, Status.ACKNOWLEDGED, Status.ACCEPTED, Status.RESPONDING})
ENDED = frozenset(Status) - OPEN


class Verb(StrEnum):
    """What can be done to an incident; the value is the last part of its address and its fact."""

    ACKNOWLEDGE = "acknowledge"
    CLAIM = "claim"
    RELEASE = "release"
    OFFER = "offer"
    ACCEPT_OFFER = "accept-offer"
    DECLINE_OFFER = "decline-offer"
    TAKE_OVER = "take-over"
    NOTE = "note"
    RESPOND = "respond"
    MOVE = "move"
    CLOSE = "close"
    FALSE_ALARM = "false-alarm"
    CANCEL = "cancel"
    TRANSFER = "transfer"
    REOPEN = "reopen"
    MARK_DUPLICATE = "mark-duplicate"
    # Only the reporting agency does these, by a newer report.
    UPDATE = "update"
    REVIVE = "revive"


AGENCY_ONLY = frozenset({Verb.UPDATE, Verb.REVIVE})

_R, _A, _O, _G = Status.RECEIVED, Status.ACKNOWLEDGED, Status.ACCEPTED, Status.RESPONDING
_STAY_OPEN = {status: status for status in OPEN}
_STAY_WORKED = {_O: _O, _G: _G}


def _end_as(target: Status) -> dict[Status, Status]:
    return dict.fromkeys((_A, _O, _G), target)


# From where a verb may be done, and where it leads. Seen (acknowledged) is not owned (accepted),
# and neither is solved: each has its own verb.
TRANSITIONS: Mapping[Verb, Mapping[Status, Status]] = {
    Verb.ACKNOWLEDGE: {_R: _A},
    # An incident whose owner let go while an agency is on the scene stays RESPONDING.
    Verb.CLAIM: {_A: _O, _G: _G},
    Verb.RELEASE: {_O: _A, _G: _G},
    Verb.OFFER: _STAY_WORKED,
    Verb.ACCEPT_OFFER: _STAY_WORKED,
    Verb.DECLINE_OFFER: _STAY_WORKED,
    Verb.TAKE_OVER: {_A: _O, **_STAY_WORKED},
    Verb.NOTE: {status: status for status in Status},
    Verb.RESPOND: {_O: _G},
    Verb.MOVE: _STAY_OPEN,
    Verb.CLOSE: {_O: Status.CLOSED, _G: Status.CLOSED},
    # Verify first: what nobody has looked at is never dropped as false (domain.md 8).
    Verb.FALSE_ALARM: _end_as(Status.FALSE_ALARM),
    Verb.CANCEL: dict.fromkeys(OPEN, Status.CANCELLED),
    Verb.TRANSFER: _end_as(Status.TRANSFERRED),
    Verb.MARK_DUPLICATE: _end_as(Status.DUPLICATE),
    Verb.REOPEN: dict.fromkeys(ENDED, _A),
    Verb.UPDATE: {status: status for status in Status},
    # The agency takes its cancel back: it rings again, as new.
    Verb.REVIVE: {Status.CANCELLED: _R},
}

# Who does one of these to a RECEIVED incident has seen it: the acknowledgement is recorded first,
# as a fact of its own.
IMPLY_ACKNOWLEDGE = frozenset({Verb.CLAIM, Verb.TAKE_OVER, Verb.TRANSFER, Verb.MARK_DUPLICATE})

# While somebody owns the incident, only the owner or a supervisor does these.
OWNERS_OWN = frozenset(
    {
        Verb.RELEASE,
        Verb.OFFER,
        Verb.RESPOND,
        Verb.CLOSE,
        Verb.FALSE_ALARM,
        Verb.CANCEL,
        Verb.TRANSFER,
        Verb.MARK_DUPLICATE,
    }
)


def target(verb: Verb, status: Status) -> Status | None:
    """Say where the verb leads from this status, or None when it is forbidden there."""
    return TRANSITIONS[verb].get(status)


def must_acknowledge_first(verb: Verb, status: Status) -> bool:
    return status is Status.RECEIVED and verb in IMPLY_ACKNOWLEDGE


def allowed_from(status: Status) -> frozenset[Verb]:
    """Give the verbs that the status admits, counting an implied acknowledgement."""
    return frozenset(
        verb
        for verb in Verb
        if target(verb, status) is not None or must_acknowledge_first(verb, status)
    )
