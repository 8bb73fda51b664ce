"""A silent line becomes a telephone call, and its return no second telling."""

from datetime import timedelta

import pytest
from django.utils import timezone

from controlroom.audit.models import Record
from controlroom.journal.models import Entry
from incidents import lifecycle
from incidents.models import Incident
from linkage import outbox, phone, tasks
from linkage.choices import LinkState, OutboxState, PhoneState
from linkage.models import Link, OutboxMessage, PhoneTask
from tests.linkage.conftest import api_client, drain, make_due, taken

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quiet_broker(monkeypatch):
    monkeypatch.setattr("linkage.tasks.nudge", lambda _link: None)
    monkeypatch.setattr("linkage.tasks.nudge_urgently", lambda _link: None)


def urgent(link, haneul, *, priority=1, receipt_no="20261122-000001") -> OutboxMessage:
    incident = taken(link, receipt_no=receipt_no)
    Incident.objects.filter(pk=incident.pk).update(priority=priority)
    incident.refresh_from_db()
    lifecycle.acknowledge(incident=incident, by=haneul)
    return OutboxMessage.objects.get(incident=incident)


def let_pass(seconds: int) -> None:
    for message in OutboxMessage.objects.all():
        message.created_at -= timedelta(seconds=seconds)
        message.save(update_fields=["created_at"])


def asked(link, haneul) -> PhoneTask:
    urgent(link, haneul)
    let_pass(61)
    tasks.sweep()
    return PhoneTask.objects.get()


def call(task, by, **changes) -> PhoneTask:
    told = {"who": "박 경위", "at": timezone.now(), "said": "접수 확인을 전화로 알림"}
    return phone.done(task=task, by=by, **told | changes)


def test_an_urgent_message_without_an_acknowledgement_asks_for_a_call_once(link, haneul):
    message = urgent(link, haneul)
    let_pass(50)
    assert phone.open_due() == 0
    let_pass(11)
    assert (phone.open_due(), phone.open_due()) == (1, 0)
    task = PhoneTask.objects.get()
    assert (task.state, task.message_id) == (PhoneState.OPEN, message.pk)
    fact = Entry.objects.get(kind="phone.asked")
    assert (fact.subject_kind, fact.subject_id) == ("incident", str(message.incident_id))
    assert fact.data["task"]["phone"] == "112"


@pytest.mark.parametrize(("upto", "priority", "count"), [(1, 2, 0), (2, 2, 1), (0, 1, 0)])
def test_how_urgent_is_urgent_is_the_links_own(link, haneul, upto, priority, count):
    Link.objects.update(phone_upto_priority=upto)
    urgent(link, haneul, priority=priority)
    let_pass(61)
    assert phone.open_due() == count


def test_a_suspended_link_is_not_told_by_telephone_either(link, haneul):
    urgent(link, haneul)
    let_pass(61)
    Link.objects.update(state=LinkState.SUSPENDED)
    assert phone.open_due() == 0


def test_what_the_line_gave_up_is_telephoned_at_once_and_not_offered_again(pushed, agency, haneul):
    agency.set_fault({"mode": "refuse", "times": 1})
    urgent(pushed, haneul)
    drain(pushed)
    assert phone.open_due() == 1
    call(PhoneTask.objects.get(), haneul)
    make_due()
    assert drain(pushed) == 0
    assert OutboxMessage.objects.get().state == OutboxState.MANUAL_FALLBACK


def test_after_the_call_the_returning_line_reconciles_and_the_agency_counts_once(
    pushed, agency, haneul
):
    agency.set_fault({"mode": "no_ack", "times": 1})
    message = urgent(pushed, haneul)
    drain(pushed)
    let_pass(61)
    phone.open_due()
    call(PhoneTask.objects.get(), haneul)
    message.refresh_from_db()
    assert message.state == OutboxState.MANUAL_FALLBACK
    assert Record.objects.filter(action="exchange.told_by_phone").count() == 1
    make_due()
    assert drain(pushed) == 1
    message.refresh_from_db()
    task = PhoneTask.objects.get()
    assert (message.state, task.state) == (OutboxState.RECONCILED, PhoneState.RECONCILED)
    assert task.reconciled_at == message.acked_at
    assert (agency.deliveries, len(agency.effects)) == (2, 1)
    kinds = ["phone.asked", "phone.done", "phone.reconciled"]
    assert list(Entry.objects.filter(kind__in=kinds).values_list("kind", flat=True)) == kinds


