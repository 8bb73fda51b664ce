"""An agency that is down for a day: the others notice nothing, and it misses nothing."""

import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from controlroom.journal.models import Entry
from incidents import lifecycle
from incidents.models import Incident
from linkage import delivery, phone, tasks
from linkage.choices import AgencyKind, LinkState, OutboxState
from linkage.links import create_link
from linkage.models import Agency, DeliveryAttempt, Link, OutboxMessage, PhoneTask
from tests.linkage.conftest import drain, taken

pytestmark = pytest.mark.django_db(transaction=True)
INCIDENTS = 8


@pytest.fixture(autouse=True)
def quiet_broker(monkeypatch):
    monkeypatch.setattr("linkage.tasks.nudge", lambda _link: None)
    monkeypatch.setattr("linkage.tasks.nudge_urgently", lambda _link: None)


@pytest.fixture
def neighbour(city, agency) -> Link:
    """Link another agency, with a door that works."""
    other = Agency.objects.create(
        kind=AgencyKind.POLICE, organisation_code="1320999", name_ko="이웃 상황실"
    )
    return create_link(
        municipality=city,
        agency=other,
        service="police112",
        code="police112-neighbour",
        push_url=agency.url,
        allow_private_address=True,
        webhook_secret=agency.secret,
    ).link


def owe(link, haneul, prefix: str) -> list[Incident]:
    incidents = [taken(link, receipt_no=f"{prefix}-{n}") for n in range(INCIDENTS)]
    for incident in incidents:
        lifecycle.acknowledge(incident=incident, by=haneul)
        lifecycle.respond(incident=incident, by=haneul)
        lifecycle.close(incident=incident, by=haneul, result="resolved")
    return incidents


def work(*links: Link) -> None:
    for link in links:
        while delivery.deliver_some(link_id=link.pk):
            pass


def test_an_agency_down_for_24_hours_gets_all_in_order_and_delays_nobody(
    pushed, neighbour, agency, haneul, closed_port
):
    began = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
    working = pushed.push_url
    with time_machine.travel(began, tick=False) as clock:
        Link.objects.filter(pk=pushed.pk).update(push_url=f"http://127.0.0.1:{closed_port}/")
        lost = owe(pushed, haneul, "down")
        owe(neighbour, haneul, "up")
        OutboxMessage.objects.filter(incident=lost[0]).update(priority=1)
        owed = OutboxMessage.objects.filter(link=pushed).count()
        for step_s in [1, 2, 5, 10, 30, *[60] * 60, *[600] * 138]:
            work(pushed, neighbour)
            if phone.open_due():
                assert timezone.now() - began >= timedelta(seconds=60)
            clock.shift(timedelta(seconds=step_s))
        # The neighbour had everything at once, on the first round.
        assert (
            OutboxMessage.objects.filter(link=neighbour).exclude(state=OutboxState.ACKED).count()
            == 0
        )
        assert max(
            OutboxMessage.objects.filter(link=neighbour).values_list("acked_at", flat=True)
        ) - began < timedelta(minutes=1)
        pushed.refresh_from_db()
        assert pushed.state == LinkState.DOWN
        assert pushed.paused_until is not None
        assert timezone.now() - began >= timedelta(hours=24)
        # The breaker tried about once a minute or less, not once per message.
        assert DeliveryAttempt.objects.filter(message__link=pushed).count() < 24 * 60 + 30
        # The first of the urgent incident and what followed it.
        assert PhoneTask.objects.count() == 3
        for task in PhoneTask.objects.all():
            phone.done(task=task, by=haneul, who="박 경위", at=timezone.now(), said="알림")
        Link.objects.filter(pk=pushed.pk).update(push_url=working)
        agency.effects.clear()
        clock.shift(timedelta(minutes=10))
        started = time.perf_counter()
        tasks.sweep()
        work(pushed)
        took_s = time.perf_counter() - started
    told = [
        (event["subject"], event["data"]["payload"]["status"]) for event in agency.effects.values()
    ]
    assert len(told) == owed
    for incident in {subject for subject, _status in told}:
        of_one = [status for subject, status in told if subject == incident]
        assert of_one[0] == "ACKNOWLEDGED"
        assert of_one[-1] == "CLOSED"
    states = set(OutboxMessage.objects.filter(link=pushed).values_list("state", flat=True))
    assert states == {OutboxState.ACKED, OutboxState.RECONCILED}
    pushed.refresh_from_db()
    assert pushed.state == LinkState.UP
    kinds = Entry.objects.filter(kind__startswith="link.state").values_list(
        "data__state", flat=True
    )
    assert list(kinds) == ["degraded", "down", "up"]
    # A thousand within ten minutes.
    assert took_s / owed < 0.6


def test_a_hanging_agency_holds_up_no_other(pushed, neighbour, agency, haneul, deaf_door):
    Link.objects.filter(pk=pushed.pk).update(push_url=deaf_door.url)
    for number in range(3):
        lifecycle.acknowledge(incident=taken(pushed, receipt_no=f"h{number}"), by=haneul)
        lifecycle.acknowledge(incident=taken(neighbour, receipt_no=f"n{number}"), by=haneul)
    hanging = deaf_door.deliver_in_background(pushed)
    deaf_door.heard.wait(60)
    # The hanging post is under way: it holds no lock that the neighbour needs.
    assert drain(neighbour) == 3
    assert hanging.is_alive()
    deaf_door.let_go()
    hanging.join(60)
    waiting = OutboxMessage.objects.filter(link=pushed)
    assert set(waiting.values_list("state", flat=True)) <= {
        OutboxState.RETRYING,
        OutboxState.QUEUED,
    }
    pushed.refresh_from_db()
    assert delivery._turns_at_most(pushed) == 1
