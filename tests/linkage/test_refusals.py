"""What is refused leaves a trace: a count by code and hour, an alarm, an audit of forgery."""

from datetime import timedelta

import pytest
from django.utils import timezone

from controlroom.audit.models import Record
from controlroom.journal.models import Entry
from incidents import catalogue
from linkage import buckets, refusals
from linkage.choices import LinkState
from linkage.demo.link import room_link
from linkage.models import Alarm, HeldBack, Link, RefusalRun, RefusedMessages
from linkage.models_cap import CapSource
from linkage.watch.rounds import Auditor
from tests.linkage.cap.alerts import alert
from tests.linkage.conftest import api_client, envelope
from tests.linkage.services.disaster.conftest import make_link

HOUR = timedelta(hours=1)


def wrong(**more) -> dict:
    return {**envelope(), "schema_ver": "0", **more}


def standing(kind: str) -> list[Alarm]:
    Auditor().round()
    return list(Alarm.objects.standing().filter(kind=kind))


def codes() -> dict[str, int]:
    return dict(RefusedMessages.objects.values_list("code", "count"))


@pytest.mark.parametrize(
    ("spoilt", "code", "reason"),
    [
        ({"schema_ver": "0"}, "invalid", "schema_ver"),
        ({"홍길동": "1"}, "invalid", "…"),
        ({"receiver_org": "1111111"}, "wrong_receiver", "receiver_org"),
        ({"payload_hash": "0" * 64}, "payload_hash_mismatch", "payload_hash"),
        ({"sent_at": "2020-01-01T00:00:00Z"}, "time_out_of_range", "sent_at"),
    ],
)
def test_a_refusal_is_counted_by_its_code_with_the_last_number_and_fields(
    post, link, spoilt, code, reason
):
    link.municipality.organisation_code = "3000000"
    link.municipality.save()
    for number in range(3):
        assert post({**envelope(msg_id=f"bad-{number}"), **spoilt}).status_code in {400, 409}
    row = RefusedMessages.objects.get()
    assert (row.code, row.count, row.message_id, row.reason) == (code, 3, "bad-2", reason)
    assert row.first_at < row.last_at
    assert RefusalRun.objects.get().in_a_row == 3
    assert Entry.objects.filter(kind="link.refused").count() == 1


def test_agreement_conflict_and_sequence_leave_their_trace_too(post, link):
    catalogue.install()
    post(envelope(msg_id="once"))
    post(envelope(msg_id="once", summary="다른 내용"))
    link.allowed_kinds, link.allows_drills = ["301"], False
    link.save()
    post(envelope())
    post({**envelope(), "is_drill": True})
    assert codes() == {"message_id_conflict": 1, "kind_not_allowed": 1, "drill_not_allowed": 1}


def test_what_is_not_even_a_message_is_counted(police, link):
    address = f"/api/v1/links/{link.code}/messages"
    police.post(address, b"a=b", content_type="text/plain")
    police.post(address, b"[]", content_type="application/json")
    police.post(address, b"x" * 70_000, content_type="application/json")
    assert codes() == {"unsupported_media_type": 1, "invalid": 1, "too_large": 1}


def test_a_bad_correction_is_counted_and_a_lost_race_is_none(post, police):
    post(envelope())
    case = "/api/v1/incidents/20261122-000001"
    tag = police.get(case)["ETag"]
    police.patch(case, {"urgency": "99"}, format="json", headers={"If-Match": tag})
    police.patch(case, {"urgency": "0"}, format="json")
    police.patch(case, {"urgency": "0"}, format="json", headers={"If-Match": '"0"'})
    assert codes() == {"invalid": 1, "precondition_required": 1}
    answer = police.patch(case, {"urgency": "0"}, format="json", headers={"If-Match": tag})
    assert answer.status_code == 201
    assert RefusalRun.objects.get().in_a_row == 0


def test_readings_are_counted_whether_the_batch_or_one_of_them_is_refused(city):
    link = room_link("city", municipality=city).link
    address, client = f"/api/v1/links/{link.code}/readings", api_client(link, "city")
    client.post(address, {"readings": "no"}, format="json")
    unknown = {"sensor": "W-0", "at": timezone.now().isoformat(), "value": 1}
    client.post(address, {"readings": [unknown, unknown]}, format="json")
    assert codes() == {"invalid": 1, "reading_refused": 2}


