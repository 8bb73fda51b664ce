"""Stills: kept sealed, fetched by whom they were sent to, on record, destroyed in time."""

import hashlib
import uuid
from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from cctv.models import Camera
from cctv.stills import Picture
from controlroom.audit.models import Record
from controlroom.errors import NotAllowed, OutOfScope
from controlroom.journal.models import Entry
from incidents.models import IncidentEvent
from linkage import stills, tasks
from linkage.models import Link, OutboxMessage, Still, StillRelease
from tests.cctv.builders import make_camera
from tests.linkage.conftest import taken

pytestmark = pytest.mark.django_db

JPEG = b"\xff\xd8 a picture of the market \xff\xd9"
NUMBER = "20261122-000001"


@pytest.fixture
def camera(city) -> Camera:
    return make_camera(city, name="한빛초 정문")


@pytest.fixture
def incident(link):
    return taken(link, receipt_no=NUMBER)


def a_still(incident, camera, by, *, jpeg=JPEG) -> Still:
    picture = Picture(jpeg, 640, 360, timezone.now())
    return stills.keep(picture=picture, incident=incident, camera=camera, by=by)


@pytest.fixture
def still(incident, camera, haneul) -> Still:
    return a_still(incident, camera, haneul)


def released(still, link, *, minutes=60) -> StillRelease:
    message = OutboxMessage.objects.create(
        municipality=still.municipality,
        link=link,
        incident=still.incident,
        event=IncidentEvent.objects.filter(incident=still.incident).first(),
        message_type="STILL",
        case_number=NUMBER,
    )
    until = timezone.now() + timedelta(minutes=minutes)
    return stills.release(
        still=still, link=link, case_number=NUMBER, message=message, until=until, text=""
    )


# --- kept ---------------------------------------------------------------------------------
def test_the_picture_is_sealed_and_its_hash_is_of_the_picture(still):
    still.refresh_from_db()
    assert JPEG not in bytes(still.sealed)
    assert still.sha256 == hashlib.sha256(JPEG).hexdigest()
    assert (still.size, still.width, still.height) == (len(JPEG), 640, 360)
    assert still.kept_until - timezone.now() > timedelta(days=29)


@pytest.mark.parametrize(
    "change",
    [
        {"sealed": b"another"},
        {"sha256": "0" * 64},
        {"kept_until": timezone.now()},
        {"destroyed_at": timezone.now()},
        {"sealed": None},
        {"sealed": None, "destroyed_at": timezone.now(), "sha256": "0" * 64},
    ],
)
def test_a_still_is_never_changed(still, change):
    with pytest.raises(IntegrityError), transaction.atomic():
        Still.objects.filter(pk=still.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        Still.objects.filter(pk=still.pk).delete()


def test_after_its_time_the_picture_is_destroyed_and_the_rest_stays(still, haneul, link):
    release = released(still, link, minutes=100 * 24 * 60)
    assert stills.destroy_overdue() == 0
    with time_machine.travel(still.kept_until, tick=False):
        with pytest.raises(OutOfScope):
            stills.show(still=still, to=haneul)
        assert not stills.released_to(link=link, case_number=NUMBER).exists()
        tasks.destroy_stills()
        with pytest.raises(OutOfScope):
            stills.serve(release=release)
    still.refresh_from_db()
    assert still.sealed is None
    assert still.destroyed_at == still.kept_until
    assert still.sha256 == hashlib.sha256(JPEG).hexdigest()
    assert Record.objects.get(action="still.destroyed").detail["sha256"] == still.sha256
    assert Entry.objects.filter(kind="still.destroyed").exists()


# --- looked at ----------------------------------------------------------------------------
def test_what_was_sent_to_a_link_is_found_by_its_case(still, link, other_link):
    released(still, link)
    assert [row.still for row in stills.released_to(link=link, case_number=NUMBER)] == [still]
    assert not stills.released_to(link=link, case_number="other").exists()
    assert not stills.released_to(link=other_link, case_number=NUMBER).exists()


def test_every_look_is_on_record(still, link, haneul):
    release = stills.open_to(link=link, reference=released(still, link).still.reference)
    assert stills.serve(release=release) == JPEG
    assert stills.serve(release=release, agent="police112-90010:중앙12") == JPEG
    assert stills.show(still=still, to=haneul) == JPEG
    looks = Record.objects.filter(action="still.viewed").order_by("pk")
    assert [(look.agent, look.actor) for look in looks] == [
        (link.code, None),
        ("police112-90010:중앙12", None),
        ("", haneul),
    ]
    release.refresh_from_db()
    assert release.first_viewed_at < release.last_viewed_at
    assert Entry.objects.filter(kind="still.viewed").count() == 1


def test_no_record_no_look(still, link, haneul):
    release = released(still, link)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the record is full'; END $$;"
            "CREATE TRIGGER refuse BEFORE INSERT ON audit_record "
            "FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse()"
        )
    for look in (
        lambda: stills.serve(release=release),
        lambda: stills.show(still=still, to=haneul),
    ):
        with pytest.raises(Exception, match="the record is full"), transaction.atomic():
            look()


def test_a_person_without_the_right_to_watch_sees_no_still(still, bada, stranger):
    for person in (bada, stranger):
        with pytest.raises(NotAllowed):
            stills.show(still=still, to=person)


def lapse(link, still):
    StillRelease.objects.update(available_until=timezone.now())


def suspend(link, still):
    Link.objects.filter(pk=link.pk).update(state="suspended")


def take_the_basis(link, still):
    Link.objects.filter(pk=link.pk).update(legal_basis=None)


@pytest.mark.parametrize("ends", [lapse, suspend, take_the_basis])
def test_what_is_over_is_found_no_more(still, link, ends):
    released(still, link)
    ends(link, still)
    link = Link.objects.get(pk=link.pk)
    assert not stills.released_to(link=link, case_number=NUMBER).exists()
    with pytest.raises(OutOfScope):
        stills.open_to(link=link, reference=still.reference)


def test_another_link_and_another_case_find_nothing(still, link, other_link):
    released(still, link)
    with pytest.raises(OutOfScope):
        stills.open_to(link=other_link, reference=still.reference)
    with pytest.raises(OutOfScope):
        stills.open_to(link=link, reference=uuid.uuid4())
    with pytest.raises(OutOfScope):
        stills.open_to(link=link, reference=still.reference, case_number="other")
