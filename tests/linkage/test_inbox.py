"""A message is taken in once, whole, and in the order of its case."""

from datetime import timedelta

import pytest
from django.utils import timezone

from controlroom.audit.models import Record
from controlroom.journal.models import Entry
from incidents import catalogue
from incidents.models import Incident, IncidentEvent
from linkage.choices import InboxResult
from linkage.models import Case, InboxMessage
from tests.linkage.conftest import envelope

PLACE = {"lon": 127.4, "lat": 36.4, "error_radius_m": 1, "method": "gps"}


def test_a_report_opens_an_incident_and_is_kept_raw(post, link):
    document = envelope()
    response = post(document)
    assert response.status_code == 201, response.data
    incident = Incident.objects.get()
    row = InboxMessage.objects.get()
    assert row.incident == incident
    assert document["msg_id"].encode() in bytes(row.raw)
    assert response.data["incident"]["number"] == incident.number
    assert Entry.objects.filter(kind="incident.open").count() == 1


def test_the_same_message_again_gives_the_same_answer(post):
    document = envelope()
    first, second = post(document), post({**document, "sent_at": timezone.now().isoformat()})
    assert (second.status_code, second.data) == (first.status_code, first.data)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert Incident.objects.count() == 1


def test_the_same_id_with_other_content_is_refused_and_reported(post):
    document = envelope(msg_id="m-same")
    post(document)
    document["payload"]["summary"] = "다른 내용"
    response = post(document)
    assert (response.status_code, response.data["code"]) == (409, "message_id_conflict")
    assert Record.objects.get(action="link.message_conflict").detail["message_id"] == "m-same"
    assert Entry.objects.filter(kind="link.message_conflict").exists()


@pytest.mark.parametrize("order", [(3, 1, 2), (2, 3, 1), (1, 3, 2)])
def test_versions_out_of_order_leave_the_newest(post, order):
    for version in order:
        assert post(envelope(version=version, address=f"주소 {version}")).status_code == 201
    assert Incident.objects.get().address == "주소 3"
    assert Case.objects.get().version == 3
    assert InboxMessage.objects.count() == 3


def test_a_late_older_version_is_stored_and_not_applied(post):
    post(envelope(version=2))
    response = post(envelope(version=1, address="옛 주소"))
    assert response.data["result"] == InboxResult.STALE
    assert Incident.objects.get().address != "옛 주소"


def test_a_cancel_before_its_report_waits_and_then_counts(post):
    response = post(envelope("CANCEL", version=2))
    assert (response.status_code, response.data["result"]) == (202, "filed")
    answer = post(envelope(version=1))
    assert answer.data["incident"]["status"] == "cancelled"
    assert Incident.objects.get().status == "cancelled"


def test_a_newer_report_after_a_filed_cancel_stays_open(post):
    post(envelope("CANCEL", version=2))
    assert post(envelope(version=3)).data["incident"]["status"] == "received"


def test_an_update_moves_the_place(post):
    post(envelope())
    place = {"lon": 127.41, "lat": 36.41, "error_radius_m": 20, "method": "gps"}
    post(envelope(version=2, place=place))
    assert Incident.objects.get().location.x == pytest.approx(127.41)


def test_a_units_status_comes_onto_the_timeline(post, link):
    post(envelope())
    response = post(envelope("STATUS_UPDATE", status="ARRIVED", unit="중앙12"))
    assert response.status_code == 201
    event = IncidentEvent.objects.latest("pk")
    assert (event.agent, event.text) == (link.code, "도착 · 중앙12")


def test_a_status_before_its_report_is_filed_and_then_told(post):
    assert post(envelope("STATUS_UPDATE", status="DISPATCHED")).status_code == 202
    post(envelope())
    assert IncidentEvent.objects.filter(text="출동").exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (
            {"place": {"lon": 36.4, "lat": 127.4, "error_radius_m": 1, "method": "gps"}},
            "payload.place.lon",
        ),
        ({"urgency": "9"}, "payload.urgency"),
        ({"version": 0}, "payload.version"),
        ({"summary": "가\x00나"}, "payload.summary"),
        ({"surprise": 1}, "payload.surprise"),
    ],
)
def test_a_fault_names_its_field(post, change, field):
    response = post(envelope(**change))
    assert response.status_code == 400
    assert field in response.data["errors"]
    assert not InboxMessage.objects.exists()


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_wrong_clock_is_refused(post, minutes):
    document = envelope()
    document["sent_at"] = (timezone.now() + timedelta(minutes=minutes)).isoformat()
    response = post(document)
    assert (response.status_code, response.data["code"]) == (409, "time_out_of_range")


def test_an_envelope_for_another_city_is_refused(post):
    response = post({**envelope(), "municipality_code": "99999"})
    assert response.data["code"] == "wrong_receiver"
    assert "municipality_code" in response.data["errors"]


def test_a_kind_outside_the_agreement_is_refused(post, link):
    catalogue.install()
    link.allowed_kinds = ["101"]
    link.save()
    assert post(envelope()).data["code"] == "kind_not_allowed"


def test_an_unknown_kind_is_taken_in_unmapped(post):
    post(envelope(kind_code="Z99"))
    assert not Incident.objects.get().kind.is_mapped


def test_a_drill_is_marked(post):
    post({**envelope(), "is_drill": True})
    assert Incident.objects.get().is_drill


def test_accepting_stays_within_its_queries(post, django_assert_max_num_queries):
    post(envelope())
    with django_assert_max_num_queries(34):
        post(envelope(receipt_no="20261122-000002"))
