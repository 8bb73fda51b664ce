"""What we owe is delivered in order, acknowledged by its body or tried again, over real HTTP."""

import contextlib
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from controlroom.journal.models import Entry
from incidents import lifecycle
from incidents.models import Incident
from linkage import delivery, inbox, outbox, replays, transport
from linkage.choices import LinkState, OutboxState, Outcome
from linkage.links import new_webhook_secret, rotate_webhook_secret, signing_secrets
from linkage.models import DeliveryAttempt, Link, OutboxMessage
from linkage.wire import canonical
from tests.linkage.conftest import drain, envelope, make_due, taken

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nudges(monkeypatch):
    """Collect nudges: these tests deliver by hand; the broker has its own live test."""
    sent = []
    monkeypatch.setattr("linkage.tasks.nudge", sent.append)
    monkeypatch.setattr("linkage.tasks.nudge_urgently", sent.append)
    return sent


def test_an_acknowledgement_reaches_the_agency_signed(pushed, agency, haneul, nudges):
    incident = taken(pushed)
    lifecycle.acknowledge(incident=incident, by=haneul)
    assert nudges == [pushed.pk]
    assert drain(pushed) == 1
    message = OutboxMessage.objects.get()
    assert message.state == OutboxState.ACKED
    event = agency.effects[str(message.uid)]
    assert event["data"]["payload"]["status"] == "ACKNOWLEDGED"
    assert event["data"]["payload"]["incident_number"] == incident.number
    assert Entry.objects.get(kind="exchange.acked").subject_id == str(incident.pk)


def test_nothing_is_owed_when_the_fact_rolls_back(pushed, haneul, nudges):
    incident = taken(pushed)
    with transaction.atomic():
        lifecycle.acknowledge(incident=incident, by=haneul)
        transaction.set_rollback(True)
    assert not OutboxMessage.objects.exists()
    assert nudges == []


def test_messages_of_one_incident_keep_their_order(pushed, agency, haneul):
    incident = taken(pushed)
    lifecycle.claim(incident=incident, by=haneul)
    lifecycle.close(incident=incident, by=haneul, result="resolved")
    agency.set_fault({"mode": "error500", "times": 1})
    assert drain(pushed) == 1
    assert OutboxMessage.objects.pending().count() == 3
    make_due()
    drain(pushed)
    told = [event["data"]["payload"]["status"] for event in agency.effects.values()]
    assert told == ["ACKNOWLEDGED", "ACCEPTED", "CLOSED"]


def test_the_urgent_goes_first(pushed, agency, haneul):
    calm = taken(pushed, receipt_no="1", urgency="4")
    urgent = taken(pushed, receipt_no="2", urgency="0")
    Incident.objects.filter(pk=calm.pk).update(priority=3)
    Incident.objects.filter(pk=urgent.pk).update(priority=1)
    for incident in (calm, urgent):
        incident.refresh_from_db()
        lifecycle.acknowledge(incident=incident, by=haneul)
    drain(pushed)
    told = [event["subject"] for event in agency.effects.values()]
    assert told == ["2", "1"]


def test_an_answer_that_never_came_is_unknown_and_sent_again(pushed, agency, haneul, monkeypatch):
    monkeypatch.setattr(transport, "READ_TIMEOUT_S", 0.3)
    transport.hang_up()
    agency.set_fault({"mode": "delay", "seconds": 1, "times": 1})
    lifecycle.acknowledge(incident=taken(pushed), by=haneul)
    drain(pushed)
    message = OutboxMessage.objects.get()
    assert (message.state, message.last_error) == (OutboxState.RETRYING, "no answer in time")
    assert DeliveryAttempt.objects.get().outcome == Outcome.UNKNOWN
    make_due()
    drain(pushed)
    message.refresh_from_db()
    assert (message.state, message.attempts) == (OutboxState.ACKED, 2)
    assert agency.deliveries == 2
    assert len(agency.effects) == 1
    transport.hang_up()


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("error500", "HTTP 500"),
        ("no_ack", "HTTP 200 without an acknowledgement"),
        ("garbage", "HTTP 200 without an acknowledgement"),
        ("redirect", "HTTP 302: redirects are not followed"),
    ],
)
def test_what_is_no_acknowledgement_is_tried_again(pushed, agency, haneul, mode, error):
    agency.set_fault({"mode": mode, "times": 1})
    lifecycle.acknowledge(incident=taken(pushed), by=haneul)
    drain(pushed)
    message = OutboxMessage.objects.get()
    assert (message.state, message.last_error) == (OutboxState.RETRYING, error)
    make_due()
    drain(pushed)
    message.refresh_from_db()
    assert message.state == OutboxState.ACKED


