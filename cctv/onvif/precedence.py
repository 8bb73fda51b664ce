"""Who may take a camera's motors from whom: a table, no Django.

Source: domain.md 1 (PTZ is normally not handed to agencies, or only under a lock).
"""

from collections.abc import Collection
from enum import IntEnum, StrEnum

from controlroom.municipalities.roles import Right


class Rank(IntEnum):
    """By what right a hand is on the camera; a higher one takes over."""

    AGENCY = 1
    OPERATOR = 2
    SUPERVISOR = 3


class Outcome(StrEnum):
    TAKEN = "taken"
    RENEWED = "renewed"
    TAKEN_OVER = "taken_over"
    REFUSED = "refused"


def rank_of(rights: Collection[Right]) -> Rank | None:
    """Give the rank of a person with these rights; None: no hand on any camera."""
    if Right.PTZ_MOVE not in rights:
        return None
    return Rank.SUPERVISOR if Right.SUPERVISE in rights else Rank.OPERATOR


def decide(*, asks: Rank, holds: Rank | None, is_same: bool = False) -> Outcome:
    """Say what becomes of a wish for the lock; among equals the first keeps it."""
    if holds is None:
        return Outcome.TAKEN
    if is_same:
        return Outcome.RENEWED
    return Outcome.TAKEN_OVER if asks > holds else Outcome.REFUSED
