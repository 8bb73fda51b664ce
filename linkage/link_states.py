"""The states of links that no delivery shows: maintenance, failing sources, links nobody uses."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from controlroom.journal import log
from incidents.choices import Service
from linkage import asked, circuit
from linkage.choices import Direction, LinkState
from linkage.links import WINDOW, take_windows
from linkage.models import InboxMessage, Link, OutboxMessage
from linkage.models_city import FeedItem, SensorReading

MEASURED = (LinkState.UP, LinkState.DORMANT)


def measure(*, now: datetime | None = None) -> list[str]:
    """Bring every link's state up to date; give the codes of those that changed.

    Called by Celery beat and by the auditor: twice at once harms nothing.
    """
    now = now or timezone.now()
    rows = list(Link.objects.exclude(state=LinkState.SUSPENDED).select_related("region"))
    used = {row.pk: _used_since(row, _horizon(row, now)) for row in rows}
    sources = asked.by_link()
    failing = {row.pk: asked.failures(sources.get(row.pk, ())) for row in rows}
    return [row.code for row in rows if _settle(row, rows, used, failing[row.pk], now)]


def _settle(
    row: Link, rows: list[Link], used: dict[int, bool], failures: int, now: datetime
) -> bool:
    """Write the state of one link when it is another one now, and how its sources fail.

    Locks: the link row, then the journal's counters.
    """
    idle = not used[row.pk] and _has_busy_peer(row, rows, used)
    idle = idle and row.created_at < _horizon(row, now)
    is_same = row.source_failures == failures
    row.source_failures = failures
    if is_same and _wanted(row, now, idle=idle) == row.state and not _window_passed(row, now):
        return False
    with transaction.atomic():
        link = Link.objects.select_for_update(no_key=True).get(pk=row.pk)
        before = link.state
        link.source_failures = failures
        # What was just read may have changed meanwhile: decide again on the locked row.
        link.state = _wanted(link, now, idle=idle)
        if _window_passed(link, now):
            take_windows(link, now)
        link.save(update_fields=["state", "source_failures", *WINDOW])
        if link.state == before:
            return False
        for municipality_id in link.serving_ids():
            log.append_all(municipality_id=municipality_id, facts=[circuit.turned(link, before)])
    return True


def _wanted(link: Link, now: datetime, *, idle: bool) -> str:
    if link.state == LinkState.SUSPENDED:
        return link.state
    if link.in_maintenance(now):
        return LinkState.MAINTENANCE
    if link.state == LinkState.MAINTENANCE and not _window_passed(link, now):
        # A person's word, which only a person takes back.
        return link.state
    state = circuit.by_failures(link)
    if state in MEASURED:
        return LinkState.DORMANT if idle else LinkState.UP
    return state


def _window_passed(link: Link, now: datetime) -> bool:
    return link.maintenance_until is not None and link.maintenance_until <= now


def _horizon(link: Link, now: datetime) -> datetime:
    return now - timedelta(days=link.dormant_after_days)


def _used_since(link: Link, since: datetime) -> bool:
    """Say whether the link carried a real case: heartbeats, tests and drills are no use."""
    if link.direction == Direction.OUT:
        owed = OutboxMessage.objects.filter(link=link, created_at__gte=since)
        return owed.filter(incident__is_drill=False).exists()
    came = InboxMessage.objects.filter(link=link, received_at__gte=since)
    if came.filter(incident__isnull=False, incident__is_drill=False).exists():
        return True
    return link.service == Service.CITY and _told_without_messages(link, since)


def _told_without_messages(link: Link, since: datetime) -> bool:
    """Say whether a source listed an event that concerned us, or a sensor stood above a level."""
    listed = FeedItem.objects.filter(feed__link=link, last_seen_at__gte=since)
    if listed.filter(incident__isnull=False, incident__is_drill=False).exists():
        return True
    return SensorReading.objects.filter(sensor__link=link, at__gte=since, level__gt=0).exists()


def _has_busy_peer(link: Link, rows: Iterable[Link], used: dict[int, bool]) -> bool:
    """Peers: the same service elsewhere, or another service in the same municipality."""
    return any(
        used[peer.pk]
        for peer in rows
        if peer.pk != link.pk
        and (peer.service == link.service or peer.municipality_id == link.municipality_id)
    )
