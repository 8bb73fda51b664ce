"""Stills: kept sealed, fetched by whom they were sent to, on record, destroyed in time."""

import hashlib
import uuid
from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from cctv import streams
from cctv.models import Camera
from cctv.stills import Picture
from controlroom.audit.models import Record
from controlroom.errors import Invalid, NotAllowed, OutOfScope
from controlroom.journal.models import Entry
from incidents import lifecycle
from incidents.models import Incident, IncidentEvent, Kind
from linkage import stills, tasks
from linkage.errors import LinkClosed
from linkage.filed import file_report
from linkage.models import FiledReport, Link, OutboxMessage, Still, StillRelease
from tests.cctv.builders import make_camera
from tests.linkage.conftest import api_client, envelope, taken

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


# --- sent ---------------------------------------------------------------------------------
def path_of(still, link) -> str:
    return f"/api/v1/links/{link.code}/stills/{still.reference}"


def test_a_still_goes_to_the_room_that_has_the_case_and_is_fetched_whole(
    still, link, police, haneul, incident
):
    (release,) = stills.send(still=still, by=haneul, text="검은 옷")
    told = release.message.payload
    assert (told["receipt_no"], told["text"]) == (NUMBER, "검은 옷")
    assert told["camera"]["name"] == "한빛초 정문"
    answer = police.get(told["picture"])
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    assert answer["Cache-Control"] == "no-store"
    assert hashlib.sha256(answer.content).hexdigest() == told["sha256"]
    assert Record.objects.get(action="still.viewed").agent == link.code
    fact = incident.events.get(verb="still")
    assert (fact.actor, fact.data["links"]) == (haneul, [link.code])
    limit = timedelta(minutes=link.time_limit_min_for(incident.urgency))
    assert release.available_until - release.released_at < limit + timedelta(seconds=1)


def test_another_link_and_another_city_fetch_nothing(still, link, other_link, police, haneul):
    stills.send(still=still, by=haneul)
    assert api_client(other_link).get(path_of(still, other_link)).status_code == 404
    assert api_client(other_link).get(path_of(still, link)).status_code == 404
    assert APIClient().get(path_of(still, link)).status_code == 401
    for name in (uuid.uuid4(), "no-uuid"):
        assert police.get(f"/api/v1/links/{link.code}/stills/{name}").status_code == 404


def test_a_still_that_was_not_sent_is_not_found(still, link, police):
    assert police.get(path_of(still, link)).status_code == 404


@pytest.mark.parametrize(("ends", "status"), [(lapse, 404), (suspend, 403), (take_the_basis, 404)])
def test_what_is_over_is_not_shown(still, link, police, haneul, ends, status):
    stills.send(still=still, by=haneul)
    ends(link, still)
    assert police.get(path_of(still, link)).status_code == status


def test_a_basis_without_stills_sends_nothing_and_says_so(still, link, haneul, incident):
    link.legal_basis.allowed_data = ["place", "summary", "live_video"]
    link.legal_basis.save()
    with pytest.raises(LinkClosed):
        stills.send(still=still, by=haneul)
    assert not OutboxMessage.objects.filter(message_type="STILL").exists()
    assert not StillRelease.objects.exists()
    assert not incident.events.filter(verb="still").exists()


def test_a_still_of_a_drill_goes_to_no_link_without_drills(link, camera, haneul):
    drill = taken(link, receipt_no="drill-1")
    Incident.objects.filter(pk=drill.pk).update(is_drill=True)
    drill.refresh_from_db()
    still = a_still(drill, camera, haneul)
    Link.objects.update(allows_drills=False)
    with pytest.raises(LinkClosed):
        stills.send(still=still, by=haneul)
    Link.objects.update(allows_drills=True)
    assert len(stills.send(still=still, by=haneul)) == 1


def test_only_the_links_that_are_named_are_told(still, link, haneul):
    with pytest.raises(LinkClosed):
        stills.send(still=still, by=haneul, to=["police112-90020"])
    assert len(stills.send(still=still, by=haneul, to=[link.code])) == 1


def test_the_room_of_a_duplicate_is_told_too(link, camera, haneul, incident):
    other = taken(link, receipt_no="20261122-000002")
    lifecycle.mark_duplicate(incident=incident, by=haneul, of=other)
    sent = stills.send(still=a_still(other, camera, haneul), by=haneul)
    assert [row.case_number for row in sent] == ["20261122-000002"]
    assert {case.external_id for case in stills.receivers(other)} == {"20261122-000002"}


def test_who_only_reads_sends_nothing(still, bada, stranger):
    for person in (bada, stranger):
        with pytest.raises(NotAllowed):
            stills.send(still=still, by=person)


