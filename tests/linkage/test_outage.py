"""An agency that is down or hangs delays no other, and loses nothing itself."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from bench._outage import Agency as DayAgency
from bench._outage import Day, Door
from incidents import lifecycle
from linkage import delivery, tasks, transport
from linkage.choices import AgencyKind, OutboxState
from linkage.demo.link import room_link
from linkage.links import create_link, new_webhook_secret
from linkage.models import Agency, Link, OutboxMessage
from linkage.simulator.receiver import Receiver
from tests.linkage.conftest import drain, taken

pytestmark = pytest.mark.django_db(transaction=True)


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


@pytest.fixture
def doors(city, monkeypatch):
    """Open two agencies' doors, one of which will be shut for a day."""
    monkeypatch.setattr(transport, "READ_TIMEOUT_S", transport.READ_TIMEOUT_S)
    opened = []

    def door(code: str) -> DayAgency:
        secret = new_webhook_secret()
        receiver = Receiver(secret=secret, on_message=lambda _event: None)
        opened.append(Door(receiver))
        link = room_link(
            "police112",
            municipality=city,
            organisation_code=code,
            code=f"police112-{code}",
            push_url=opened[-1].url,
            allow_private_address=True,
            webhook_secret=secret,
        ).link
        return DayAgency(link, receiver, opened[-1])

    yield door
    for one in opened:
        one.close()
    transport.hang_up()


def test_an_agency_down_for_24_hours_gets_all_once_in_order_and_delays_nobody(doors, haneul):
    day = Day(down=doors("1320001"), up=doors("1320002"), operator=haneul, messages=45)
    day.live(began=timezone.now() - timedelta(hours=24), longest_step_s=3600)
    day.judge_the_outage()
    day.telephone()
    day.come_back()
    with time_machine.travel(timezone.now(), tick=True) as clock:
        for _pause in range(10):
            # The breaker's pause runs out, the first answer makes all due.
            clock.shift(timedelta(seconds=60))
            tasks.sweep()
            while day.waiting() and delivery.deliver_some(link_id=day.down.link.pk):
                pass
            if not day.waiting():
                break
    day.judge_the_return()
    assert day.seen.complaints == []