def test_the_line_says_that_it_was_told_by_telephone(pushed, agency, haneul):
    task = asked(pushed, haneul)
    call(task, haneul)
    make_due()
    drain(pushed)
    (event,) = agency.effects.values()
    assert event["id"] == str(task.message.uid)
    assert event["data"]["told_by_phone_at"]


def test_later_messages_of_the_incident_wait_for_the_one_told_by_telephone(pushed, agency, haneul):
    agency.set_fault({"mode": "error500", "times": 1})
    message = urgent(pushed, haneul)
    drain(pushed)
    let_pass(61)
    phone.open_due()
    call(PhoneTask.objects.get(), haneul)
    lifecycle.claim(incident=message.incident, by=haneul)
    assert drain(pushed) == 0
    make_due()
    drain(pushed)
    told = [event["data"]["payload"]["status"] for event in agency.effects.values()]
    assert told == ["ACKNOWLEDGED", "ACCEPTED"]


def test_a_line_that_returns_first_withdraws_the_task_and_a_late_record_is_kept(link, haneul):
    task = asked(link, haneul)
    outbox.acknowledge(link=link, uid=task.message.uid)
    task.refresh_from_db()
    assert task.state == PhoneState.WITHDRAWN
    call(task, haneul)
    task.refresh_from_db()
    assert task.state == PhoneState.RECONCILED
    assert OutboxMessage.objects.get().state == OutboxState.RECONCILED


def test_a_fetching_agency_is_still_offered_what_it_was_told_by_telephone(link, haneul):
    task = asked(link, haneul)
    call(task, haneul)
    police = api_client(link)
    (row,) = police.get(f"/api/v1/links/{link.code}/outbound").json()["messages"]
    assert row["event"]["id"] == str(task.message.uid)
    answer = police.post(f"/api/v1/links/{link.code}/outbound/{task.message.uid}/ack")
    assert answer.json()["state"] == "reconciled"
    assert police.get(f"/api/v1/links/{link.code}/outbound").json()["messages"] == []


def test_what_nobody_asked_for_or_telephoned_is_overdue(link, haneul):
    urgent(link, haneul)
    let_pass(95)
    found = phone.overdue()
    assert (len(found.unasked), found.uncalled) == (1, [])
    phone.open_due()
    PhoneTask.objects.update(asked_at=timezone.now() - timedelta(minutes=4))
    found = phone.overdue()
    assert (found.unasked, len(found.uncalled)) == ([], 1)


def test_an_operator_sees_the_task_and_records_the_call(client, haneul, city, link):
    task = asked(link, haneul)
    client.force_login(haneul)
    address = f"/m/{city.code}/linkage/phone-tasks/"
    (row,) = client.get(address).json()["tasks"]
    assert (row["id"], row["state"], row["agency"]) == (task.pk, "open", str(link.agency))
    said = {"who": "박 경위", "at": timezone.now().isoformat(), "said": "알림"}
    answer = client.post(f"{address}{task.pk}/done/", said, content_type="application/json")
    assert answer.status_code == 200, answer.content
    told = answer.json()["task"]
    assert (told["state"], told["who"], told["by"]["name"]) == ("done", "박 경위", "haneul")
    assert client.get(address + "?state=open").json()["tasks"] == []
    again = client.post(f"{address}{task.pk}/done/", said, content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (409, "already_telephoned")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("who", ""),
        ("who", "   "),
        ("said", ""),
        ("at", "yesterday"),
        ("at", "2031-01-01T00:00:00+09:00"),
        ("at", "2020-01-01T00:00:00+09:00"),
    ],
)
def test_a_record_that_lacks_something_names_the_field(client, haneul, city, link, field, value):
    task = asked(link, haneul)
    client.force_login(haneul)
    said = {"who": "박 경위", "at": timezone.now().isoformat(), "said": "알림", field: value}
    answer = client.post(
        f"/m/{city.code}/linkage/phone-tasks/{task.pk}/done/", said, content_type="application/json"
    )
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert PhoneTask.objects.get().state == PhoneState.OPEN


def test_only_who_works_on_incidents_here_records_a_call(
    client, haneul, bada, stranger, city, other_city, link
):
    task = asked(link, haneul)
    paths = {
        bada: (city.code, 403),
        stranger: (city.code, 404),
    }
    for user, (code, status) in paths.items():
        client.force_login(user)
        address = f"/m/{code}/linkage/phone-tasks/"
        assert client.get(address).status_code == status
        assert client.post(f"{address}{task.pk}/done/").status_code == status
    client.force_login(stranger)
    own = f"/m/{other_city.code}/linkage/phone-tasks/{task.pk}/done/"
    assert client.post(own).status_code == 404
