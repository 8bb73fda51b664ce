"""A disaster link of the city, its client, and situations as its room writes them."""

import pytest
from rest_framework.test import APIClient

from linkage.choices import AgencyKind
from linkage.links import create_link
from linkage.models import Agency
from tests.linkage.conftest import api_client, envelope

SQUARE = [[127.35, 36.35], [127.45, 36.35], [127.45, 36.45], [127.35, 36.45], [127.35, 36.35]]


def make_link(municipality, code="", organisation_code="1741000"):
    agency, _created = Agency.objects.get_or_create(
        organisation_code=organisation_code,
        defaults={"kind": AgencyKind.DISASTER, "name_ko": "재난안전상황실"},
    )
    return create_link(
        municipality=municipality,
        agency=agency,
        service="disaster",
        code=code or f"disaster-{municipality.code}",
        allows_drills=True,
    ).link


def notify(**payload):
    said = {
        "receipt_no": "NDMS-1",
        "version": 1,
        "kind_code": "D01",
        "level": 2,
        "area": {"type": "Polygon", "coordinates": [SQUARE]},
        "area_names": ["중앙동"],
        "summary": "시간당 50 mm",
        "issuer": "재난안전상황실",
    }
    document = envelope("X")
    return {**document, "msg_type": "EVENT_NOTIFY", "payload": said | payload}


@pytest.fixture
def room(city):
    return make_link(city)


@pytest.fixture
def client(room) -> APIClient:
    return api_client(room, "disaster")


@pytest.fixture
def send(client, room):
    def sent(document):
        return client.post(f"/api/v1/links/{room.code}/messages", document, format="json")

    return sent
