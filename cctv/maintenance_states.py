"""The life of a maintenance ticket as a table, and when a camera's state opens one: pure.

A repair is believed by a healthy look at the camera, not by a word: only the system verifies.
"""

from typing import NamedTuple

OPEN, ASSIGNED, REPAIRED = "open", "assigned", "repaired"
VERIFIED, CLOSED, REOPENED = "verified", "closed", "reopened"
STATES = (OPEN, ASSIGNED, REPAIRED, VERIFIED, CLOSED, REOPENED)
# Somebody still has to do something at the camera.
UNDONE = frozenset({OPEN, ASSIGNED, REOPENED})
STANDING = frozenset(STATES) - {CLOSED}

# verb: from which states, to which.
VERBS: dict[str, tuple[frozenset[str], str]] = {
    "assign": (UNDONE, ASSIGNED),
    "repair": (UNDONE, REPAIRED),
    "verify": (frozenset({REPAIRED}), VERIFIED),
    "close": (frozenset({VERIFIED}), CLOSED),
    # Not needed after all: the reason is asked for.
    "dismiss": (UNDONE | {REPAIRED}, CLOSED),
    "reopen": (frozenset({REPAIRED, VERIFIED, CLOSED}), REOPENED),
}
# What only the system does, by a healthy look at every camera of the ticket.
SYSTEM_VERBS = frozenset({"verify"})
# What a person says after having looked at the cameras.
REVIEWS = frozenset({"repair", "dismiss"})
NEEDS_WORDS = frozenset({"dismiss", "reopen"})


def target(state: str, verb: str) -> str | None:
    """Give the state that the verb leads to from here; None when it is not allowed."""
    allowed, to = VERBS[verb]
    return to if state in allowed else None


def verbs_from(state: str) -> list[str]:
    """Name what a person may do with a ticket in this state."""
    return [
        verb for verb, (allowed, _to) in VERBS.items()
        if state in allowed and verb not in SYSTEM_VERBS
    ]  # fmt: skip


class Rule(NamedTuple):
    """After how long a state opens a ticket by itself, and how urgent it is (1 is highest)."""

    after_min: int
    priority: int


# Where a city says nothing else (cctv.models_maintenance.TicketRule). Short faults mend themselves.
RULES: dict[str, Rule] = {
    "offline": Rule(60, 2),
    "frozen": Rule(60, 2),
    "covered": Rule(30, 1),
    "tampered": Rule(10, 1),
    "dark": Rule(720, 3),
    "blurred": Rule(1440, 3),
    "clock": Rule(1440, 4),
}
