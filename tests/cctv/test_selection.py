"""The choice of cameras against a real PostGIS."""

import random

import pytest
from django.contrib.gis.db.models.functions import Distance
from django.utils import timezone

from cctv import scoring, selection
from cctv.choices import EndReason, Health, Purpose, SourceKind
from cctv.models import Camera, CameraPolicy, ViewRecord
from cctv.policies import usual_purposes
from cctv.scoring import Candidate, Place
from cctv.selection import choose
from tests.cctv.builders import CENTRE, away, make_camera, make_site

pytestmark = pytest.mark.django_db


def ids(picks):
    return [pick.judged.candidate.id for pick in picks]


def codes(pick):
    return [reason["code"] for reason in pick.reasons]


def at_centre(city, **kwargs):
    kwargs = {"error_radius_m": 0.0, "service": "police112", **kwargs}
    return choose(municipality=city, place=away(), **kwargs)


def test_the_nearest_of_equal_cameras_come_first(city):
    cameras = [make_camera(city, north_m=m) for m in (300, 100, 200)]
    choice = at_centre(city)
    assert ids(choice.picks) == [cameras[1].pk, cameras[2].pk, cameras[0].pk]
    assert [round(pick.judged.candidate.distance_m) for pick in choice.picks] == [100, 200, 300]


def test_five_within_500_m_unless_the_city_says_otherwise(city):
    for m in range(50, 700, 50):
        make_camera(city, north_m=m)
    assert len(at_centre(city).picks) == 5
    assert at_centre(city).radius_m == 500
    city.camera_limit, city.camera_radius_m = 3, 120
    choice = at_centre(city)
    assert (len(choice.picks), choice.radius_m) == (2, 120)
    assert len(at_centre(city, limit=9, radius_m=400).picks) == 8


def test_the_radius_grows_with_the_error_of_the_place(city):
    make_camera(city, north_m=700)
    assert "beyond_radius" in codes(at_centre(city).picks[0])
    choice = at_centre(city, error_radius_m=600.0)
    assert choice.radius_m == 900
    assert "beyond_radius" not in codes(choice.picks[0])


def test_a_dead_camera_is_passed_over_for_the_next_and_the_reason_is_kept(city):
    dead = make_camera(city, north_m=20, health=Health.OFFLINE)
    frozen = make_camera(city, north_m=30, health=Health.FROZEN)
    alive = make_camera(city, north_m=200)
    choice = at_centre(city)
    assert ids(choice.picks) == [alive.pk]
    assert ids(choice.skipped) == [dead.pk, frozen.pk]
    assert [codes(skip)[0] for skip in choice.skipped] == ["offline", "frozen"]


def test_a_covered_camera_is_passed_over_and_a_dark_one_stands_behind_a_clear_one(city):
    covered = make_camera(city, north_m=20, health=Health.COVERED)
    dark = make_camera(city, north_m=30, health=Health.DARK)
    clear = make_camera(city, north_m=60)
    choice = at_centre(city)
    assert ids(choice.picks) == [clear.pk, dark.pk]
    assert "dark" in codes(choice.picks[1])
    assert ids(choice.skipped) == [covered.pk]
    assert codes(choice.skipped[0])[0] == "covered"


def test_purpose_is_enforced_and_the_city_may_allow_it_by_name(city, other_city):
    traffic = make_camera(city, north_m=20, purpose=Purpose.TRAFFIC_ENFORCEMENT)
    crime = make_camera(city, north_m=80)
    choice = at_centre(city)
    assert ids(choice.picks) == [crime.pk]
    assert codes(choice.skipped[0])[0] == "purpose_not_allowed"
    for owner in (other_city, city):
        CameraPolicy.objects.create(
            municipality=owner,
            service="police112",
            purpose=Purpose.TRAFFIC_ENFORCEMENT,
            allowed=True,
            basis="협약 2026-1",
        )
        expected = [traffic.pk, crime.pk] if owner == city else [crime.pk]
        assert ids(at_centre(city).picks) == expected
    assert ids(at_centre(city, service="disaster").picks) == [traffic.pk, crime.pk]


