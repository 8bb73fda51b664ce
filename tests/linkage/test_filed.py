"""The centre reports to an agency; its number there comes back as a case of ours."""

import pytest
from django.utils import timezone

from controlroom.errors import Invalid, NotAllowed
from incidents import lifecycle
from incidents.models import Incident, IncidentLink, Kind
from linkage.choices import OutboxState
from linkage.errors import LinkClosed
from linkage.models import Case, FiledReport, Link, OutboxMessage
from tests.linkage.conftest import envelope
from tests.linkage.services.police112.conftest import report_to

NUMBER = "20261122-900001"


def answered(report, **changes):
    said = {"receipt_no": NUMBER, "report_no": str(report.uid)} | changes
    return {
        **envelope("ACK", **said),
        "correlation_id": str(report.message.uid),
    }


@pytest.fixture
def ours(city, haneul) -> Incident:
    """Give an incident that the centre itself has found."""
    kind = Kind.objects.create(
        service="city", code="C02", name_ko="폭력 의심", name_en="suspected violence"
    )
    return lifecycle.open_incident(
        municipality=city,
        service="city",
        kind=kind,
        place=None,
        occurred_at=timezone.now(),
        by=haneul,
    )


def test_a_report_of_a_place_becomes_an_incident_and_an_obligation(link, haneul):
    report = report_to(link, haneul)
    message = OutboxMessage.objects.get(message_type="EVENT_NOTIFY")
    assert message.payload["report_no"] == str(report.uid)
    assert message.payload["summary"] == "시장 앞 다툼"
    assert message.payload["place"]["lon"] == 127.4
    assert report.incident.events.filter(verb="agency-report", actor=haneul).exists()


def test_the_agencys_number_comes_back_as_a_case(link, haneul, post):
    report = report_to(link, haneul)
    response = post(answered(report))
    assert response.status_code == 201, response.data
    case = Case.objects.get()
    assert (case.external_id, case.incident) == (NUMBER, report.incident)
    report.refresh_from_db()
    assert report.case == case
    report.message.refresh_from_db()
    assert report.message.state == OutboxState.ANSWERED


def test_the_same_number_again_changes_nothing(link, haneul, post):
    report = report_to(link, haneul)
    post(answered(report))
    assert post(answered(report)).data["result"] == "unchanged"
    assert Case.objects.count() == 1


def test_an_answer_to_no_report_of_ours_is_filed(link, post):
    document = envelope("ACK", receipt_no=NUMBER, report_no="00000000-0000-0000-0000-000000000000")
    assert post(document).status_code == 202


def test_what_the_agency_says_of_it_afterwards_is_on_the_timeline(link, haneul, post):
    report = report_to(link, haneul)
    post(answered(report))
    for body in (
        envelope(receipt_no=NUMBER, summary="순찰차 2대 배치"),
        envelope("STATUS_UPDATE", receipt_no=NUMBER, status="ARRIVED", unit="중앙12"),
        envelope("CANCEL", receipt_no=NUMBER, version=3, reason="중복 접수"),
    ):
        assert post(body).status_code == 201
    texts = " ".join(report.incident.events.values_list("text", flat=True))
    assert "순찰차 2대 배치" in texts
    assert "중앙12" in texts
    assert "중복 접수" in texts
    assert Incident.objects.count() == 1


def test_the_agency_is_told_of_the_incident_once_it_has_its_number(link, haneul, post):
    report = report_to(link, haneul)
    post(answered(report))
    lifecycle.claim(incident=report.incident, by=haneul)
    assert OutboxMessage.objects.filter(message_type="STATUS_UPDATE", case_number=NUMBER).exists()


def test_an_incident_of_the_centre_is_reported_as_itself(ours, link, haneul):
    report = report_to(link, haneul, incident=ours, place=None)
    assert report.incident == ours
    assert Incident.objects.count() == 1


@pytest.mark.parametrize("relation", ["co_response", "transfer"])
def test_co_response_and_transfer_are_links_between_two_incidents(ours, link, haneul, relation):
    report = report_to(link, haneul, incident=ours, place=None, relation=relation)
    join = IncidentLink.objects.get()
    assert (join.incident, join.other, join.kind) == (ours, report.incident, relation)
    ours.refresh_from_db()
    assert ours.ended_at is None
    assert OutboxMessage.objects.get(link=link).message_type == relation.upper()


def test_an_agency_that_knew_of_it_keeps_its_own_incident(link, haneul, post):
    post(envelope(receipt_no=NUMBER))
    known = Incident.objects.get()
    report = report_to(link, haneul)
    post(answered(report))
    assert Case.objects.get().incident == known
    assert IncidentLink.objects.get(kind="related").other == known


def test_the_room_says_that_two_are_answered_together(link, haneul, post):
    post(envelope(receipt_no=NUMBER))
    other = report_to(link, haneul).incident
    post(envelope("CO_RESPONSE", receipt_no=NUMBER, text="함께 대응", incident_number=other.number))
    assert IncidentLink.objects.get().other == other


def test_a_report_needs_a_text_and_a_place(link, haneul):
    with pytest.raises(Invalid) as refusal:
        report_to(link, haneul, text=" ", place=None)
    assert set(refusal.value.fields) == {"text", "incident"}


def test_a_closed_line_takes_no_report_and_opens_no_incident(link, haneul):
    link.state = "suspended"
    link.save()
    with pytest.raises(LinkClosed):
        report_to(link, haneul)
    assert not Incident.objects.exists()


def test_who_only_reads_reports_nothing(link, bada):
    with pytest.raises(NotAllowed):
        report_to(link, bada)


def test_the_console_reports_and_lists(ours, link, client, haneul, city):
    Kind.objects.create(service="police112", code="201", name_ko="폭력", name_en="assault")
    client.force_login(haneul)
    body = {"to": link.code, "incident": str(ours.pk), "kind": "201", "text": "시장 앞 다툼"}
    path = f"/m/{city.code}/linkage/reports/"
    answer = client.post(path, body, content_type="application/json")
    assert answer.status_code == 201, answer.content
    found = client.get(f"/m/{city.code}/linkage/incidents/{ours.pk}/reports/").json()
    assert found["reports"][0]["state"] == "queued"
    assert found["links"] == [
        {
            "code": link.code,
            "name": str(link.agency),
            "service": "police112",
            "takes_drills": link.allows_drills,
        }
    ]
    assert FiledReport.objects.get().filed_by == haneul


def test_a_place_is_reported_as_a_drill_to_who_takes_drills(client, haneul, city, link):
    Kind.objects.create(service="police112", code="201", name_ko="폭력", name_en="assault")
    client.force_login(haneul)
    body = {
        "to": link.code,
        "kind": "201",
        "text": "훈련 신고",
        "place": {"lon": 127.38, "lat": 36.35},
        "is_drill": True,
    }
    path = f"/m/{city.code}/linkage/reports/"
    Link.objects.update(allows_drills=False)
    refused = client.post(path, body, content_type="application/json")
    assert (refused.status_code, list(refused.json()["errors"])) == (409, ["to"])
    assert not Incident.objects.exists()
    Link.objects.update(allows_drills=True)
    assert client.post(path, body, content_type="application/json").status_code == 201
    assert Incident.objects.get().is_drill


def test_another_citys_link_is_no_link_here(client, haneul, city, other_link):
    client.force_login(haneul)
    body = {"to": other_link.code, "kind": "201", "text": "가", "place": {"lon": 127, "lat": 36}}
    path = f"/m/{city.code}/linkage/reports/"
    assert client.post(path, body, content_type="application/json").status_code == 400