# --- with a report ------------------------------------------------------------------------
def a_report(link, by, incident, still):
    kind, _made = Kind.objects.get_or_create(
        service="police112", code="201", defaults={"name_ko": "폭력"}
    )
    return file_report(
        link=link, by=by, kind=kind, text="시장 앞 다툼", incident=incident, still=still
    )


def test_a_report_carries_a_still_that_follows_the_agencys_number(
    still, link, police, post, haneul, incident
):
    report = a_report(link, haneul, incident, still)
    told = report.message.payload["still"]
    assert police.get(told["picture"]).status_code == 200
    assert stills.released_to(link=link, case_number=str(report.uid)).exists()
    answer = envelope("ACK", receipt_no="112-7", report_no=str(report.uid))
    assert post(answer).status_code == 201
    assert stills.released_to(link=link, case_number="112-7").exists()
    assert police.get(told["picture"]).status_code == 200


def test_a_report_takes_no_still_of_another_incident_nor_against_the_basis(
    still, link, haneul, incident
):
    other = taken(link, receipt_no="other")
    with pytest.raises(Invalid) as refusal:
        a_report(link, haneul, other, still)
    assert set(refusal.value.fields) == {"still"}
    link.legal_basis.allowed_data = ["place", "summary"]
    link.legal_basis.save()
    with pytest.raises(Invalid) as refusal:
        a_report(link, haneul, incident, still)
    assert set(refusal.value.fields) == {"still"}
    assert not OutboxMessage.objects.filter(message_type="EVENT_NOTIFY").exists()


# --- on the console -----------------------------------------------------------------------
@pytest.fixture
def relays(settings, tmp_path):
    settings.STATE_DIR = tmp_path / "state"
    yield
    streams.stop_all()


def test_the_console_takes_looks_and_sends(relays, client, city, link, incident, camera, haneul):
    client.force_login(haneul)
    path = f"/m/{city.code}/linkage/incidents/{incident.pk}/stills/"
    answer = client.post(path, {"camera": camera.pk}, content_type="application/json")
    assert answer.status_code == 201, answer.content
    taken_now = answer.json()
    assert taken_now["receivers"] == [
        {"link": link.code, "agency": str(link.agency), "may": True, "reason": "allowed"}
    ]
    at = f"/m/{city.code}/linkage/stills/{taken_now['still']['id']}/"
    shown = client.get(f"{at}picture/")
    assert (shown["Content-Type"], shown["Cache-Control"]) == ("image/jpeg", "no-store")
    assert hashlib.sha256(shown.content).hexdigest() == taken_now["still"]["sha256"]
    sent = client.post(f"{at}send/", {"text": "흰 승용차"}, content_type="application/json")
    assert sent.json() == {"links": [link.code]}
    (row,) = client.get(path).json()["stills"]
    assert [(one["link"], one["state"], one["text"]) for one in row["sent"]] == [
        (link.code, "queued", "흰 승용차")
    ]
    actions = Record.objects.filter(action__contains="still").order_by("pk")
    assert [record.action for record in actions] == [
        "video.still",
        "still.taken",
        "still.viewed",
        "still.released",
    ]


def test_a_stranger_and_a_reader_find_no_still_on_the_console(
    client, city, incident, camera, still, bada, stranger
):
    for person, expected in ((bada, 403), (stranger, 404)):
        client.force_login(person)
        path = f"/m/{city.code}/linkage/incidents/{incident.pk}/stills/"
        body = {"camera": camera.pk}
        assert client.post(path, body, content_type="application/json").status_code == expected
        at = f"/m/{city.code}/linkage/stills/{still.reference}/"
        assert client.get(f"{at}picture/").status_code == expected
        assert client.post(f"{at}send/", content_type="application/json").status_code == expected


def test_another_citys_camera_and_still_are_not_found(
    client, city, other_city, incident, still, stranger, haneul
):
    client.force_login(haneul)
    foreign = make_camera(other_city)
    path = f"/m/{city.code}/linkage/incidents/{incident.pk}/stills/"
    answer = client.post(path, {"camera": foreign.pk}, content_type="application/json")
    assert answer.status_code == 404
    client.force_login(stranger)
    at = f"/m/{other_city.code}/linkage/stills/{still.reference}/"
    assert client.get(f"{at}picture/").status_code == 404


def test_a_report_from_the_console_names_its_still(client, city, link, incident, still, haneul):
    Kind.objects.get_or_create(service="police112", code="201", defaults={"name_ko": "폭력"})
    client.force_login(haneul)
    body = {
        "to": link.code,
        "incident": str(incident.pk),
        "kind": "201",
        "text": "시장 앞 다툼",
        "still": str(still.reference),
    }
    path = f"/m/{city.code}/linkage/reports/"
    answer = client.post(path, body, content_type="application/json")
    assert answer.status_code == 201, answer.content
    assert StillRelease.objects.get().message == FiledReport.objects.get().message
