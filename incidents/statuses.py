"""The life of an incident as a table, with no Django (domain.md 2.2)."""

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
