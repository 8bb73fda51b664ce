"""A room of any service, by the parameter of the test, and what it was told since a mark."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.db import transaction
from jsonschema import Draft202012Validator, FormatChecker

from controlroom.errors import DomainError
from incidents import catalogue
from linkage.api.asyncapi import document
from linkage.choices import AgencyKind
from linkage.envelopes import cloud_event
from linkage.links import create_link
from linkage.models import Agency, OutboxMessage
from tests.incidents.conftest import make_camera
from tests.linkage.conftest import api_client
from tests.linkage.services.rooms import Room

PLACES = [(127.4, 36.4003), (127.4, 36.4006), (127.4, 36.4502)]
UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")
PUBLISHED = document()["components"]["messages"]


@pytest.fixture
def room_of(city, haneul, supervisor) -> Callable[[str], Room]:
    """Make the room of a service; three cameras stand near the places of its reports."""

    def make(service: str) -> Room:
        catalogue.install()
        agency = Agency.objects.create(
            kind=AgencyKind.OTHER, organisation_code="9000001", name_ko="연계기관"
        )
        link = create_link(
            municipality=city,
            agency=agency,
            service=service,
            code=f"{service}-{city.code}",
            allows_drills=True,
        ).link
        cameras = [make_camera(city, *place, f"길 {n}").pk for n, place in enumerate(PLACES)]
        return Room(link, api_client(link, service), city, haneul, supervisor, cameras)

    return make


def valid(row: OutboxMessage) -> str:
    """Give the type of what is owed, after its event was held against the published schema."""
    schema = PUBLISHED[f"{row.link.service}.told.{row.message_type}"]["payload"]
    checker = Draft202012Validator(schema, format_checker=FormatChecker())
    assert [error.message for error in checker.iter_errors(cloud_event(row))] == []
    return str(row.message_type)


def locked_too_late(statements: list[str]) -> list[str]:
    """Give the incidents that were locked only after the journal's counter: two such deadlock."""
    counted, known, late = False, set(), []
    for sql in statements:
        counted = counted or "INTO journal_stream" in sql
        named = {found.replace("-", "") for found in UUID.findall(sql)}
        if sql.startswith('INSERT INTO "incidents_incident"'):
            known |= named
        elif '"incidents_incident"' in sql and "FOR NO KEY UPDATE" in sql:
            late += sorted(named - known) if counted else []
            known |= named
    return late


@dataclass(frozen=True)
class Told:
    """What a deed owes the room, in its order, and whether the deed was refused."""

    rows: list[OutboxMessage]
    refused: bool

    @property
    def types(self) -> list[str]:
        return [str(row.message_type) for row in self.rows]


def told_by(room: Room, deed: Callable[[Room], object]) -> Told:
    """Do it and give what the room is owed for it; what is refused owes nothing."""
    last = OutboxMessage.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    refused = False
    try:
        with transaction.atomic():
            answer = deed(room)
    except DomainError:
        refused = True
    else:
        refused = getattr(answer, "status_code", 200) >= 400
    rows = list(OutboxMessage.objects.filter(link=room.link, pk__gt=last).order_by("pk"))
    assert all(valid(row) for row in rows)
    return Told(rows, refused)


def undone(room: Room, deed: Callable[[Room], object]) -> Told:
    """Do it, give what the room is owed for it, and take all of it back."""
    with transaction.atomic():
        told = told_by(room, deed)
        transaction.set_rollback(True)
    return told
