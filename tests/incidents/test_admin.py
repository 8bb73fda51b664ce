"""What an administrator keeps, and what even they cannot edit."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from controlroom.accounts.models import User
from controlroom.audit.models import Record
from incidents import lifecycle
from incidents.choices import KindClass, Priority, Service
from incidents.models import Kind, PriorityRule
from incidents.reports import kind_of
from incidents.statuses import Status
from tests.incidents.conftest import make_incident, taken

pytestmark = pytest.mark.django_db


@pytest.fixture
def keeper(client, administrator):
    client.force_login(administrator)
    return client


@pytest.fixture
def leader(client, supervisor):
    client.force_login(supervisor)
    return client


def listed(name):
    return reverse(f"admin:incidents_{name}_changelist")


def one(name, row):
    return reverse(f"admin:incidents_{name}_change", args=[row.pk])


def act(client, action, rows, **sent):
    body = {"action": action, "_selected_action": [str(row.pk) for row in rows], **sent}
    return client.post(listed("incident"), body, follow=action == "reopen")


def test_an_administrator_maps_a_kind_that_came_unmapped(keeper, administrator):
    kind = kind_of(Service.POLICE112, "Z99")
    assert "Z99" in keeper.get(listed("kind"), {"is_mapped__exact": "0"}).content.decode()
    body = {
        "name_ko": "드론",
        "name_en": "drone",
        "kind_class": KindClass.ORDER,
        "is_mapped": "on",
        "priorityrule_set-TOTAL_FORMS": "1",
        "priorityrule_set-INITIAL_FORMS": "0",
        "priorityrule_set-0-urgency": "1",
        "priorityrule_set-0-priority": "2",
    }
    answer = keeper.post(one("kind", kind), body)
    assert answer.status_code == 302, answer.content.decode()
    kind.refresh_from_db()
    assert (kind.code, kind.name_en, kind.is_mapped) == ("Z99", "drone", True)
    rule = PriorityRule.objects.get()
    assert (rule.service, rule.kind, rule.urgency, rule.priority) == (
        Service.POLICE112, kind, "1", Priority.P2,
    )  # fmt: skip
    assert Record.objects.get(action="policy.changed").actor == administrator


def test_an_edited_rule_decides_the_next_report(keeper, city, robbery, rule):
    assert taken(city).incident.priority == 1
    body = {"service": "police112", "kind": robbery.pk, "urgency": "1", "priority": "3"}
    assert keeper.post(one("priorityrule", rule), body).status_code == 302
    assert taken(city, external_id="112-2").incident.priority == 3
    history = keeper.get(reverse("admin:incidents_priorityrule_history", args=[rule.pk]))
    assert history.status_code == 200


def test_a_rule_for_a_kind_of_another_service_is_refused(keeper, robbery):
    body = {"service": "fire119", "kind": robbery.pk, "urgency": "", "priority": "1"}
    answer = keeper.post(reverse("admin:incidents_priorityrule_add"), body)
    assert answer.status_code == 200
    assert not PriorityRule.objects.exists()


def test_a_kind_in_use_is_not_deleted(keeper, incident, robbery):
    address = reverse("admin:incidents_kind_delete", args=[robbery.pk])
    assert keeper.post(address, {"post": "yes"}).status_code == 403
    assert Kind.objects.filter(pk=robbery.pk).exists()


def test_an_operator_or_auditor_keeps_no_policy(client, haneul, bada, robbery):
    for person in (haneul, bada):
        client.force_login(person)
        assert client.get(listed("kind")).status_code in {302, 403}
        assert client.post(one("kind", robbery), {"name_ko": "x"}).status_code in {302, 403}


def test_a_supervisor_reads_the_incidents_of_the_own_city(leader, city, other_city, robbery):
    own, other = make_incident(city, robbery), make_incident(other_city, robbery, address="딴데")
    page = leader.get(listed("incident")).content.decode()
    assert own.number in page
    assert "딴데" not in page
    assert leader.get(one("incident", own)).status_code == 200
    assert leader.get(one("incident", other)).status_code == 302


def test_no_status_is_edited_in_the_admin(leader, incident):
    answer = leader.post(one("incident", incident), {"status": Status.CLOSED})
    assert answer.status_code == 403
    assert leader.get(reverse("admin:incidents_incident_add")).status_code == 403
    incident.refresh_from_db()
    assert incident.status == Status.RECEIVED


def test_reports_are_read_raw_and_never_edited(leader, city, robbery):
    report = taken(city).incident.reports.get()
    assert "112-1" in leader.get(listed("report")).content.decode()
    assert leader.get(one("report", report)).status_code == 200
    assert leader.post(one("report", report), {"version": 9}).status_code == 403


def test_reopening_is_done_by_the_verb_and_needs_a_reason(leader, supervisor, incident):
    lifecycle.cancel(incident=incident, agent="police112")
    act(leader, "reopen", [incident])
    incident.refresh_from_db()
    assert incident.status == Status.CANCELLED
    act(leader, "reopen", [incident], reason="다시 확인")
    incident.refresh_from_db()
    assert incident.status == Status.ACKNOWLEDGED
    event = incident.events.last()
    assert (event.verb, event.actor, event.text) == ("reopen", supervisor, "다시 확인")


def test_a_superuser_without_a_role_in_the_city_reopens_nothing(client, incident):
    client.force_login(User.objects.create_superuser("root", password="x"))
    lifecycle.cancel(incident=incident, agent="police112")
    page = act(client, "reopen", [incident], reason="x").content.decode()
    incident.refresh_from_db()
    assert incident.status == Status.CANCELLED
    assert incident.number in page


def test_the_export_quotes_formulas_gives_offsets_and_is_on_record(leader, city, robbery):
    rows = [make_incident(city, robbery, address="=HYPERLINK(1)"), make_incident(city, robbery)]
    answer = act(leader, "export_csv", rows)
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith("\ufeff")
    assert "'=HYPERLINK(1)" in text
    assert "+09:00" in text
    assert len(text.splitlines()) == 3
    assert Record.objects.get(action="incidents.exported").detail == {"count": 2}


@pytest.mark.parametrize("name", ["incident", "report", "kind", "priorityrule"])
def test_the_lists_search_and_filter(leader, city, robbery, rule, name):
    taken(city)
    assert leader.get(listed(name), {"q": "112"}).status_code == 200


def test_the_list_of_incidents_takes_as_many_queries_for_50_as_for_1(
    leader, city, robbery, django_assert_num_queries
):
    make_incident(city, robbery)
    leader.get(listed("incident"))
    with CaptureQueriesContext(connection) as once:
        leader.get(listed("incident"))
    for _number in range(50):
        make_incident(city, robbery)
    with django_assert_num_queries(len(once)):
        leader.get(listed("incident"))
