"""The gaps between tries, as A2.8 states them."""

from datetime import UTC, datetime, timedelta

from linkage.retries import LIFE, next_try

START = datetime(2026, 11, 22, 9, tzinfo=UTC)


def gap(attempts: int, age: timedelta) -> float:
    following = next_try(now=START + age, offered_at=START, attempts=attempts)
    return (following - START - age).total_seconds()


def test_the_first_gaps_are_short():
    assert [gap(n, timedelta(0)) for n in range(1, 6)] == [1, 2, 5, 10, 30]


def test_then_every_minute_for_an_hour_and_every_ten_after():
    assert gap(6, timedelta(minutes=59)) == 60
    assert gap(70, timedelta(hours=2)) == 600


def test_a_message_lives_72_hours():
    assert next_try(now=START + LIFE, offered_at=START, attempts=400) is None
