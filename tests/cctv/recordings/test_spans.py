"""What of a period is there, and what is not."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cctv.recordings.spans import gaps, joined

NOON = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def spans(*pairs):
    return [(at(began), at(ended)) for began, ended in pairs]


def test_what_touches_is_one_and_a_clock_set_back_overlaps():
    assert joined(spans((0, 10), (10.4, 20), (5, 12), (30, 40))) == spans((0, 20), (30, 40))


def test_gaps_lie_within_the_period():
    assert gaps(spans((-5, 3), (10, 12), (19, 30)), since=at(0), until=at(20)) == spans(
        (3, 10), (12, 19)
    )
    assert gaps([], since=at(0), until=at(20)) == spans((0, 20))
    assert gaps(spans((30, 40)), since=at(0), until=at(20)) == spans((0, 20))


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 15)), max_size=12))
def test_every_moment_is_there_or_missing(pairs):
    # Even seconds: no gap is shorter than two.
    there = spans(*((2 * began, 2 * (began + lasted)) for began, lasted in pairs))
    missing = gaps(there, since=at(0), until=at(100))
    for moment in (at(number + 0.5) for number in range(100)):
        covered = any(began <= moment < ended for began, ended in there)
        said = any(began <= moment < ended for began, ended in missing)
        assert said is not covered