def test_a_camera_that_sees_the_place_beats_a_nearer_one_that_looks_away(city):
    away_cam = make_camera(city, north_m=-60, bearing_deg=180, field_of_view_deg=60)
    sees_it = make_camera(city, north_m=-90, bearing_deg=0, field_of_view_deg=60)
    choice = at_centre(city, limit=1)
    assert ids(choice.picks) == [sees_it.pk]
    assert "in_view" in codes(choice.picks[0])
    assert ids(choice.skipped) == [away_cam.pk]
    assert codes(choice.skipped[0])[0] == "better_picked"
    assert "looks_away" in codes(choice.skipped[0])


def test_an_empty_radius_gives_the_nearest_beyond_it_and_says_so(city):
    dead = make_camera(city, north_m=100, health=Health.OFFLINE)
    far = make_camera(city, north_m=1500)
    make_camera(city, north_m=5000)
    choice = at_centre(city)
    assert ids(choice.picks) == [far.pk]
    assert "beyond_radius" in codes(choice.picks[0])
    assert ids(choice.skipped) == [dead.pk]
    assert choice.radius_m == 500


def test_nothing_at_all_gives_nothing(city):
    choice = at_centre(city)
    assert (choice.picks, choice.skipped) == ([], [])


def test_a_neighbour_s_cameras_and_gone_ones_are_not_chosen(city, other_city):
    make_camera(other_city, north_m=10)
    gone = make_camera(city, north_m=20, gone_at=timezone.now())
    gone_site = make_camera(city, north_m=30)
    gone_site.site.gone_at = timezone.now()
    gone_site.site.save()
    left = make_camera(city, north_m=40)
    choice = at_centre(city)
    assert ids(choice.picks) == [left.pk]
    assert gone.pk not in ids(choice.skipped)


def test_more_sites_are_looked_at_when_the_nearest_are_all_dead(city):
    for n in range(selection.SITES_LOOKED_AT[0] + 3):
        make_camera(city, north_m=20 + n, health=Health.OFFLINE)
    alive = make_camera(city, north_m=400)
    choice = at_centre(city)
    assert ids(choice.picks) == [alive.pk]
    assert len(choice.skipped) == selection.SITES_LOOKED_AT[0] + 3


def test_a_pole_without_cameras_does_not_end_the_search(city):
    for n in range(selection.SITES_LOOKED_AT[0]):
        make_site(city, away(10 + n))
    alive = make_camera(city, north_m=300)
    assert ids(at_centre(city).picks) == [alive.pk]


def test_the_json_has_the_agreed_names(city):
    make_camera(city, north_m=-50, bearing_deg=0, field_of_view_deg=90)
    make_camera(city, north_m=40, health=Health.OFFLINE)
    said = at_centre(city).as_json()
    assert set(said) == {"radius_m", "picks", "skipped", "truncated"}
    agreed = {
        "id", "site_id", "name", "lon", "lat", "distance_m", "bearing_deg", "in_view", "health",
        "installed", "purpose", "score", "reasons", "field_of_view_deg",
    }  # fmt: skip
    for pick in said["picks"] + said["skipped"]:
        assert set(pick) == agreed
        assert set(pick["reasons"][0]) == {"code", "ko", "en"}
    assert said["picks"][0]["in_view"] is True


