"""Cameras inside a drawn shape and along a line."""

import pytest

from cctv import areas
from cctv.choices import Health
from cctv.errors import AreaInvalid
from tests.cctv.builders import away, make_camera

pytestmark = pytest.mark.django_db


def ids(choice):
    return [pick.judged.candidate.id for pick in choice.picks]


def at(*metres):
    place = away(*metres)
    return (place.x, place.y)


def test_a_circle_holds_the_cameras_within_it_nearest_first(city, other_city):
    near, far = make_camera(city, north_m=50), make_camera(city, east_m=190)
    make_camera(city, east_m=210)
    make_camera(other_city, north_m=10)
    choice = areas.in_circle(municipality=city, centre=away(), radius_m=200.0, service="city")
    assert ids(choice) == [near.pk, far.pk]
    assert "in_area" in [reason["code"] for reason in choice.picks[0].reasons]


def test_a_polygon_holds_the_cameras_inside_it_and_says_which_cannot_serve(city):
    inside = make_camera(city, north_m=50, east_m=50)
    dead = make_camera(city, north_m=60, east_m=60, health=Health.OFFLINE)
    make_camera(city, north_m=-50)
    square = [at(0, 0), at(0, 100), at(100, 100), at(100, 0)]
    choice = areas.in_polygon(municipality=city, coordinates=square, service="city")
    assert ids(choice) == [inside.pk]
    assert [skip.judged.candidate.id for skip in choice.skipped] == [dead.pk]


def test_a_line_gives_cameras_in_the_order_one_passes_them(city):
    third = make_camera(city, east_m=900, north_m=5)
    first = make_camera(city, east_m=10, north_m=40)
    second = make_camera(city, east_m=500, north_m=-30)
    make_camera(city, east_m=500, north_m=80)
    line = [at(0, 0), at(0, 1000)]
    choice = areas.along_line(municipality=city, coordinates=line, buffer_m=50.0, service="city")
    assert ids(choice) == [first.pk, second.pk, third.pk]
    back = areas.along_line(
        municipality=city, coordinates=line[::-1], buffer_m=50.0, service="city"
    )
    assert ids(back) == [third.pk, second.pk, first.pk]


def test_a_camera_looks_at_the_nearest_point_of_a_line(city):
    make_camera(city, east_m=500, north_m=-30, bearing_deg=0, field_of_view_deg=60)
    choice = areas.along_line(
        municipality=city, coordinates=[at(0, 0), at(0, 1000)], buffer_m=50.0, service="city"
    )
    assert choice.picks[0].judged.in_view is True
    assert choice.picks[0].judged.candidate.distance_m == pytest.approx(30, abs=0.5)


def test_too_many_sites_are_cut_and_said(city, monkeypatch):
    monkeypatch.setattr(areas, "SITES_AT_MOST", 2)
    near = [make_camera(city, north_m=m) for m in (10, 20, 30)]
    choice = areas.in_circle(municipality=city, centre=away(), radius_m=200.0, service="city")
    assert ids(choice) == [near[0].pk, near[1].pk]
    assert choice.is_truncated
    assert choice.as_json()["truncated"] is True


@pytest.mark.parametrize(
    ("shape", "field"),
    [
        ([(127, 36), (127.1, 36)], "coordinates"),
        ([(127, 36), (127.1, 36), (127, 36)], "coordinates"),
        ([(127, 36), (127.1, 36.1), (127.1, 36), (127, 36.1)], "coordinates"),
        ([(127, 36), (127.1, 36), (127.1, float("nan"))], "coordinates"),
        ([(127, 36), (129.1, 36), (128, 37)], "coordinates"),
        ([(127 + n / 1000, 36) for n in range(600)], "coordinates"),
    ],
)
def test_a_polygon_that_cannot_be_searched_is_refused_with_its_field(city, shape, field):
    with pytest.raises(AreaInvalid) as refused:
        areas.in_polygon(municipality=city, coordinates=shape, service="city")
    assert field in refused.value.fields


@pytest.mark.parametrize("radius_m", [0.0, -5.0, 10_001.0, float("nan"), float("inf")])
def test_a_circle_needs_a_sensible_radius(city, radius_m):
    with pytest.raises(AreaInvalid) as refused:
        areas.in_circle(municipality=city, centre=away(), radius_m=radius_m, service="city")
    assert "radius_m" in refused.value.fields


def test_a_line_needs_two_places_and_a_sensible_buffer(city):
    with pytest.raises(AreaInvalid):
        areas.along_line(
            municipality=city, coordinates=[at(0, 0), at(0, 0)], buffer_m=50.0, service="city"
        )
    with pytest.raises(AreaInvalid) as refused:
        areas.along_line(
            municipality=city, coordinates=[at(0, 0), at(0, 10)], buffer_m=5000.0, service="city"
        )
    assert "buffer_m" in refused.value.fields
