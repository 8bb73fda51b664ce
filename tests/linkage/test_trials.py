"""A test message goes the whole way of a real one, and nobody takes it for one."""

from datetime import timedelta

import pytest
from django.utils import timezone

from controlroom.audit.models import Record
from controlroom.journal.models import Entry
from linkage import outbox, phone, trials
from linkage.choices import LinkState, OutboxState
from linkage.link_states import measure
from linkage.models import Alarm, InboxMessage, Link, OutboxMessage
from linkage.services.contracts import CONTRACTS
from linkage.services.handlers import handler_of, keep_test
from linkage.use import use_of
from linkage.watch.rounds import Auditor
from tests.linkage.conftest import drain, envelope, make_due, taken

JSON = "application/json"


@pytest.fixture(autouse=True)
def nudges(monkeypatch):
    sent = []
    monkeypatch.setattr("linkage.tasks.nudge", sent.append)
    return sent


@pytest.fixture
def address(link) -> str:
    return f"/api/v1/links/{link.code}/test-message"


@pytest.mark.django_db(transaction=True)
def test_it_is_pushed_signed_and_acknowledged_like_any_other(pushed, agency, administrator):
    message = trials.send(link=pushed, by=administrator)
    taken(pushed)
    assert drain(pushed) >= 1
    message.refresh_from_db()
    assert (message.state, message.deliveries.get().outcome) == ("acked", "acked")
    assert str(message.uid) in agency.effects
    fact = Entry.objects.get(kind="exchange.acked", subject_kind="link")
    assert (fact.subject_id, fact.data["exchange"]["type"]) == (pushed.code, "TEST")


@pytest.mark.django_db(transaction=True)
def test_many_of_them_leave_in_one_turn_beside_what_is_real(pushed, agency, haneul):
    tests = [trials.send(link=pushed) for _ in range(3)]
    assert drain(pushed) == 3
    assert {str(row.uid) for row in tests} <= set(agency.effects)


def test_an_agency_asks_for_one_and_fetches_it(police, link, address):
    made = police.post(address)
    assert made.status_code == 201
    base = f"/api/v1/links/{link.code}"
    (owed,) = police.get(f"{base}/outbound").json()["messages"]
    assert (owed["event"]["id"], owed["event"]["type"]) == (
        made.data["id"],
        "controlroom.police112.test.v1",
    )
    assert owed["event"]["data"]["is_drill"] is True
    assert owed["event"]["data"]["payload"]["asked_by"] == "agency"
    police.post(f"{base}/outbound/{made.data['id']}/ack")
    assert police.get(f"{base}/deliveries/{made.data['id']}").json()["state"] == "acked"
    assert Record.objects.get(action="link.tested").agent == link.code


def test_it_waits_for_nobody_and_no_more_than_five_wait(police, address):
    for _ in range(5):
        assert police.post(address).status_code == 201
    assert police.post(address).json()["code"] == "tests_waiting"


def test_a_link_without_drills_and_a_suspended_one_are_sent_none(police, link, address):
    Link.objects.update(allows_drills=False)
    assert police.post(address).json()["code"] == "drill_not_allowed"
    Link.objects.update(allows_drills=True, state=LinkState.SUSPENDED)
    assert police.post(address).json()["code"] == "link_closed"
    assert not OutboxMessage.objects.exists()


def test_it_is_no_use_and_no_alarm_and_no_call(link, other_link, administrator):
    Link.objects.update(phone_upto_priority=4)
    trials.send(link=link, by=administrator)
    OutboxMessage.objects.update(created_at=timezone.now() - timedelta(minutes=30))
    phone.open_due()
    Auditor().round()
    assert use_of([link], city=link.municipality)[link.pk]["triggered"] == 0
    assert outbox.give_up_expired() == 0
    OutboxMessage.objects.update(created_at=timezone.now() - timedelta(minutes=61))
    assert outbox.give_up_expired() == 1
    phone.open_due()
    Auditor().round()
    assert OutboxMessage.objects.get().state == OutboxState.DEAD
    assert not Alarm.objects.filter(subject_kind="link").exists()
    assert not phone.overdue().unasked


def test_it_does_not_wake_a_dormant_link_that_only_tells(link, other_link, post):
    post(envelope())
    ages_ago = timezone.now() - timedelta(days=90)
    Link.objects.filter(pk=other_link.pk).update(direction="out", created_at=ages_ago)
    trials.send(link=other_link)
    assert measure() == [other_link.code]


@pytest.mark.django_db(transaction=True)
def test_one_that_fails_breaks_no_line_and_is_tried_again(pushed, agency):
    agency.set_fault({"mode": "error500", "times": 4})
    message = trials.send(link=pushed)
    for _ in range(4):
        make_due()
        drain(pushed)
    pushed.refresh_from_db()
    assert (pushed.state, pushed.failures) == (LinkState.UP, 0)
    make_due()
    drain(pushed)
    message.refresh_from_db()
    assert message.state == OutboxState.ACKED


@pytest.mark.parametrize(("person", "status"), [("supervisor", 201), ("haneul", 403)])
def test_the_centre_sends_one_from_the_link_console(client, request, city, link, person, status):
    client.force_login(request.getfixturevalue(person))
    base = f"/m/{city.code}/linkage/console/{link.code}/"
    assert client.post(f"{base}test/", {}, content_type=JSON).status_code == status
    rows = client.get(f"{base}messages/").json()["messages"]
    assert [(row["type"], row["is_drill"]) for row in rows] == [("TEST", True)] * (status == 201)


def test_the_agencies_of_every_service_may_send_one_and_nothing_comes_of_it(post, link):
    assert all("TEST" in contract.schemas for contract in CONTRACTS.values())
    assert {handler_of(service, "TEST") for service in CONTRACTS} == {keep_test}
    answer = post(envelope("TEST", receipt_no="T-1", text="방화벽 교체 뒤 확인"))
    assert (answer.status_code, answer.data["result"]) == (201, "unchanged")
    assert "Location" not in answer
    assert InboxMessage.objects.get().incident is None