def test_a_refusal_for_good_is_given_up_and_can_be_replayed(pushed, agency, haneul, administrator):
    agency.set_fault({"mode": "refuse", "times": 1})
    lifecycle.acknowledge(incident=taken(pushed), by=haneul)
    drain(pushed)
    message = OutboxMessage.objects.get()
    assert message.state == OutboxState.DEAD
    assert Entry.objects.filter(kind="exchange.dead").exists()
    replays.replay(message=message, by=administrator, reason="기관 복구")
    drain(pushed)
    message.refresh_from_db()
    assert message.state == OutboxState.ACKED


def test_a_dead_line_is_marked_and_its_return_makes_all_due(pushed, agency, haneul):
    agency.set_fault({"mode": "error500", "times": 3})
    for number in range(4):
        lifecycle.acknowledge(incident=taken(pushed, receipt_no=str(number)), by=haneul)
    for _turn in range(3):
        Link.objects.update(paused_until=None)
        delivery.deliver_next(link_id=pushed.pk)
    pushed.refresh_from_db()
    assert pushed.state == LinkState.DOWN
    assert delivery.deliver_next(link_id=pushed.pk) is False
    Link.objects.update(paused_until=None)
    drain(pushed)
    pushed.refresh_from_db()
    assert pushed.state == LinkState.UP
    assert OutboxMessage.objects.filter(state=OutboxState.ACKED).count() == 4
    states = Entry.objects.filter(kind="link.state").values_list("data__state", flat=True)
    assert list(states) == ["degraded", "down", "up"]


def test_a_worker_killed_before_the_mark_sends_again_and_counts_once(pushed, agency, haneul):
    lifecycle.acknowledge(incident=taken(pushed), by=haneul)
    (claimed,) = delivery.claim(link_id=pushed.pk)
    secrets = signing_secrets(pushed)
    assert delivery.send(claimed.message, secrets).outcome == Outcome.ACKED
    # The process dies here: nothing was marked, the lease runs out.
    assert delivery.deliver_next(link_id=pushed.pk) is False
    OutboxMessage.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert list(delivery.links_with_due()) == [pushed.pk]
    drain(pushed)
    assert OutboxMessage.objects.get().state == OutboxState.ACKED
    assert (agency.deliveries, len(agency.effects)) == (2, 1)


def test_two_workers_never_hold_the_same_message(pushed, haneul):
    lifecycle.acknowledge(incident=taken(pushed), by=haneul)
    assert len(delivery.claim(link_id=pushed.pk)) == 1
    assert delivery.claim(link_id=pushed.pk, at_most=25) == []


def test_who_holds_the_last_turn_of_a_link_looks_again_for_who_found_none(pushed, haneul):
    for number in range(4):
        lifecycle.acknowledge(incident=taken(pushed, receipt_no=str(number)), by=haneul)
    held = [delivery.claim(link_id=pushed.pk) for _turn in range(3)]
    assert [claims[0].was_last for claims in held] == [False, False, True]
    assert delivery.claim(link_id=pushed.pk) == []
    OutboxMessage.objects.filter(pk=held[0][0].message.pk).update(lease_until=None)
    assert delivery.take_turn(link_id=pushed.pk).may_be_more
    OutboxMessage.objects.update(lease_until=None)
    assert not delivery.take_turn(link_id=pushed.pk).may_be_more


def test_urgent_news_has_a_turn_beside_three_and_shares_it_with_nothing(pushed, haneul):
    for number in range(4):
        lifecycle.acknowledge(incident=taken(pushed, receipt_no=str(number)), by=haneul)
    calm, urgent = taken(pushed, receipt_no="calm"), taken(pushed, receipt_no="urgent")
    for incident in (calm, urgent):
        lifecycle.acknowledge(incident=incident, by=haneul)
    # It has become urgent meanwhile: what it was owed before goes with it.
    Incident.objects.filter(pk=urgent.pk).update(priority=1)
    urgent.refresh_from_db()
    lifecycle.claim(incident=urgent, by=haneul)
    OutboxMessage.objects.exclude(incident=urgent).update(priority=3)
    OutboxMessage.objects.filter(incident=urgent).update(priority=1)
    OutboxMessage.objects.filter(incident=urgent, payload__status="ACKNOWLEDGED").update(priority=3)
    for _turn in range(3):
        claims = delivery.claim(link_id=pushed.pk)
        assert claims[0].message.incident_id != urgent.pk
    claims = delivery.claim(link_id=pushed.pk, at_most=25, urgent=True)
    assert {claimed.message.incident_id for claimed in claims} == {urgent.pk}
    assert [claimed.message.priority for claimed in claims] == [3, 1]
    assert delivery.claim(link_id=pushed.pk, at_most=25, urgent=True) == []


