"""A 112 case with cameras around it, and what the room is owed for it."""

import pytest
from django.contrib.gis.geos import Point

from incidents.models import Incident, Kind
from linkage.choices import LinkMode
from linkage.filed import file_report
from linkage.models import OutboxMessage
from tests.incidents.conftest import make_camera
from tests.linkage.conftest import envelope

RECEIPT = "20261122-000001"


@pytest.fixture
def kinds(db):
    """The kinds of the reports in these tests: one given by itself, one left to a person."""
    for code, name in (("201", "폭력"), ("401", "교통사고")):
        Kind.objects.update_or_create(
            service="police112", code=code, defaults={"name_ko": name, "is_mapped": True}
        )


@pytest.fixture
def cameras(city, kinds):
    """Three cameras within 150 m of the reported place and one far away."""
    places = [(127.4, 36.4003), (127.4, 36.4006), (127.4, 36.4012), (127.4, 36.45)]
    return [make_camera(city, lon, lat, f"중앙로 {n}") for n, (lon, lat) in enumerate(places, 1)]


@pytest.fixture
def case(cameras, post, link):
    link.mode = LinkMode.PUSH
    link.save()
    assert post(envelope(receipt_no=RECEIPT)).status_code == 201
    return Incident.objects.get()


def owed(message_type: str) -> list[OutboxMessage]:
    return list(OutboxMessage.objects.filter(message_type=message_type).order_by("pk"))


def ask(*cameras: int, **changes):
    said = {"purpose": "SCENE", "basis": "ACT-112", "cameras": list(cameras)}
    return envelope("STREAM_REQUEST", receipt_no=RECEIPT, **(said | changes))


def report_to(link, by, **changes):
    """File a report of a place to the room."""
    kind, _created = Kind.objects.get_or_create(
        service="police112", code="201", defaults={"name_ko": "폭력", "name_en": "assault"}
    )
    said = {"text": "시장 앞 다툼", "place": Point(127.4, 36.4, srid=4326)}
    return file_report(link=link, by=by, kind=kind, **(said | changes))
