"""A ticket is issued to who may watch, for an incident or a purpose, and to nobody else."""

import uuid

import pytest
from django.contrib.gis.geos import Point
from django.utils import timezone

from cctv import tickets
from cctv.errors import PurposeMissing, TicketRefused
from cctv.models import VideoTicket, ViewRecord
from cctv.passes import Caller
from controlroom.accounts.models import User
from controlroom.audit.models import Record
from controlroom.errors import NotAllowed
from controlroom.municipalities.choices import Role
from controlroom.municipalities.models import Membership
from incidents import lifecycle
from incidents.choices import Result, Service
from incidents.models import Kind
from tests.cctv.builders import make_camera

HERE = Caller("session-of-haneul", "192.0.2.7")

pytestmark = pytest.mark.django_db


@pytest.fixture
def camera(city):
    return make_camera(city)


@pytest.fixture
def incident(city):
    kind, _ = Kind.objects.get_or_create(
        service=Service.CITY, code="T1", defaults={"name_ko": "시험", "name_en": "test"}
    )
    return lifecycle.open_incident(
        municipality=city,
        service=Service.CITY,
        kind=kind,
        urgency="",
        place=Point(127.4, 36.4, srid=4326),
        error_radius_m=0,
        address="",
        summary="",
        occurred_at=timezone.now(),
        report=None,
        by=None,
        agent="test",
    )


def issue(camera, viewer, *, incident_id=None, purpose="순찰", caller=HERE) -> str:
    return tickets.issue(
        camera=camera, viewer=viewer, caller=caller, incident_id=incident_id, purpose=purpose
    ).token


def test_the_ticket_is_kept_only_as_a_hash(camera, haneul):
    token = issue(camera, haneul)
    row = VideoTicket.objects.values().get()
    assert token not in str(row)
    assert HERE.session_key not in str(row)


def test_issuing_is_on_record_and_opens_no_view(camera, haneul):
    issue(camera, haneul)
    assert Record.objects.filter(action="video.ticket", actor=haneul).exists()
    assert not ViewRecord.objects.exists()


@pytest.mark.parametrize(
    "role", [Role.AUDITOR, Role.ADMINISTRATOR, Role.STATISTICS, Role.PRIVACY_OFFICER]
)
def test_a_role_without_video_gets_no_ticket(camera, city, role):
    person = User.objects.create_user("someone")
    Membership.objects.create(user=person, municipality=city, role=role)
    with pytest.raises(NotAllowed):
        issue(camera, person)


def test_a_stranger_gets_no_ticket(camera, stranger):
    with pytest.raises(NotAllowed):
        issue(camera, stranger)


def test_without_incident_and_purpose_there_is_no_ticket(camera, haneul):
    with pytest.raises(PurposeMissing):
        issue(camera, haneul, purpose="  ")


def test_an_open_incident_is_purpose_enough(camera, haneul, incident):
    issue(camera, haneul, incident_id=incident.pk, purpose="")
    ticket = VideoTicket.objects.get()
    assert ticket.incident_id == incident.pk
    assert ticket.purpose


def test_an_unknown_incident_gives_no_ticket(camera, haneul):
    with pytest.raises(TicketRefused):
        issue(camera, haneul, incident_id=uuid.uuid4())


def test_another_citys_incident_gives_no_ticket(other_city, stranger, incident):
    with pytest.raises(TicketRefused):
        issue(make_camera(other_city), stranger, incident_id=incident.pk)


def close(incident, by):
    return lifecycle.close(incident=incident, by=by, result=Result.RESOLVED, text="")


def begin(incident, by):
    lifecycle.acknowledge(incident=incident, by=by)
    return lifecycle.claim(incident=incident, by=by)


def test_an_ended_incident_gives_no_ticket(camera, haneul, incident):
    incident = begin(incident, haneul)
    close(incident, haneul)
    with pytest.raises(TicketRefused):
        issue(camera, haneul, incident_id=incident.pk)
