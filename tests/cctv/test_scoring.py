"""The scoring of cameras, without a database."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctv import reasons, scoring
from cctv.scoring import Candidate, Place, judge, rank, sees

TODAY = date(2026, 11, 22)
HERE = Place(127.4, 36.4)
M_PER_DEG = 111_195.0


def south_of_here(distance_m: float, **fields) -> Candidate:
    """A camera straight south of the place: it must look north (0°) to see it."""
    values = {"id": 1, "site_id": 1, "name": "c", "purpose": "생활방범", **fields}
    return Candidate(
        lon=HERE.lon, lat=HERE.lat - distance_m / M_PER_DEG, distance_m=distance_m, **values
    )


healths = st.sampled_from(["unknown", "online", "offline", "frozen"])
usable_healths = st.sampled_from(["unknown", "online"])
bearings = st.none() | st.floats(0, 360)
views = st.none() | st.floats(1, 360)
days = st.none() | st.dates(date(1995, 1, 1), TODAY)
cameras = st.builds(
    south_of_here,
    distance_m=st.floats(0, 2000),
    id=st.integers(1, 10**6),
    site_id=st.integers(1, 8),
    bearing_deg=bearings,
    field_of_view_deg=views,
    health=healths,
    installed=days,
    is_allowed=st.booleans(),
    is_connected=st.booleans(),
    views_open=st.integers(0, 9),
)
registers = st.lists(cameras, max_size=25, unique_by=lambda camera: camera.id)


@given(
    near_m=st.floats(0, 2000),
    farther_m=st.floats(0.1, 2000),
    error_m=st.floats(0, 500),
    bearing_deg=bearings,
    field_of_view_deg=views,
    health=usable_healths,
    installed=days,
    is_connected=st.booleans(),
    views_open=st.integers(0, 5),
)
def test_a_nearer_camera_that_is_the_same_in_everything_never_stands_lower(
    near_m, farther_m, error_m, **same
):
    place = HERE._replace(error_radius_m=error_m)
    near = judge(south_of_here(near_m, id=2, site_id=2, **same), place, TODAY)
    far = judge(south_of_here(near_m + farther_m, id=1, site_id=1, **same), place, TODAY)
    assert [one.candidate.id for one in rank([far, near], 2)] == [2, 1]


@given(registers, st.integers(0, 10))
def test_dead_or_disallowed_cameras_are_never_picked_and_everyone_else_is(register, limit):
    judged = [judge(camera, HERE, TODAY) for camera in register]
    picked = rank(judged, limit)
    assert all(
        one.candidate.health in {"online", "unknown"} and one.candidate.is_allowed for one in picked
    )
    usable = sum(not one.refused for one in judged)
    assert len(picked) == min(limit, usable)
    assert len({one.candidate.id for one in picked}) == len(picked)


@given(registers, st.integers(0, 10), st.randoms(use_true_random=False))
def test_the_same_question_has_the_same_answer_in_any_order(register, limit, shuffler):
    judged = [judge(camera, HERE, TODAY) for camera in register]
    shuffled = list(judged)
    shuffler.shuffle(shuffled)
    assert rank(judged, limit) == rank(shuffled, limit)


@given(registers, st.integers(0, 10))
def test_ranking_equals_looking_at_every_camera_each_time(register, limit):
    judged = [judge(camera, HERE, TODAY) for camera in register]
    expected, left = [], [one for one in judged if not one.refused]
    while left and len(expected) < limit:
        now = {
            one.candidate.id: one._replace(
                score=one.score
                + scoring.crowding(
                    one.candidate,
                    [p.candidate for p in expected if p.candidate.site_id == one.candidate.site_id],
                )
            )
            for one in left
        }
        best = min(now.values(), key=lambda o: (-o.score, o.candidate.distance_m, o.candidate.id))
        expected.append(best)
        left = [one for one in left if one.candidate.id != best.candidate.id]
    assert rank(judged, limit) == expected


@given(registers, st.integers(0, 10))
def test_every_camera_has_reasons_in_both_languages(register, limit):
    judged = [judge(camera, HERE, TODAY) for camera in register]
    picked = rank(judged, limit)
    for one in judged:
        for said in (reasons.of_pick(one, TODAY), *reasons.of_skips([one], picked, TODAY)):
            assert said
            assert all(r["code"] in reasons.WORDS and r["ko"] and r["en"] for r in said)
            assert not any("{" in r["ko"] + r["en"] for r in said)


@given(st.floats(0.5, 2000), st.floats(0, 360), st.floats(1, 359), st.floats(0, 400))
def test_the_error_circle_never_turns_a_no_into_a_yes(distance_m, bearing, view, error_m):
    camera = south_of_here(distance_m, bearing_deg=bearing, field_of_view_deg=view)
    exact = sees(camera, HERE)
    blurred = sees(camera, HERE._replace(error_radius_m=error_m))
    assert (blurred is True) == (exact is True)
    if exact is None:
        assert blurred is None


@pytest.mark.parametrize(
    ("bearing", "view", "expected"),
    [
        (0, 60, True),
        (359, 60, True),
        (29, 60, True),
        (90, 60, False),
        (180, 60, False),
        (180, 360, True),
        (None, 60, None),
        (None, None, None),
        (None, 360, True),
        (40, None, True),
        (80, None, None),
        (180, None, False),
    ],
)
def test_a_camera_200_m_south_sees_the_place_when_it_looks_north(bearing, view, expected):
    assert sees(south_of_here(200, bearing_deg=bearing, field_of_view_deg=view), HERE) is expected


def test_looking_away_is_forgiven_within_the_error_circle():
    camera = south_of_here(100, bearing_deg=180, field_of_view_deg=60)
    assert sees(camera, HERE._replace(error_radius_m=150)) is None


def test_unknown_direction_neither_helps_nor_hurts():
    unknown = judge(south_of_here(100), HERE, TODAY).score
    sees_it = judge(south_of_here(100, bearing_deg=0, field_of_view_deg=60), HERE, TODAY).score
    away = judge(south_of_here(100, bearing_deg=180, field_of_view_deg=60), HERE, TODAY).score
    assert away < unknown < sees_it


@pytest.mark.parametrize(
    ("worse", "code"),
    [
        ({"health": "unknown"}, "health_unknown"),
        ({"installed": date(2012, 1, 1)}, "old"),
        ({"is_connected": False}, "not_connected"),
        ({"views_open": 2}, "in_use"),
        ({"bearing_deg": 180.0}, "looks_away"),
    ],
)
def test_what_counts_against_a_camera_lowers_it_and_is_said(worse, code):
    good = {"health": "online", "installed": date(2026, 1, 1)}
    plain = judge(south_of_here(100, **good), HERE, TODAY)
    lowered = judge(south_of_here(100, **{**good, **worse}), HERE, TODAY)
    assert lowered.score < plain.score
    assert code in [one["code"] for one in reasons.of_pick(lowered, TODAY)]


def test_five_cameras_of_one_pole_that_look_one_way_do_not_fill_the_five():
    pole = [south_of_here(30, id=n, site_id=1, bearing_deg=0.0, health="online") for n in range(5)]
    others = [
        south_of_here(120 + n, id=100 + n, site_id=100 + n, health="online") for n in range(4)
    ]
    judged = [judge(camera, HERE, TODAY) for camera in pole + others]
    picked = rank(judged, 5)
    assert len({one.candidate.site_id for one in picked}) == 5
    passed = next(o for o in judged if o.candidate.id not in {p.candidate.id for p in picked})
    assert reasons.of_skips([passed], picked, TODAY)[0][0]["code"] == "same_view"


def test_bearing_is_clockwise_from_north():
    assert scoring.bearing_deg(127, 36, 127, 37) == pytest.approx(0)
    assert scoring.bearing_deg(127, 36, 128, 36) == pytest.approx(90)
    assert scoring.bearing_deg(127, 36, 126, 36) == pytest.approx(270)
    assert scoring.angle_between_deg(350, 10) == pytest.approx(20)