def test_both_secrets_sign_during_a_rotation(pushed, agency, haneul):
    rotate_webhook_secret(link=pushed, by=haneul)
    lifecycle.acknowledge(incident=taken(pushed), by=haneul)
    drain(pushed)
    assert OutboxMessage.objects.get().state == OutboxState.ACKED
    Link.objects.update(previous_secret_until=timezone.now())
    lifecycle.claim(incident=Incident.objects.get(), by=haneul)
    drain(pushed)
    assert agency.refused == 1


def test_delivering_inside_a_transaction_is_refused(pushed):
    with transaction.atomic(), pytest.raises(RuntimeError):
        delivery.deliver_next(link_id=pushed.pk)


def test_what_is_untold_for_72_hours_is_given_up(link, haneul):
    lifecycle.acknowledge(incident=taken(link), by=haneul)
    OutboxMessage.objects.update(created_at=timezone.now() - timedelta(hours=73))
    assert outbox.give_up_expired() == 1
    assert OutboxMessage.objects.get().state == OutboxState.DEAD


def test_what_a_link_tries_for_less_is_given_up_then_and_not_before(link, haneul):
    Link.objects.update(retry_life_h=6)
    lifecycle.acknowledge(incident=taken(link), by=haneul)
    OutboxMessage.objects.update(created_at=timezone.now() - timedelta(hours=5, minutes=50))
    assert outbox.give_up_expired() == 0
    OutboxMessage.objects.update(created_at=timezone.now() - timedelta(hours=6, minutes=1))
    assert outbox.give_up_expired() == 1


def test_nothing_is_given_up_while_it_is_under_way(pushed, haneul):
    lifecycle.acknowledge(incident=taken(pushed), by=haneul)
    delivery.claim(link_id=pushed.pk)
    OutboxMessage.objects.update(created_at=timezone.now() - timedelta(hours=73))
    assert outbox.give_up_expired() == 0
    OutboxMessage.objects.update(lease_until=timezone.now())
    assert outbox.give_up_expired() == 1


def test_a_link_in_maintenance_waits(pushed, agency, haneul):
    Link.objects.update(state=LinkState.MAINTENANCE)
    lifecycle.acknowledge(incident=taken(pushed), by=haneul)
    assert drain(pushed) == 0
    assert agency.deliveries == 0


def test_an_agency_is_not_told_what_it_did_itself(pushed):
    taken(pushed)
    inbox.accept(link=pushed, raw=canonical(envelope("CANCEL", version=2)))
    assert Incident.objects.get().status == "cancelled"
    assert not OutboxMessage.objects.exists()


def test_an_answer_marks_what_it_answers(pushed, agency, haneul):
    lifecycle.acknowledge(incident=taken(pushed), by=haneul)
    drain(pushed)
    message = OutboxMessage.objects.get()
    document = envelope("STATUS_UPDATE", status="DISPATCHED")
    inbox.accept(link=pushed, raw=canonical({**document, "correlation_id": str(message.uid)}))
    message.refresh_from_db()
    assert message.state == OutboxState.ANSWERED


def test_deliveries_that_end_together_on_a_returning_line_do_not_wait_for_each_other(
    pushed, agency, haneul
):
    for number in range(12):
        lifecycle.acknowledge(incident=taken(pushed, receipt_no=str(number)), by=haneul)
    agency.set_fault({"mode": "error500", "times": 2})
    for _turn in range(2):
        delivery.deliver_next(link_id=pushed.pk)
    Link.objects.update(failures=1, paused_until=None)
    ends = time.monotonic() + 60

    def work() -> None:
        try:
            while OutboxMessage.objects.pending().exists() and time.monotonic() < ends:
                Link.objects.update(failures=1)
                delivery.deliver_next(link_id=pushed.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: work(), range(3)))
    assert OutboxMessage.objects.filter(state=OutboxState.ACKED).count() == 12
    assert len(agency.effects) == 12


def test_an_answer_that_drips_in_is_cut_at_the_deadline(monkeypatch):
    monkeypatch.setattr(transport, "DEADLINE_S", 0.4)
    listener = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        peer, _address = listener.accept()
        peer.recv(65_536)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        with contextlib.suppress(OSError):
            for _byte in range(100):
                peer.sendall(b"x")
                time.sleep(0.05)
        peer.close()

    threading.Thread(target=drip, daemon=True).start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    with pytest.raises(transport.TransportError, match="too long") as caught:
        transport.post(
            destination=transport.Destination(url, "127.0.0.1", allow_private=True),
            secrets=[new_webhook_secret()],
            message_id="m-1",
            body="{}",
        )
    assert caught.value.unknown
    listener.close()
