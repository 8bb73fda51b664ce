"""How many looks a state takes, when a camera's turn comes, and what probing may cost."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from cctv.health_steps import STEPS, Memory, detected_within_s, step
from cctv.probe_turns import Purse, next_turn, phase_s

T = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)


def after(looks, state="online"):
    memory = Memory(state, T)
    for second, seen in looks:
        memory = step(memory, seen, T + timedelta(seconds=second))
    return memory


@pytest.mark.parametrize("state", sorted(set(STEPS) - {"online", "unknown"}))
def test_a_state_takes_its_looks_and_its_seconds_in_a_row(state):
    needed = STEPS[state]
    every = max(1.0, needed.seconds / max(1, needed.looks - 1))
    looks = [(10 + every * number, state) for number in range(needed.looks)]
    assert after(looks[:-1]).state == "online"
    believed = after(looks)
    assert believed.state == state
    assert believed.since == T + timedelta(seconds=10), "it began with the first of its looks"
    assert after([(10 + 0.1 * number, state) for number in range(needed.looks)]).state == "online"


def test_one_other_look_between_begins_the_count_anew():
    assert after([(1, "frozen"), (11, "online"), (21, "frozen")]).state == "online"
    assert after([(1, "frozen"), (11, "dark"), (21, "frozen")]).state == "online"
    assert after([(1, "frozen"), (11, "frozen")]).state == "frozen"


def test_it_takes_two_good_looks_to_clear_and_one_for_what_was_never_judged():
    assert after([(1, "online")], "covered").state == "covered"
    assert after([(1, "online"), (11, "online")], "covered").state == "online"
    assert after([(1, "online")], "unknown").state == "online"


def test_the_stated_times():
    assert detected_within_s("frozen", turn_s=300, is_watched=False) == 315
    assert detected_within_s("covered", turn_s=300, is_watched=False) == 330
    assert detected_within_s("covered", turn_s=300, is_watched=True) == 30


def test_turns_are_spread_evenly_and_stay_with_the_camera():
    phases = sorted(phase_s(number, 300) for number in range(1, 3001))
    gaps = [b - a for a, b in pairwise(phases)]
    assert max(gaps) < 1.0
    first = next_turn(17, T, 300)
    assert T < first <= T + timedelta(seconds=300)
    assert abs((next_turn(17, first, 300) - first).total_seconds() - 300) < 0.01


def test_the_purse_lets_no_more_be_spent_than_its_share():
    purse, spent = Purse(share=0.25, filled_at=0.0), 0.0
    for tenth in range(1000):
        purse.fill(tenth / 10)
        if purse.is_open:
            purse.spend(0.2)
            spent += 0.2
    assert spent <= 0.25 * 100 + purse.most + 0.2
    assert spent >= 0.25 * 95
