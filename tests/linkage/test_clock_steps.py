"""This server's clock is set back by an hour: what waited is delivered at once, in its order."""

from datetime import timedelta

import pytest
from django.utils import timezone

from incidents import lifecycle
from linkage import clock_steps, delivery, tasks
from linkage.choices import OutboxState
from linkage.models import Link, OutboxMessage
from tests.linkage.conftest import drain, taken

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def nobody_nudged(monkeypatch):
    monkeypatch.setattr("linkage.tasks.nudge", lambda _link: None)
    monkeypatch.setattr("linkage.tasks.nudge_urgently", lambda _link: None)


@pytest.fixture
def owed(pushed, haneul) -> list[OutboxMessage]:
    incident = taken(pushed)
    lifecycle.acknowledge(incident=incident, by=haneul)
    lifecycle.claim(incident=incident, by=haneul)
    return list(OutboxMessage.objects.order_by("pk"))


def written_before_the_step(**fields) -> None:
    """Write times as they were an hour ahead, when the clock was set back."""
    OutboxMessage.objects.update(created_at=timezone.now() + HOUR, **fields)


def test_what_was_put_off_before_the_step_goes_out_in_order(pushed, agency, owed):
    ahead = timezone.now() + HOUR + timedelta(seconds=5)
    written_before_the_step(next_try_at=ahead, state=OutboxState.RETRYING)
    Link.objects.update(failures=4, paused_until=ahead)
    assert drain(pushed) == 0
    assert clock_steps.mend() == 2
    assert drain(pushed) == 2
    assert list(agency.effects) == [str(row.uid) for row in owed]


def test_what_a_dead_worker_had_leased_before_the_step_goes_out(pushed, agency, owed):
    written_before_the_step(lease_until=timezone.now() + HOUR + delivery.LEASE)
    assert drain(pushed) == 0
    clock_steps.mend()
    assert drain(pushed) == 2
    assert list(agency.effects) == [str(row.uid) for row in owed]


def test_what_waits_in_its_time_goes_on_waiting(pushed, owed):
    now = timezone.now()
    Link.objects.update(ack_deadline_p1_s=3600, paused_until=now + timedelta(seconds=60))
    OutboxMessage.objects.update(
        next_try_at=now + timedelta(seconds=3600), lease_until=now + delivery.LEASE
    )
    assert clock_steps.mend() == 0
    assert Link.objects.get().paused_until is not None


def test_the_sweep_mends(pushed, owed, monkeypatch):
    written_before_the_step(next_try_at=timezone.now() + HOUR * 2)
    nudged = []
    monkeypatch.setattr("linkage.tasks.nudge", nudged.append)
    tasks.sweep()
    assert nudged == [pushed.pk]
