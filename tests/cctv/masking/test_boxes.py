"""From single finds to what is covered: nothing between two finds is left open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctv.masking.boxes import HOLE_S, Area, Find, Tracker, is_plate

STEP_S = 0.25


def find(at_s, x=0.4, y=0.4, side=0.1, kind="face", score=0.9):
    return Find(at_s, Area(x, y, side, side), kind, score)


def boxes_of(*looks, step_s=STEP_S):
    """Feed the finds of pictures that are a step apart."""
    tracker = Tracker(step_s=step_s, aspect=16 / 9)
    boxes = []
    for number, finds in enumerate(looks):
        boxes += tracker.take(number * step_s, finds)
    return boxes + tracker.end()


def covered(boxes, at_s, area, kind="face"):
    return any(
        box.at_s <= at_s <= box.until_s
        and box.kind == kind
        and box.x <= area.x + 1e-9
        and box.y <= area.y + 1e-9
        and box.x + box.width >= area.x + area.width - 1e-9
        and box.y + box.height >= area.y + area.height - 1e-9
        for box in boxes
    )


@given(
    start=st.tuples(st.floats(0, 0.5), st.floats(0, 0.5)),
    speed=st.tuples(st.floats(-0.02, 0.04), st.floats(-0.02, 0.04)),
    looks=st.integers(1, 12),
    blind=st.sets(st.integers(1, 10), max_size=3),
    between=st.floats(0, 1),
)
def test_a_moving_thing_is_covered_at_all_times_between_its_finds(
    start, speed, looks, blind, between
):
    def place(step):
        x, y = (min(max(at + by * step, 0), 0.9) for at, by in zip(start, speed, strict=True))
        return Area(x, y, 0.1, 0.1)

    seen = [number for number in range(looks) if number not in blind]
    boxes = boxes_of(
        *(
            [Find(number * STEP_S, place(number), "face", 0.9)] if number in seen else []
            for number in range(looks)
        )
    )
    for one, two in zip(seen, seen[1:], strict=False):
        step = one + (two - one) * between
        assert covered(boxes, step * STEP_S, place(one))
        assert covered(boxes, step * STEP_S, place(two))
        if speed[0] >= 0 and speed[1] >= 0 and two - one == 1:
            assert covered(boxes, step * STEP_S, place(step))


def test_it_begins_a_step_before_and_ends_a_step_after():
    boxes = boxes_of([], [], [find(0.5)], [])
    assert min(box.at_s for box in boxes) == 0.25
    assert max(box.until_s for box in boxes) == 0.75


def test_what_stands_still_is_one_box():
    boxes = boxes_of(*([find(number * STEP_S)] for number in range(8)))
    assert len(boxes) == 1
    assert boxes[0].until_s == 8 * STEP_S


def test_a_short_loss_is_covered_and_a_long_one_is_not():
    short = boxes_of([find(0)], [], [], [find(0.75)])
    assert covered(short, 0.4, Area(0.4, 0.4, 0.1, 0.1))
    steps = int(HOLE_S / STEP_S) + 2
    looks = [[find(0)], *([] for _ in range(steps)), [find((steps + 1) * STEP_S)]]
    assert not covered(boxes_of(*looks), 0.8, Area(0.4, 0.4, 0.1, 0.1))


def test_two_things_are_two_tracks_and_kinds_do_not_mix():
    boxes = boxes_of(
        [find(0), find(0, x=0.8), find(0, kind="plate")],
        [find(0.25), find(0.25, x=0.8), find(0.25, kind="plate")],
    )
    assert sorted(box.kind for box in boxes) == ["face", "face", "plate"]


def test_a_box_never_leaves_the_picture():
    for x, y in ((0.0, 0.0), (0.9, 0.9)):
        for box in boxes_of([find(0, x=x, y=y)]):
            assert box.x >= 0
            assert box.y >= 0
            assert box.x + box.width <= 1 + 1e-9
            assert box.y + box.height <= 1 + 1e-9


@pytest.mark.parametrize(
    ("width", "height", "is_one"),
    [
        (104, 22, True),  # 520 x 110
        (67, 31, True),  # 335 x 155
        (40, 22, True),  # a long plate, far aside
        (300, 20, False),  # a line of writing
        (20, 60, False),  # a pillar
        (600, 200, False),  # as high as a lorry
    ],
)
def test_what_may_be_a_plate(width, height, is_one):
    assert is_plate(width, height, picture_height_px=720) is is_one
