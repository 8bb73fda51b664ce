"""An agency that lost its store gets everything again; the centre asks for the same."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from controlroom.audit.models import Record
from controlroom.errors import Invalid
from controlroom.journal.models import Entry
from incidents import lifecycle, ownership
from linkage import delivery, outbox, phone, resyncs
from linkage.choices import LinkState, OutboxState
from linkage.errors import LinkClosed, ResyncTooSoon
from linkage.models import (
    Alarm,
    DeliveryAttempt,
    InboxMessage,
    Link,
    OutboxMessage,
    PhoneTask,
    Resync,
)
from linkage.watch.rounds import Auditor
from tests.linkage.conftest import drain, envelope, make_due, taken
from tests.linkage.services.conftest import valid

WHY = "저장소 복구"


@pytest.fixture(autouse=True)
def nudges(monkeypatch):
    sent = []
    monkeypatch.setattr("linkage.tasks.nudge", sent.append)
    monkeypatch.setattr("linkage.tasks.nudge_urgently", sent.append)
    return sent


def wish(**payload):
    document = envelope("RESYNC")
    document["payload"] = {"reason": WHY, **payload}
    return document


def forget_limits() -> None:
    Resync.objects.update(asked_at=timezone.now() - timedelta(hours=2))


def told(link, haneul, cases=2) -> list[OutboxMessage]:
    """Let so many cases be seen and claimed: two messages for each, in turns."""
    rows = [taken(link, receipt_no=f"r-{n}") for n in range(cases)]
    for incident in rows:
        lifecycle.acknowledge(incident=incident, by=haneul)
    for incident in rows:
        ownership.claim(incident=incident, by=haneul)
    return list(OutboxMessage.objects.filter(link=link).order_by("pk"))


@pytest.mark.django_db(transaction=True)
def test_what_was_acknowledged_comes_again_under_its_id_and_stays_known(
    pushed, agency, haneul, nudges
):
    rows = told(pushed, haneul)
    drain(pushed)
    first = {row.pk: row.acked_at for row in OutboxMessage.objects.all()}
    outbox.mark_answered(message=OutboxMessage.objects.get(pk=rows[1].pk))
    agency.effects.clear()
    nudges.clear()
    offered = resyncs.offer_again(
        link=pushed, reason=WHY, since=timezone.now() - timedelta(hours=1)
    )
    assert offered == resyncs.Offered(4, rows[0].pk, rows[3].pk, is_all=True)
    assert nudges == [pushed.pk]
    assert drain(pushed) == 4
    assert sorted(agency.effects) == sorted(str(row.uid) for row in rows)
    assert all(event["data"]["resent"] is True for event in agency.effects.values())
    after = {row.pk: row for row in OutboxMessage.objects.all()}
    assert {pk: row.acked_at for pk, row in after.items()} == first
    assert {row.state for row in after.values()} == {OutboxState.ACKED, OutboxState.ANSWERED}
    assert after[rows[1].pk].state == OutboxState.ANSWERED
    assert DeliveryAttempt.objects.count() == 8
    assert Resync.objects.get().offered == 4
    record = Record.objects.get(action="link.resynchronised")
    assert (record.agent, record.reason) == (pushed.code, WHY)
    fact = Entry.objects.get(kind="link.resync")
    assert (fact.subject_id, fact.data["resync"]["offered"]) == (pushed.code, 4)


def test_the_same_wish_again_gives_the_first_answer_and_another_one_must_wait(post, link, haneul):
    told(link, haneul, cases=1)
    OutboxMessage.objects.update(state=OutboxState.ACKED, acked_at=timezone.now())
    document = wish(since="2026-01-01T00:00:00+09:00")
    first = post(document)
    again = post({**document, "sent_at": timezone.now().isoformat()})
    assert (again.status_code, again.json()) == (201, first.json())
    assert first.json()["resync"]["messages"] == 2
    refused = post(wish(from_sequence=0))
    assert (refused.status_code, refused.json()["code"]) == (409, "resync_too_soon")
    assert InboxMessage.objects.filter(message_type="RESYNC").count() == 1
    for _ in range(5):
        Resync.objects.update(asked_at=timezone.now() - timedelta(minutes=2))
        resyncs.offer_again(link=link, reason=WHY, from_sequence=0)
    Resync.objects.update(asked_at=timezone.now() - timedelta(minutes=2))
    with pytest.raises(ResyncTooSoon):
        resyncs.offer_again(link=link, reason=WHY, from_sequence=0)


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({}, "payload"),
        ({"from_sequence": 1, "since": "2026-01-01T00:00:00Z"}, "payload"),
        ({"from_sequence": -1}, "payload.from_sequence"),
        ({"since": "gestern"}, "payload.since"),
        ({"since": "2999-01-01T00:00:00Z"}, "since"),
        ({"from_sequence": 1, "reason": "x"}, "payload.reason"),
    ],
)
def test_an_unclear_wish_names_the_field(post, payload, field):
    answer = post(wish(**payload))
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {field}
    assert not Resync.objects.exists()


def test_only_the_links_own_and_only_what_still_lives_comes_again(link, city, haneul):
    rows = told(link, haneul)
    OutboxMessage.objects.update(state=OutboxState.ACKED, acked_at=timezone.now())
    long_ago = timezone.now() - timedelta(hours=73)
    OutboxMessage.objects.filter(pk=rows[0].pk).update(created_at=long_ago)
    # Told by telephone, then by the line: so it stays. Never tried: it comes anyway.
    OutboxMessage.objects.filter(pk=rows[1].pk).update(state=OutboxState.RECONCILED)
    OutboxMessage.objects.filter(pk=rows[3].pk).update(state=OutboxState.QUEUED, acked_at=None)
    offered = resyncs.offer_again(link=link, reason=WHY, from_sequence=0)
    assert (offered.messages, offered.first) == (2, rows[1].pk)
    states = list(OutboxMessage.objects.order_by("pk").values_list("state", flat=True))
    assert states == ["acked", "manual_fallback", "queued", "queued"]
    assert OutboxMessage.objects.get(pk=rows[3].pk).resent_at is None
    outbox.acknowledge(link=link, uid=rows[1].uid)
    assert OutboxMessage.objects.get(pk=rows[1].pk).state == OutboxState.RECONCILED


def test_what_was_given_up_comes_again_and_its_alarm_ends(link, haneul):
    told(link, haneul, cases=1)
    OutboxMessage.objects.update(created_at=timezone.now() - timedelta(hours=71), priority=4)
    Link.objects.update(retry_life_h=70)
    outbox.give_up_expired()
    alarm = Alarm.objects.get(kind="outbox.given_up")
    Link.objects.update(retry_life_h=72)
    link.refresh_from_db()
    assert resyncs.offer_again(link=link, reason=WHY, from_sequence=0).messages == 2
    alarm.refresh_from_db()
    assert alarm.cleared_at
    # Its life begins anew: it is not given up as it comes.
    OutboxMessage.objects.update(created_at=timezone.now() - timedelta(hours=80))
    assert outbox.give_up_expired() == 0


@pytest.mark.django_db(transaction=True)
def test_nobody_is_telephoned_or_alarmed_about_what_was_known_before(pushed, haneul):
    told(pushed, haneul)
    drain(pushed)
    early = timezone.now() - timedelta(hours=2)
    OutboxMessage.objects.update(created_at=early, priority=1)
    resyncs.offer_again(link=pushed, reason=WHY, from_sequence=0)
    phone.open_due()
    Auditor().round()
    assert not PhoneTask.objects.exists()
    assert not Alarm.objects.filter(kind__in=["outbox.overdue", "phone.unasked"]).exists()


@pytest.mark.django_db(transaction=True)
def test_fresh_urgent_news_is_not_behind_it_and_passes_nothing_of_its_incident(
    pushed, agency, haneul
):
    rows = told(pushed, haneul, cases=3)
    drain(pushed)
    OutboxMessage.objects.update(priority=1)
    agency.effects.clear()
    resyncs.offer_again(link=pushed, reason=WHY, from_sequence=0)
    incident = rows[2].incident
    incident.refresh_from_db()
    lifecycle.respond(incident=incident, by=haneul)
    news = OutboxMessage.objects.order_by("-pk").first()
    OutboxMessage.objects.filter(pk=news.pk).update(priority=1)
    assert list(delivery.links_with_due(urgent=True)) == [pushed.pk]
    while delivery.deliver_some(link_id=pushed.pk, urgent=True):
        pass
    of_incident = [row for row in rows if row.incident_id == incident.pk]
    assert list(agency.effects) == [str(row.uid) for row in [*of_incident, news]]
    drain(pushed)
    assert len(agency.effects) == len(rows) + 1
    order = list(agency.effects)
    for case in {row.incident_id for row in rows}:
        own = [str(row.uid) for row in rows if row.incident_id == case]
        assert sorted(own, key=order.index) == own


@pytest.mark.django_db(transaction=True)
def test_what_is_on_its_way_meanwhile_comes_again_when_it_has_arrived(pushed, haneul, deaf_door):
    """The deaf agency has the message in hand, loses its store, and asks before it is recorded."""
    told(pushed, haneul, cases=1)
    Link.objects.update(push_url=deaf_door.url)
    running = deaf_door.deliver_in_background(pushed)
    assert deaf_door.heard.wait(30)
    resyncs.offer_again(link=pushed, reason=WHY, from_sequence=0)
    leased = OutboxMessage.objects.filter(lease_until__isnull=False).order_by("pk")[0]
    # Nobody else takes it while it is under way.
    assert delivery.deliver_some(link_id=pushed.pk) == 0
    deaf_door.let_go()
    running.join(30)
    leased.refresh_from_db()
    assert (leased.lease_until, leased.state) == (None, OutboxState.RETRYING)
    assert leased.resent_at


@pytest.mark.django_db(transaction=True)
def test_an_acknowledgement_that_was_on_its_way_counts_and_the_message_comes_once_more(
    pushed, agency, haneul
):
    told(pushed, haneul, cases=1)
    claimed = delivery.claim(link_id=pushed.pk, at_most=1)
    receipt = delivery.send(claimed[0].message, [agency.secret])
    resyncs.offer_again(link=pushed, reason=WHY, from_sequence=0)
    ended = delivery.Ended(claimed[0], receipt, timezone.now())
    delivery.settling.settle(ended=[ended])
    message = OutboxMessage.objects.order_by("pk").first()
    assert (message.state, bool(message.acked_at)) == (OutboxState.QUEUED, True)
    assert drain(pushed) == 2
    assert agency.deliveries == 3
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {OutboxState.ACKED}


@pytest.mark.django_db(transaction=True)
def test_a_store_that_is_lost_amid_running_deliveries_has_everything_in_the_end(
    pushed, agency, haneul
):
    rows = told(pushed, haneul, cases=30)
    under_way = threading.Event()

    def deliver(_turn: int) -> None:
        try:
            while delivery.deliver_some(link_id=pushed.pk, at_most=4):
                under_way.set()
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        turns = [pool.submit(deliver, turn) for turn in range(3)]
        assert under_way.wait(60)
        with agency._lock:
            agency.effects.clear()
        resyncs.offer_again(link=pushed, reason=WHY, from_sequence=0)
        for turn in turns:
            turn.result(120)
    make_due()
    drain(pushed)
    assert set(agency.effects) == {str(row.uid) for row in rows}
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {OutboxState.ACKED}


def test_thousands_take_as_many_statements_as_one(link, haneul, django_assert_max_num_queries):
    (row,) = told(link, haneul, cases=1)[:1]
    copies = [
        OutboxMessage(
            municipality_id=row.municipality_id,
            link=link,
            incident=row.incident,
            event=None if n else row.event,
            message_type="TEST",
            case_number=str(n),
            state=OutboxState.ACKED,
            acked_at=timezone.now(),
        )
        for n in range(1, 10_001)
    ]
    OutboxMessage.objects.bulk_create(copies, batch_size=2000)
    with django_assert_max_num_queries(12):
        assert resyncs.offer_again(link=link, reason=WHY, from_sequence=0).messages == 10_000


# --- the centre asks ---------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_centre_owes_its_wish_before_all_that_is_not_urgent(pushed, agency, administrator):
    since = timezone.now() - timedelta(hours=3)
    taken(pushed)
    resync = resyncs.ask(link=pushed, since=since, reason=WHY, by=administrator)
    assert valid(resync.message) == "RESYNC"
    assert (resync.message.priority, resync.message.is_drill) == (2, False)
    with pytest.raises(ResyncTooSoon):
        resyncs.ask(link=pushed, since=since, reason=WHY, by=administrator)
    assert drain(pushed) == 1
    event = agency.effects[str(resync.message.uid)]
    assert event["type"] == "controlroom.police112.resync.v1"
    assert event["data"]["payload"]["reason"] == WHY
    record = Record.objects.get(action="link.resynchronised")
    assert (record.actor_id, record.agent) == (administrator.pk, "")
    # What it answers is what it sent: taken in as before, and new only if it was lost.
    resyncs.ask(link=pushed, since=since, reason=WHY, by=administrator)


def test_our_wish_that_nobody_takes_is_an_alarm(link, administrator):
    resync = resyncs.ask(link=link, since=timezone.now(), reason=WHY, by=administrator)
    OutboxMessage.objects.update(created_at=timezone.now() - timedelta(minutes=30))
    phone.open_due()
    Auditor().round()
    assert Alarm.objects.get(kind="outbox.overdue").subject_id == link.code
    assert not PhoneTask.objects.exists()
    OutboxMessage.objects.update(created_at=timezone.now() - timedelta(hours=73))
    assert outbox.give_up_expired() == 1
    assert Alarm.objects.filter(kind="outbox.given_up", cleared_at=None).exists()
    resync.message.refresh_from_db()
    assert resync.message.state == OutboxState.DEAD


def test_nothing_is_asked_over_a_closed_link_or_from_no_time(link, administrator):
    now = timezone.now()
    for since in (now + timedelta(hours=1), now - timedelta(days=31)):
        with pytest.raises(Invalid):
            resyncs.ask(link=link, since=since, reason=WHY, by=administrator)
    Link.objects.update(state=LinkState.SUSPENDED)
    with pytest.raises(LinkClosed):
        resyncs.ask(link=link, since=now, reason=WHY, by=administrator)
    assert not OutboxMessage.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_make_due_is_not_needed_for_what_is_offered_again(pushed, agency, haneul):
    told(pushed, haneul, cases=1)
    agency.set_fault({"mode": "error500", "times": 1})
    delivery.deliver_next(link_id=pushed.pk)
    make_due()
    resyncs.offer_again(link=pushed, reason=WHY, from_sequence=0)
    assert drain(pushed) == 2
