"""The states of links that no delivery shows: planned maintenance, and links nobody uses."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from controlroom.journal import log
from linkage import circuit
from linkage.choices import Direction, LinkState
from linkage.links import WINDOW, take_windows
from linkage.models import InboxMessage, Link, OutboxMessage

MEASURED = (LinkState.UP, LinkState.DORMANT)


def measure(*, now: datetime | None = None) -> list[str]:
    """Bring every link's state up to date; give the codes of those that changed.

    Called by Celery beat and by the auditor: twice at once harms nothing.
    """
    now = now or timezone.now()
    rows = list(Link.objects.exclude(state=LinkState.SUSPENDED).select_related("region"))
    used = {row.pk: _used_since(row, _horizon(row, now)) for row in rows}
    return [row.code for row in rows if _settle(row, rows, used, now)]


def _settle(row: Link, rows: list[Link], used: dict[int, bool], now: datetime) -> bool:
    """Write the state of one link when it is another one now.

    Locks: the link row, then the journal's counters.
    """
    idle = not used[row.pk] and _has_busy_peer(row, rows, used)
    idle = idle and row.created_at < _horizon(row, now)
    if _wanted(row, now, idle=idle) == row.state and not _window_passed(row, now):
        return False
    with transaction.atomic():
        link = Link.objects.select_for_update(no_key=True).get(pk=row.pk)
        before = link.state
        # What was just read may have changed meanwhile: decide again on the locked row.
        link.state = _wanted(link, now, idle=idle)
        if _window_passed(link, now):
            take_windows(link, now)
        link.save(update_fields=["state", *WINDOW])
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
    return came.filter(incident__isnull=False, incident__is_drill=False).exists()


def _has_busy_peer(link: Link, rows: Iterable[Link], used: dict[int, bool]) -> bool:
    """Peers: the same service elsewhere, or another service in the same municipality."""
    return any(
        used[peer.pk]
        for peer in rows
        if peer.pk != link.pk
        and (peer.service == link.service or peer.municipality_id == link.municipality_id)
    )
