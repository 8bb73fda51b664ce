"""On a province's line what a city system says goes to the city in which it lies."""

import json
from datetime import UTC, datetime

import pytest
from django.contrib.gis.geos import Point
from django.utils import timezone

from incidents.models import Incident
from linkage.models_city import Bell, Feed, Sensor, TrafficCamera
from linkage.models_regions import Region
from linkage.services.city import feeds
from linkage.services.city.adapters import its_cameras, utic_events
from tests.conftest import make_municipality
from tests.linkage.city.answers import UTIC_ROW, utic_answer
from tests.linkage.conftest import envelope

CAMERA = {
    "cctvname": "새벽IC",
    "cctvurl": "http://cctvsec.example/one-time-token",
    "cctvformat": "HLS",
    "coordx": "128.39",
    "coordy": "35.36",
}


@pytest.fixture
def province(link, city, other_city):
    region = Region.objects.create(code="province", name_ko="도")
    region.members.set([city, other_city, make_municipality("90030", "노을시", 127.5, 36.3)])
    link.region = region
    link.save()
    return link


def owners() -> list[str]:
    return sorted(row.municipality.code for row in Incident.objects.all())


def test_a_reading_is_an_event_of_the_city_of_its_sensor(province, systems, city, other_city):
    for owner, lon, lat in ((other_city, 128.4, 35.4), (city, 127.4, 36.4)):
        Sensor.objects.create(
            municipality=owner,
            link=province,
            code=f"water-{owner.code}",
            name="지하차도",
            kind="water_level",
            unit="m",
            location=Point(lon, lat, srid=4326),
            attention_from=1.0,
        )
    at = timezone.now().isoformat()
    said = [{"sensor": f"water-{code}", "at": at, "value": 2.0} for code in ("90020", "90010")]
    answer = systems.post(
        f"/api/v1/links/{province.code}/readings", {"readings": said}, format="json"
    )
    assert answer.data["events"] == 2
    assert owners() == ["90010", "90020"]
    assert Incident.objects.get(municipality=other_city).location.x == 128.4


def test_a_traffic_event_goes_to_the_city_it_lies_in_and_stays_there(province, city):
    feed = Feed.objects.create(
        municipality=city, link=province, adapter="utic_events", url="http://x.example/"
    )
    now = datetime(2026, 11, 22, 0, 40, tzinfo=UTC)
    here = UTIC_ROW | {"locationDataX": "127.55", "locationDataY": "36.4"}
    feeds.take(feed=feed, reading=utic_events(utic_answer(here)), now=now)
    assert owners() == ["90030"]
    moved = UTIC_ROW | {"incidentTitle": "다른 말"}
    feeds.take(feed=feed, reading=utic_events(utic_answer(moved)), now=now)
    assert owners() == ["90030"]


def test_a_road_operators_camera_belongs_to_the_city_it_stands_in(province, city):
    feed = Feed.objects.create(
        municipality=city, link=province, adapter="its_cameras", url="http://x.example/"
    )
    feeds.take(
        feed=feed,
        reading=its_cameras(json.dumps({"response": {"data": [CAMERA]}}).encode()),
        now=timezone.now(),
    )
    assert TrafficCamera.objects.get().municipality.code == "90020"


def test_a_bell_rings_in_the_city_in_whose_register_it_stands(province, post, other_city):
    Bell.objects.create(
        municipality=other_city,
        register_id="202600009",
        number="2022-9",
        location=Point(128.4, 35.4, srid=4326),
    )
    pressed = envelope("STATUS_UPDATE") | {"msg_type": "EVENT_NOTIFY"}
    said = {"receipt_no": "bell-9-1", "version": 1, "kind_code": "C01", "bell_id": "202600009"}
    pressed["payload"] = said
    assert post(pressed).status_code == 201
    assert owners() == ["90020"]
