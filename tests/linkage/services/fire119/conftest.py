"""A fire 119 link of the city, and messages as its room writes them."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from incidents import catalogue
from linkage.demo.link import room_link
from tests.linkage.conftest import api_client, envelope

RECEIPT = "119-20261122-000007"
PLACE = {"lon": 127.34, "lat": 36.35, "error_radius_m": 20, "method": "address"}


def ago(**age) -> str:
    return (timezone.now() - timedelta(**age)).isoformat()


def fire_message(message_type="EVENT_NOTIFY", *, receipt_no=RECEIPT, msg_id="", **payload):
    if message_type == "EVENT_NOTIFY":
        payload = {
            "version": 1,
            "kind_code": "F01",
            "urgency": "1",
            "place": PLACE,
            "address": "한빛시 도안로 12",
            "floor": "지하 1층",
            "summary": "식당 주방에서 연기",
            "received_at": ago(minutes=4),
            "units": [{"unit": "한빛펌프1", "vehicle": "pumper"}],
        } | payload
    # envelope() fills a police report in for this type only.
    document = envelope("STATUS_UPDATE", receipt_no=receipt_no, msg_id=msg_id)
    document["msg_type"] = message_type
    document["payload"] = {"receipt_no": receipt_no, **payload}
    return document


def time_of(step: str, at: datetime | str, unit: str = "") -> dict:
    stamp = {"step": step, "at": at if isinstance(at, str) else at.isoformat()}
    return {**stamp, "unit": unit} if unit else stamp


def position(unit="한빛펌프1", lon=127.33, lat=36.34, at="", **more) -> dict:
    return {"unit": unit, "lon": lon, "lat": lat, "at": at or ago(seconds=2), **more}


@pytest.fixture
def fire_link(city):
    catalogue.install()
    return room_link("fire119", municipality=city).link


@pytest.fixture
def fire(fire_link):
    client = api_client(fire_link, "fire119")

    def send(document):
        return client.post(f"/api/v1/links/{fire_link.code}/messages", document, format="json")

    return send
