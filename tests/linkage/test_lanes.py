"""Long queues and slow agencies never take the last thread."""

import re
import threading
from pathlib import Path

from controlroom.runtime.room import WORKER
from linkage import lanes as module
from linkage.lanes import PLACES, Lanes

UNIT = Path(__file__).parent.parent.parent / "deploy" / "controlroom-worker.service"


def test_a_worker_has_two_threads_more_than_all_lanes_together():
    threads = int(WORKER[WORKER.index("--concurrency") + 1])
    assert threads == sum(PLACES.values()) + 2
    assert re.search(rf"--concurrency {threads}\b", UNIT.read_text(encoding="utf-8"))


def test_a_source_that_we_ask_is_nobody_elses_link():
    lanes = Lanes({"asks": 1})
    with lanes.timed(("feed", 1)):
        pass
    lanes.answered_in(("feed", 1), 5.0)
    assert lanes.is_slow(("feed", 1))
    assert not lanes.is_slow(1)
    assert not lanes.is_slow(("cap", 1))


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