def test_ten_in_a_row_ring_until_a_message_is_taken(post, link):
    kept = envelope(msg_id="kept")
    post(kept)
    for _ in range(refusals.TOO_MANY - 1):
        post(wrong())
    assert standing("link.refusing") == []
    post(wrong())
    (alarm,) = standing("link.refusing")
    assert (alarm.subject_id, alarm.detail["in_a_row"]) == (link.code, 10)
    assert alarm.detail["codes"] == ["invalid"]
    post(kept)
    assert standing("link.refusing"), "what was taken long ago is not taken again"
    post(envelope(receipt_no="20261122-000002"))
    assert standing("link.refusing") == []


def test_a_suspended_link_refuses_by_decision_and_does_not_ring(post, link):
    Link.objects.update(state=LinkState.SUSPENDED)
    for _ in range(refusals.TOO_MANY):
        assert post(envelope()).status_code == 403
    assert codes() == {"link_closed": 10}
    assert standing("link.refusing") == []


def test_a_forged_sender_is_audited_and_rings_for_an_hour(city):
    link = make_link(city)
    CapSource.objects.create(link=link, senders=["own.example"])
    client = api_client(link, "disaster")
    forged = alert(identifier="F-1", sender="other.example")
    answer = client.post(f"/api/v1/links/{link.code}/cap", forged, content_type="application/xml")
    assert answer.status_code == 403
    row = RefusedMessages.objects.get()
    assert (row.code, row.message_id, row.reason) == ("cap_sender", "F-1", "sender")
    record = Record.objects.get(action="link.sender_forged")
    assert record.subject_id == link.code
    assert record.detail == {"link": link.code, "sender": "other.example", "message_id": "F-1"}
    (alarm,) = standing("link.sender_forged")
    assert (alarm.subject_id, alarm.detail["message_id"]) == (link.code, "F-1")
    RefusedMessages.objects.update(last_at=timezone.now() - HOUR)
    assert standing("link.sender_forged") == []


def test_what_is_held_back_is_told_for_an_hour_and_rings_when_it_goes_on(post, link):
    Link.objects.update(rate_per_s=0.01, burst=1)
    assert [post(envelope()).status_code for _ in range(3)] == [201, 429, 429]
    assert buckets.held_back([link]) == {link.pk: 2}
    assert standing("link.held_back") == []
    now = timezone.now()
    for minutes in (1, 2):
        HeldBack.objects.create(
            key=buckets.link_key(link.pk), minute=now - timedelta(minutes=minutes), count=5
        )
    (alarm,) = standing("link.held_back")
    assert (alarm.subject_id, alarm.detail) == (link.code, {"held_back": 12})
    HeldBack.objects.filter(count=5).delete()
    assert standing("link.held_back") == []
    assert buckets.held_back([link], now=now + HOUR) == {}


def test_an_agency_reads_what_was_refused_on_its_own_links_alone(post, police, other_link, link):
    post(wrong(msg_id="bad-1"))
    address = f"/api/v1/links/{link.code}/refusals"
    told = police.get(address).data
    assert (told["in_a_row"], told["held_back"]) == (1, 0)
    (one,) = told["refused"]
    assert (one["code"], one["count"], one["message_id"]) == ("invalid", 1, "bad-1")
    assert one["reason"] == "schema_ver"
    assert api_client(other_link).get(address).status_code == 404


def test_hours_are_added_up_and_old_ones_forgotten(post, link):
    post(wrong(msg_id="older"))
    RefusedMessages.objects.update(
        hour=timezone.now() - 2 * HOUR, last_at=timezone.now() - 2 * HOUR, count=4
    )
    post(wrong(msg_id="newer"))
    (one,) = refusals.of_links([link])[link.pk]
    assert (one["count"], one["message_id"]) == (5, "newer")
    RefusedMessages.objects.filter(message_id="older").update(
        hour=timezone.now() - refusals.KEPT - HOUR
    )
    assert refusals.forget_old() == 1
