"""Celery shells: deliver what is due for a link, sweep, forget. The verbs are in delivery."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import structlog
from celery import shared_task
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from linkage import (
    buckets,
    clock_steps,
    delivery,
    doorbell,
    grants,
    idempotency,
    link_states,
    neighbours,
    outbox,
    phone,
    policy_changes,
    refusals,
    stills,
)
from linkage.exports import films, releases, requests, work
from linkage.lanes import Caller, lanes
from linkage.services.city import feeds, sensors
from linkage.services.disaster import cap_feeds, renewals, situations, text_incidents
from linkage.services.police112 import shares
from linkage.services.video import answers
from linkage.watch import canaries, rounds

log = structlog.get_logger(__name__)
# A link with a long queue lets other links' tasks in between.
TURN_S = 0.5
# Of the broker: 0 goes first. Urgent news, then news, the rest of a long queue, and films.
URGENT, NEWS, REST, FILMS = 0, 3, 6, 9
EXPORTS = "export"


@shared_task(name="linkage.tasks.deliver", time_limit=300)
def deliver(link_id: int, priority: int = NEWS) -> None:
    """Urgent news of an agency that answers goes out at once; all else needs a place in a lane."""
    is_slow = lanes.is_slow(link_id)
    if priority == URGENT and not is_slow:
        with lanes.hurrying():
            _deliver(link_id, urgent=True)
        return
    with _place("slow" if is_slow else "long", link_id, priority) as has_one:
        if has_one:
            _deliver(link_id, urgent=False)


@contextmanager
def _place(lane: str, caller: Caller, priority: int) -> Iterator[bool]:
    """Hold a place of the lane, if there is one, and ring for who waits for it afterwards."""
    if not lanes.enter(lane, caller, priority):
        yield False
        return
    try:
        yield True
    finally:
        following = lanes.leave(lane)
        if following is not None:
            _send(*following)


def _deliver(link_id: int, *, urgent: bool) -> None:
    doorbell.answered(link_id)
    ends = time.monotonic() + TURN_S
    while delivery.take_turn(link_id=link_id, urgent=urgent).may_be_more:
        if time.monotonic() > ends:
            _ring(link_id, URGENT if urgent else REST)
            return


@shared_task(name="linkage.tasks.sweep")
def sweep() -> None:
    if settings.FAULTS_WITHOUT == "sweeper":
        return
    outbox.give_up_expired()
    clock_steps.mend()
    phone.open_due()
    for link_id in delivery.links_with_due(urgent=True):
        nudge_urgently(link_id)
    for link_id in delivery.links_with_due():
        nudge(link_id)
    rounds.miss_auditor()


@shared_task(name="linkage.tasks.take_canaries")
def take_canaries() -> None:
    canaries.take()


@shared_task(name="linkage.tasks.end_overdue_grants", ignore_result=True)
def end_overdue_grants() -> None:
    grants.end_overdue()
    answers.lapse_overdue()
    policy_changes.lapse_overdue()
    shares.end_overdue()


@shared_task(name="linkage.tasks.destroy_stills")
def destroy_stills() -> None:
    while stills.destroy_overdue():
        pass


@shared_task(name="linkage.tasks.sweep_exports")
def sweep_exports() -> None:
    requests.lapse_overdue()
    releases.expire_overdue()
    releases.destroy_overdue()
    work.clear_dead()
    films.remove_orphans()
    for export_id in work.due():
        _send((EXPORTS, export_id), FILMS)


@shared_task(name="linkage.tasks.work_export")
def work_export(export_id: int) -> None:
    """One film at a time, in a lane of its own: no message to an agency waits for it."""
    with _place("films", (EXPORTS, export_id), FILMS) as has_one:
        if has_one:
            work.work(export_id=export_id)


@shared_task(name="linkage.tasks.watch_sensors")
def watch_sensors() -> None:
    sensors.watch()


@shared_task(name="linkage.tasks.ask_feeds")
def ask_feeds() -> None:
    for feed_id in feeds.due(timezone.now()):
        _send((feeds.LANE, feed_id), NEWS)


@shared_task(name="linkage.tasks.ask_feed", soft_time_limit=100, time_limit=120)
def ask_feed(feed_id: int) -> None:
    with _place_to_ask((feeds.LANE, feed_id)) as has_one:
        if has_one:
            feeds.poll(feed_id=feed_id)


def _place_to_ask(source: Caller) -> AbstractContextManager[bool]:
    """Those that hang hold one thread between them, and none of those that answer."""
    return _place("slow asks" if lanes.is_slow(source) else "asks", source, NEWS)


@shared_task(name="linkage.tasks.watch_situations")
def watch_situations() -> None:
    situations.watch_cycles()
    renewals.renew_due()
    text_incidents.open_due()


@shared_task(name="linkage.tasks.ask_cap_feeds")
def ask_cap_feeds() -> None:
    for source_id in cap_feeds.due(timezone.now()):
        _send((cap_feeds.LANE, source_id), NEWS)


@shared_task(name="linkage.tasks.ask_cap_feed", time_limit=300)
def ask_cap_feed(source_id: int) -> None:
    with _place_to_ask((cap_feeds.LANE, source_id)) as has_one:
        if has_one:
            cap_feeds.poll(source_id=source_id)


@shared_task(name="linkage.tasks.forget_expired")
def forget_expired() -> None:
    idempotency.forget_old()
    refusals.forget_old()
    buckets.forget_old()
    call_command("cleartokens", verbosity=0)


@shared_task(name="linkage.tasks.measure_links")
def measure_links() -> None:
    link_states.measure()


@shared_task(name="linkage.tasks.tell_neighbour")
def tell_neighbour(agreement_id: int, incident_id: str) -> None:
    neighbours.tell(agreement_id=agreement_id, incident_id=incident_id)


@shared_task(name="linkage.tasks.sweep_neighbours")
def sweep_neighbours() -> None:
    for agreement_id, incident_id in neighbours.untold():
        neighbours.tell(agreement_id=agreement_id, incident_id=incident_id)


def nudge_neighbour(agreement_id: int, incident_id: str) -> None:
    """Ask a worker to tell a neighbour; lost with the broker, the sweep does it."""
    try:
        tell_neighbour.apply_async((agreement_id, incident_id), expires=60, retry=False)
    except BrokerError as error:
        log.warning("neighbour_nudge_lost", error=type(error).__name__)


def nudge(link_id: int) -> None:
    """Ask a worker to look at the link; a broker that is away is no harm, the sweep comes."""
    _ring(link_id, NEWS)


def nudge_urgently(link_id: int) -> None:
    """Ask before all the others."""
    _ring(link_id, URGENT)


def _ring(link_id: int, priority: int) -> None:
    if doorbell.first(link_id, priority):
        _send(link_id, priority)


def _send(caller: Caller, priority: int) -> None:
    task, arguments = _task_of(caller, priority)
    try:
        task.apply_async(arguments, expires=60, retry=False, priority=priority)
    except BrokerError as error:
        log.warning("nudge_lost", caller=caller, error=type(error).__name__)


def _task_of(caller: Caller, priority: int) -> tuple[Any, tuple[int, ...]]:
    if isinstance(caller, int):
        return deliver, (caller, priority)
    kind, source_id = caller
    by_kind = {feeds.LANE: ask_feed, cap_feeds.LANE: ask_cap_feed, EXPORTS: work_export}
    return by_kind[kind], (source_id,)