def brute_force(city, place, service, limit, radius_m):
    """Judge the cameras of the nearest sites in Python, with distances from the ORM."""
    target = Place(place.x, place.y, 0.0)
    candidates = [
        Candidate(
            camera.pk, camera.site_id, "", camera.site.location.x, camera.site.location.y,
            camera.m.m, camera.bearing_deg, camera.field_of_view_deg, camera.health,
            camera.site.installed_month, camera.site.purpose,
            scoring_allowed(service, camera.site.purpose),
            camera.source_kind != SourceKind.NONE, 0,
        )
        for camera in Camera.objects.filter(municipality=city)
        .select_related("site")
        .annotate(m=Distance("site__location", place))
    ]  # fmt: skip
    today = timezone.localdate()
    metres = {one.site_id: one.distance_m for one in candidates if one.distance_m <= radius_m}
    nearest = sorted(metres, key=lambda site_id: metres[site_id])
    usable = 0
    for sites in selection.SITES_LOOKED_AT:
        looked_at = set(nearest[:sites])
        within = [
            scoring.judge(candidate, target, today)
            for candidate in candidates
            if candidate.site_id in looked_at
        ]
        usable = sum(not one.refused for one in within)
        if usable >= limit:
            break
    return [one.candidate.id for one in scoring.rank(within, limit)]


def scoring_allowed(service, purpose):
    return purpose in usual_purposes(service)


def test_the_choice_equals_judging_every_camera_by_hand(city):
    chance = random.Random(20261122)
    for _ in range(60):
        site = make_site(
            city,
            away(chance.uniform(-1500, 1500), chance.uniform(-1500, 1500)),
            purpose=chance.choice(Purpose.values),
        )
        for _ in range(chance.randint(1, 3)):
            known = chance.random() < 0.6
            make_camera(
                city,
                site=site,
                health=chance.choice(Health.values),
                bearing_deg=chance.uniform(0, 360) if known else None,
                field_of_view_deg=chance.choice([60, 90, 360]) if known else None,
                source_kind=chance.choice([SourceKind.NONE, SourceKind.SYNTHETIC]),
            )
    compared = 0
    for _ in range(25):
        place = away(chance.uniform(-1200, 1200), chance.uniform(-1200, 1200))
        expected = brute_force(city, place, "police112", 5, 900)
        if expected:
            choice = choose(
                municipality=city,
                place=place,
                error_radius_m=0,
                service="police112",
                radius_m=900,
            )
            assert ids(choice.picks) == expected
            compared += 1
    assert compared >= 20


def test_distances_are_those_of_the_register(city):
    camera = make_camera(city, north_m=300, east_m=-200)
    place = away()
    expected = Camera.objects.annotate(m=Distance("site__location", place)).get(pk=camera.pk).m.m
    assert at_centre(city).picks[0].judged.candidate.distance_m == pytest.approx(expected)
    assert (place.x, place.y) == CENTRE


def test_a_camera_that_others_watch_counts_less_and_says_so(city, haneul):
    watched, free = make_camera(city, north_m=50), make_camera(city, north_m=51)
    for ended_at, end_reason in [(None, ""), (None, ""), (timezone.now(), EndReason.STOPPED)]:
        ViewRecord.objects.create(
            municipality=city,
            camera=watched,
            viewer=haneul,
            purpose="112",
            ended_at=ended_at,
            end_reason=end_reason,
        )
    choice = at_centre(city)
    assert ids(choice.picks) == [free.pk, watched.pk]
    assert choice.picks[1].judged.candidate.views_open == 2
    assert "in_use" in codes(choice.picks[1])


def test_a_border_full_of_the_neighbour_s_poles_hides_no_own_camera(city, other_city):
    for n in range(selection.SITES_LOOKED_AT[0] + 5):
        make_camera(other_city, north_m=5 + n)
    own = [make_camera(city, north_m=100 + n) for n in range(3)]
    assert ids(at_centre(city).picks) == [camera.pk for camera in own]


def test_the_choice_is_one_statement(city, haneul):
    make_camera(city, north_m=50)
    statements = []

    def noted(sql, params):
        statements.append(sql)
        return original(sql, params)

    original = selection.shortlist._rows
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selection.shortlist, "_rows", noted)
        at_centre(city)
    assert len(statements) == 1
