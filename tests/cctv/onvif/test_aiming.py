"""Where a camera must turn: two sightings tell how its numbers lie in the world."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctv.onvif.aiming import (
    Limits,
    Mount,
    Range,
    Sighting,
    Unclear,
    aim_at,
    bearing_of,
    calibrate,
    distance_m,
)


@given(
    zero=st.floats(0, 359.9),
    scale=st.sampled_from([180.0, -180.0, 175.0, -177.5]),
    first=st.floats(-1, 1),
    second=st.floats(-1, 1),
)
def test_two_sightings_bring_back_the_mount(zero, scale, first, second):
    if not 0.05 < abs(first - second) < 0.9:
        return
    truth = Mount(zero, scale)
    seen = [Sighting(pan, (zero + scale * pan) % 360) for pan in (first, second)]
    found_zero, found_scale = calibrate(*seen)
    # Which way it turns cannot be told from two sightings half a turn apart.
    if abs(abs(first - second) * abs(scale) - 180) < 40:
        return
    assert abs(found_scale) == pytest.approx(abs(scale), abs=6)
    if found_scale * scale > 0:
        found = Mount(found_zero, found_scale)
        assert abs((bearing_of(0.3, found) - bearing_of(0.3, truth) + 180) % 360 - 180) < 6


def test_sightings_too_near_or_absurd_are_refused():
    with pytest.raises(Unclear):
        calibrate(Sighting(0.1, 10), Sighting(0.12, 14))
    with pytest.raises(Unclear):
        calibrate(Sighting(0, 0), Sighting(0.1, 100))


@given(bearing=st.floats(0, 359.9), zero=st.floats(0, 359.9), scale=st.sampled_from([180, -180]))
def test_every_bearing_is_reached_by_a_camera_that_turns_once_around(bearing, zero, scale):
    mount = Mount(zero, scale)
    aim = aim_at(bearing_deg=bearing, distance_m=80, scene_m=30, mount=mount, limits=Limits())
    assert -1 <= aim.pan <= 1
    assert abs((bearing_of(aim.pan, mount) - bearing + 180) % 360 - 180) < 0.2


def test_what_lies_beyond_the_stop_is_refused_and_not_missed():
    limits = Limits(pan=Range(-0.5, 0.5))
    mount = Mount(zero_deg=0)
    assert aim_at(bearing_deg=180, distance_m=50, scene_m=30, mount=mount, limits=limits) is None


def test_farther_means_flatter_and_closer_up():
    near, far = (
        aim_at(bearing_deg=0, distance_m=away, scene_m=30, mount=Mount(0), limits=Limits())
        for away in (20, 300)
    )
    assert near.tilt < far.tilt < 0
    assert near.zoom < far.zoom <= 1


def test_distance_is_what_maps_say():
    assert distance_m(127.4, 36.4, 127.4, 36.401) == pytest.approx(111, abs=1)
