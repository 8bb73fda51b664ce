"""When an undelivered message is tried again, and when it is given up: a table with no Django.

Source: reliability_and_console.md A2.8.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST_GAPS_S = (1, 2, 5, 10, 30)
GAP_IN_FIRST_HOUR_S = 60
LATER_GAP_S = 600
FIRST_HOUR = timedelta(hours=1)
LIFE = timedelta(hours=72)
# A test that nobody takes has told its news by then.
TEST_LIFE = timedelta(hours=1)


@dataclass(frozen=True)
class Policy:
    """A link's own limits of the table above."""

    longest_gap_s: int = LATER_GAP_S
    life: timedelta = LIFE


USUAL = Policy()


def gap_s(*, attempts: int, age: timedelta) -> int:
    """Give the seconds to wait after this many attempts on a message of this age."""
    if attempts <= len(FIRST_GAPS_S):
        return FIRST_GAPS_S[max(attempts, 1) - 1]
    return GAP_IN_FIRST_HOUR_S if age < FIRST_HOUR else LATER_GAP_S


def next_try(
    *, now: datetime, offered_at: datetime, attempts: int, policy: Policy = USUAL
) -> datetime | None:
    """Give the time of the next try, or None when the message's life is over."""
    if now - offered_at >= policy.life:
        return None
    wait_s = min(gap_s(attempts=attempts, age=now - offered_at), policy.longest_gap_s)
    return now + timedelta(seconds=wait_s)
