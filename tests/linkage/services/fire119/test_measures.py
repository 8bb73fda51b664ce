"""The 7-minute measure is derived from the stamps, in both ways of counting."""

from datetime import UTC, datetime, timedelta

import pytest

from linkage.services.fire119.measures import Stamp, measure

START = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


def stamp(step: str, minutes: float, unit: str = "") -> Stamp:
    return Stamp(step, START + timedelta(minutes=minutes), unit)


def test_both_ways_of_counting_stand_beside_each_other():
    found = measure(
        [
            stamp("received", 0),
            stamp("ordered", 1.5, "펌프1"),
            stamp("ordered", 2, "구급1"),
            stamp("arrived", 8, "구급1"),
            stamp("arrived", 6.5, "펌프1"),
        ]
    )
    assert found.first_arrival_at == START + timedelta(minutes=6.5)
    assert found.received_to_arrival_s == 390
    assert found.ordered_to_arrival_s == 300
    assert found.within_target is True


@pytest.mark.parametrize(("minutes", "within"), [(7, True), (7.01, False)])
def test_seven_minutes_to_the_second(minutes, within):
    found = measure([stamp("received", 0), stamp("arrived", minutes)])
    assert found.within_target is within


@pytest.mark.parametrize("missing", ["received", "arrived"])
def test_a_missing_stamp_is_unknown_and_not_a_failure(missing):
    stamps = [stamp("received", 0), stamp("ordered", 1), stamp("arrived", 5)]
    found = measure([one for one in stamps if one.step != missing])
    assert found.within_target is None
    assert found.received_to_arrival_s is None
    assert (found.ordered_to_arrival_s is None) == (missing == "arrived")


def test_stamps_that_contradict_each_other_give_no_measure():
    found = measure([stamp("received", 0), stamp("ordered", 3), stamp("arrived", 2)])
    assert found.is_contradictory
    assert found.within_target is None
    assert found.ordered_to_arrival_s is None
