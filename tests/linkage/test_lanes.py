"""Long queues and slow agencies never take the last thread."""

import threading

from linkage import lanes as module
from linkage.lanes import Lanes


def test_a_full_lane_lets_nobody_in_and_says_whom_to_ring_for_when_a_place_is_free():
    lanes = Lanes({"long": 1})
    assert lanes.enter("long", 1, 3)
    assert not lanes.enter("long", 2, 6)
    assert not lanes.enter("long", 3, 3)
    assert lanes.leave("long") == (3, 3)
    assert lanes.leave("long") == (2, 6)
    assert lanes.leave("long") is None


def test_a_link_that_waits_is_rung_for_once_by_its_best_reason():
    lanes = Lanes({"long": 1})
    lanes.enter("long", 1, 3)
    for priority in (6, 3, 6):
        assert not lanes.enter("long", 2, priority)
    assert lanes.leave("long") == (2, 3)
    assert lanes.enter("long", 2, 3)
    assert lanes.leave("long") is None


def test_an_agency_is_slow_by_its_last_answer():
    lanes = Lanes({})
    lanes.answered_in(1, 5.0)
    assert lanes.is_slow(1)
    assert not lanes.is_slow(2)
    lanes.answered_in(1, 0.1)
    assert not lanes.is_slow(1)


def test_long_queues_give_way_to_who_hurries_and_not_for_ever(monkeypatch):
    monkeypatch.setattr(module, "GIVE_WAY_S", 60)
    lanes = Lanes({})
    lanes.give_way(urgent=False)
    passed = threading.Event()

    def go() -> None:
        lanes.give_way(urgent=False)
        passed.set()

    with lanes.hurrying():
        lanes.give_way(urgent=True)
        waiting = threading.Thread(target=go)
        waiting.start()
        assert not passed.is_set()
    waiting.join(60)
    assert passed.is_set()
    monkeypatch.setattr(module, "GIVE_WAY_S", 0.01)
    with lanes.hurrying():
        lanes.give_way(urgent=False)
