"""A kind, a place and an open incident to work on."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.gis.geos import Point

from cctv.choices import Health, Purpose
from cctv.models import Camera, Site
from controlroom.municipalities.choices import Role
from incidents import lifecycle
from incidents.choices import KindClass, Priority, Service
from incidents.models import Incident, Kind, PriorityRule
from incidents.reports import ReportIn, TakenReport, take_report
from tests.conftest import make_member

PLACE = Point(127.38, 36.35, srid=4326)
OCCURRED_AT = datetime(2026, 3, 1, 3, 4, 5, tzinfo=UTC)


def report(**changes: Any) -> ReportIn:
    """Make a report of case 112-1, version 1, changed as told."""
    said: dict[str, Any] = {
        "service": Service.POLICE112,
        "external_id": "112-1",
        "version": 1,
        "kind_code": "robbery",
        "urgency": "1",
        "place": PLACE,
        "error_radius_m": 30,
        "address": "한빛시 중앙로 1",
        "summary": "편의점 강도",
        "occurred_at": OCCURRED_AT,
        "state": "new",
        "is_drill": False,
        "raw": {"접수번호": "112-1"},
    }
    return ReportIn(**{**said, **changes})


def taken(city, **changes: Any) -> TakenReport:
    return take_report(municipality=city, source="police112", message=report(**changes))


def make_incident(city, kind: Kind, **changes: Any) -> Incident:
    said: dict[str, Any] = {
        "place": PLACE,
        "error_radius_m": 30,
        "address": "한빛시 중앙로 1",
        "summary": "편의점 강도",
        "occurred_at": OCCURRED_AT,
        "urgency": "1",
    }
    return lifecycle.open_incident(
        municipality=city, service=kind.service, kind=kind, **{**said, **changes}
    )


def make_camera(city, lon: float, lat: float, name: str = "중앙로") -> Camera:
    site = Site.objects.create(
        municipality=city,
        name=name,
        register_id=name,
        location=Point(lon, lat, srid=4326),
        purpose=Purpose.CRIME,
    )
    return Camera.objects.create(municipality=city, site=site, name=name, health=Health.ONLINE)


@pytest.fixture
def robbery(db) -> Kind:
    return Kind.objects.create(
        service=Service.POLICE112,
        code="robbery",
        name_ko="강도",
        name_en="robbery",
        kind_class=KindClass.VIOLENCE,
    )


@pytest.fixture
def rule(robbery) -> PriorityRule:
    return PriorityRule.objects.create(
        service=Service.POLICE112, kind=robbery, urgency="1", priority=Priority.P1
    )


@pytest.fixture
def incident(city, robbery) -> Incident:
    return make_incident(city, robbery)


@pytest.fixture
def nari(city):
    """Give a second operator of the same city."""
    return make_member("nari", city, Role.OPERATOR)
