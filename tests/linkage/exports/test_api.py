"""Recorded video asked for by the agency API: the request, its letter, how it stands, its end."""

import json
from datetime import timedelta

import pytest

from incidents.features import moment
from linkage.envelopes import SENT_WITH, cloud_event
from linkage.exports import requests
from linkage.models import ExportRequest, OutboxMessage
from linkage.services.contracts import TOLD_WITHOUT_CASE
from tests.linkage.conftest import api_client, drain
from tests.linkage.exports.conftest import BASIS, LETTER

pytestmark = pytest.mark.django_db


@pytest.fixture
def doors(police, link, camera, recorded):
    """Ask, hand in the letter, read: each gives the answer."""

    class Doors:
        base = f"/api/v1/links/{link.code}/exports"
        said = {
            "receipt_no": "20261122-000001",
            "since": moment(recorded),
            "until": moment(recorded + timedelta(seconds=2)),
            "cameras": [camera.pk],
            "purpose": "중앙로 폭행 사건 수사",
            "legal_basis": BASIS,
        }

        def ask(self, *, key="", by=police, **changes):
            headers = {"Idempotency-Key": key} if key else {}
            said = {**self.said, **changes}
            return by.post(self.base, said, format="json", headers=headers)

        def letter(self, export, *, body=LETTER, query="number=112-7&name=a.pdf"):
            return police.post(
                f"{self.base}/{export}/letter?{query}",
                body,
                content_type="application/octet-stream",
            )

        def read(self, rest="", by=police):
            return by.get(f"{self.base}{rest}")

        def post(self, rest, said=None):
            body = json.dumps(said) if said is not None else ""
            return police.post(f"{self.base}{rest}", body, content_type="application/json")

    return Doors()


def test_a_request_is_asked_for_once_submitted_with_its_letter_and_read(doors, camera):
    first = doors.ask(key="k-1")
    assert first.status_code == 201, first.data
    again = doors.ask(key="k-1")
    assert (again.data, again["Idempotency-Replayed"]) == (first.data, "true")
    assert ExportRequest.objects.count() == 1
    name = first.data["export"]
    assert first.data["state"] == "DRAFT"
    for _time in range(2):
        submitted = doors.letter(name)
        assert (submitted.status_code, submitted.data["state"]) == (200, "SUBMITTED")
    other = doors.letter(name, body=LETTER + b"x")
    assert (other.status_code, other.data["code"]) == (409, "export_state")
    assert doors.read(f"/{name}").data["cameras"][0]["camera"] == camera.pk
    assert [row["export"] for row in doors.read("?limit=1").data["exports"]] == [name]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"cameras": []}, "cameras"),
        ({"cameras": [7_777_777]}, "cameras"),
        ({"legal_basis": "ACT-112"}, "basis"),
        ({"since": "2026-11-28T10:00:00"}, "since"),
        ({"until": "2020-01-01T00:00:00+09:00"}, "until"),
        ({"purpose": ""}, "purpose"),
        ({"incident_number": "20261122-9999"}, "incident_number"),
        ({"extra": 1}, "extra"),
    ],
)
def test_a_refusal_names_the_field_and_keeps_nothing(doors, changes, field):
    refused = doors.ask(**changes)
    assert refused.status_code == 400
    assert list(refused.data["errors"]) == [field]
    assert not ExportRequest.objects.exists()


def test_a_letter_that_is_none_is_refused_and_the_request_stays(doors):
    name = doors.ask().data["export"]
    for options in ({"body": b"MZ"}, {"query": "number=&name=a.pdf"}, {"query": "number=1"}):
        refused = doors.letter(name, **options)
        assert refused.status_code == 400, refused.data
        assert set(refused.data["errors"]) <= {"letter", "letter_number"}
    assert doors.read(f"/{name}").data["state"] == "DRAFT"


def test_another_agency_finds_nothing(doors, other_link):
    name = doors.ask().data["export"]
    stranger = api_client(other_link)
    assert doors.read("", by=stranger).status_code == 404
    assert doors.read(f"/{name}", by=stranger).status_code == 404
    assert stranger.get(f"/api/v1/links/{other_link.code}/exports/{name}").status_code == 404
    assert doors.read("/x").status_code == 404


def test_an_agency_takes_its_request_back_until_a_machine_has_begun(doors, resident):
    name = doors.ask().data["export"]
    assert doors.post(f"/{name}/cancel").data["state"] == "WITHDRAWN"
    assert doors.post(f"/{name}/cancel").data["code"] == "export_state"
    name = doors.ask().data["export"]
    ExportRequest.objects.filter(reference=name).update(
        state="extracting", approved_by=resident, letter=b"x", letter_number="1"
    )
    assert doors.post(f"/{name}/cancel").status_code == 409


def test_what_becomes_of_it_is_told_and_carries_states_only(doors, release, link):
    export, _made, _phrase = release(views=2)
    said = doors.read(f"/{export.reference}").data
    assert said["page"] == f"/agency/{link.code}/exports/{export.reference}/"
    assert (said["views"], said["views_used"]) == (2, 0)
    told = OutboxMessage.objects.filter(message_type="EXPORT").latest("pk")
    event = cloud_event(OutboxMessage.objects.select_related(*SENT_WITH).get(pk=told.pk))
    assert event["type"] == "controlroom.police112.export.v1"
    assert event["data"]["withheld"] == []
    payload = event["data"]["payload"]
    assert payload["state"] == "RELEASED"
    assert set(payload) <= set(TOLD_WITHOUT_CASE["EXPORT"]["properties"])
    assert set(TOLD_WITHOUT_CASE["EXPORT"]["required"]) <= set(payload)


def test_the_copies_are_confirmed_as_destroyed(doors, release):
    name = doors.ask().data["export"]
    early = doors.post(f"/{name}/copies-destroyed", {"who": "정 주임"})
    assert early.status_code == 409
    export, _made, _phrase = release()
    done = doors.post(f"/{export.reference}/copies-destroyed", {"who": "정 주임"})
    assert done.status_code == 200, done.data
    assert done.data["copies_destroyed_at"]
    export.refresh_from_db()
    assert export.copies_destroyed_by == "정 주임"


@pytest.mark.django_db(transaction=True)
def test_the_message_reaches_the_agency(agency, pushed, camera, recorded, resident):
    export = requests.draft(
        link=pushed,
        since=recorded,
        until=recorded + timedelta(seconds=2),
        cameras=[camera.pk],
        purpose="중앙로 폭행 사건 수사",
        basis=BASIS,
    )
    requests.attach_letter(export=export, number="1", name="a.pdf", body=LETTER)
    requests.submit(export=export)
    requests.reject(export=export, by=resident, reason="공문 불일치")
    drain(pushed)
    (event,) = agency.effects.values()
    assert event["data"]["payload"]["state"] == "REJECTED"
    assert event["data"]["payload"]["reason"] == "공문 불일치"
