"""The console's addresses for cameras."""

import gzip
import json

import pytest

from cctv.choices import Health, Purpose
from cctv.models import Camera
from tests.cctv.builders import CENTRE, away, make_camera, make_site

pytestmark = pytest.mark.django_db

LON, LAT = CENTRE


def sites_of(client, city, **headers):
    return client.get(f"/m/{city.code}/cctv/sites.json", headers=headers)


def search(client, city, **body):
    return client.post(
        f"/m/{city.code}/cctv/search/", json.dumps(body), content_type="application/json"
    )


def test_the_map_gets_every_site_of_the_register_and_what_its_cameras_are_worth(
    client, haneul, city, other_city
):
    expected = {}
    for healths in (["online", "unknown"], ["online", "offline"], ["frozen"], ["unknown"], []):
        site = make_site(city, away(len(expected) * 10), name=f"한빛 {len(expected)}")
        for health in healths:
            make_camera(city, site=site, health=health)
        expected[site.pk] = len(healths)
    make_site(other_city, away())
    client.force_login(haneul)
    said = sites_of(client, city).json()
    assert {row[0]: row[3] for row in said["sites"]} == expected
    words = [said["health"][row[4]] for row in said["sites"]]
    assert words == ["online", "partly", "down", "unknown", "unknown"]
    row = said["sites"][0]
    assert row[1:3] == [pytest.approx(LON, abs=1e-6), pytest.approx(LAT, abs=1e-6)]
    assert said["purposes"][row[5]] == {
        "code": Purpose.CRIME.value,
        "ko": "생활방범",
        "en": "crime prevention",
    }
    assert row[6] == "한빛 0"


def test_an_empty_register_is_an_empty_list(client, haneul, city):
    client.force_login(haneul)
    assert sites_of(client, city).json()["sites"] == []


def test_the_map_is_sent_again_only_when_it_changed_and_gzipped_to_who_can_read_it(
    client, haneul, city
):
    camera = make_camera(city)
    client.force_login(haneul)
    first = sites_of(client, city)
    again = sites_of(client, city, if_none_match=first.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    packed = sites_of(client, city, accept_encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == first.content
    Camera.objects.filter(pk=camera.pk).update(health=Health.OFFLINE)
    assert sites_of(client, city, if_none_match=first.headers["ETag"]).status_code == 200


def test_the_map_costs_one_query_besides_the_rights(
    client, haneul, city, django_assert_max_num_queries
):
    for n in range(20):
        make_camera(city, north_m=n)
    client.force_login(haneul)
    with django_assert_max_num_queries(5):
        sites_of(client, city)


def test_a_site_shows_its_cameras_but_never_their_source(
    client, haneul, city, django_assert_max_num_queries
):
    site = make_site(city, away(), direction_text="360도 전방향")
    for bearing in (0, 90, 180):
        make_camera(city, site=site, bearing_deg=bearing, source_secret=b"rtsp-secret")
    client.force_login(haneul)
    with django_assert_max_num_queries(6):
        answer = client.get(f"/m/{city.code}/cctv/sites/{site.pk}/")
    said = answer.json()
    assert [camera["bearing_deg"] for camera in said["cameras"]] == [0, 90, 180]
    assert said["cameras"][0]["connected"] is True
    assert "source" not in answer.text
    assert "rtsp-secret" not in answer.text


@pytest.mark.parametrize("who", ["stranger", "bada"])
def test_neither_a_stranger_nor_an_auditor_sees_sites(request, client, city, other_city, who):
    camera = make_camera(city)
    client.force_login(request.getfixturevalue(who))
    expected = 404 if who == "stranger" else 403
    for address in ("sites.json", f"sites/{camera.site_id}/"):
        answer = client.get(f"/m/{city.code}/cctv/{address}")
        assert answer.status_code == expected
        assert answer.headers["Content-Type"] == "application/problem+json"
    assert search(client, city, type="text", q="지점").status_code == expected
    # Nor by way of the own city.
    if who == "stranger":
        answer = client.get(f"/m/{other_city.code}/cctv/sites/{camera.site_id}/")
        assert answer.status_code == 404
        for body in (
            {"type": "text", "q": "지점"},
            {"type": "nearest", "lon": LON, "lat": LAT},
            {"type": "circle", "lon": LON, "lat": LAT, "radius_m": 500},
        ):
            found = search(client, other_city, **body).json()
            assert not found.get("sites")
            assert not found.get("picks")


def test_each_kind_of_search_finds_the_camera(client, haneul, city):
    camera = make_camera(city, north_m=20, east_m=20)
    client.force_login(haneul)
    near, far = away(-50, -50), away(100, 100)
    ring = [[near.x, near.y], [far.x, near.y], [far.x, far.y], [near.x, far.y]]
    for body in (
        {"type": "nearest", "lon": LON, "lat": LAT, "service": "police112"},
        {"type": "circle", "lon": LON, "lat": LAT, "radius_m": 100},
        {"type": "polygon", "coordinates": ring},
        {"type": "line", "coordinates": ring[::2], "buffer_m": 30},
    ):
        said = search(client, city, **body)
        assert said.status_code == 200, said.text
        assert [pick["id"] for pick in said.json()["picks"]] == [camera.pk]
    found = search(client, city, type="text", q=camera.site.name).json()
    assert [site["id"] for site in found["sites"]] == [camera.site_id]
    assert found["sites"][0]["camera_count"] == 1


def test_words_must_all_match_somewhere(client, haneul, city):
    make_site(city, away(), name="시청 앞", road_address="한빛시 중앙로 1")
    make_site(city, away(), name="시청 뒤", road_address="한빛시 강변로 2")
    client.force_login(haneul)
    found = search(client, city, type="text", q="시청 중앙로").json()["sites"]
    assert [site["name"] for site in found] == ["시청 앞"]
    assert search(client, city, type="text", q="100%_").json()["sites"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "type"),
        ({"type": "square"}, "type"),
        ({"type": "nearest", "lon": 127}, "lat"),
        ({"type": "nearest", "lon": 1270, "lat": 36}, "lon"),
        ({"type": "nearest", "lon": "NaN", "lat": 36}, "lon"),
        ({"type": "nearest", "lon": 127, "lat": 36, "service": "kgb"}, "service"),
        ({"type": "nearest", "lon": 127, "lat": 36, "limit": 0}, "limit"),
        ({"type": "circle", "lon": 127, "lat": 36}, "radius_m"),
        ({"type": "circle", "lon": 127, "lat": 36, "radius_m": 1e9}, "radius_m"),
        ({"type": "polygon", "coordinates": [[127, 36], [127.1, 36]]}, "coordinates"),
        ({"type": "polygon", "coordinates": [[0, 0], [1, 1], [1, 0], [0, 1]]}, "coordinates"),
        ({"type": "line", "coordinates": [[127, 36, 5], [127, 37]]}, "coordinates[0].0"),
        ({"type": "text"}, "q"),
    ],
)
def test_a_wrong_search_is_refused_with_a_problem_that_names_the_field(
    client, haneul, city, body, field
):
    client.force_login(haneul)
    answer = search(client, city, **body)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert any(name.startswith(field.split("[")[0]) for name in answer.json()["errors"])


def test_a_search_needs_the_csrf_token(haneul, city):
    from django.test import Client  # noqa: PLC0415 - another client than the fixture's

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(haneul)
    assert search(strict, city, type="text", q="x").status_code == 403
