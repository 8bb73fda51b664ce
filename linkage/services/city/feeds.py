"""Ask a source, take its events in as reports, end what it ended; each form of an event once."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.gis.geos import Point
from django.db import transaction
from django.utils import timezone

from controlroom.errors import Unavailable
from controlroom.municipalities.models import Municipality
from incidents.choices import Service
from incidents.reports import ReportIn, take_report
from incidents.statuses import OPEN
from linkage import mapping, raw_intakes, transport
from linkage.choices import Direction, LinkState
from linkage.lanes import lanes
from linkage.models_city import EndedBy, Feed, FeedAdapter, FeedItem
from linkage.services.city import asking, road_cameras
from linkage.services.city.adapters import ADAPTERS, CityEvent, Reading, without_addresses
from linkage.services.city.endings import end_incident
from linkage.services.city.records import Unreadable

# Its name in linkage.lanes.
LANE = "feed"
# One answer may lack an event by accident; two in a row mean that it is over.
MISSES = 2
ERROR_RADIUS_M = 50
LONGEST_PAUSE = timedelta(minutes=10)
SHOWN_REFUSALS = 20


@dataclass
class Taken:
    """What one answer did, by the word for it."""

    counts: Counter[str] = field(default_factory=Counter)
    refused: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {**self.counts, "refused_records": self.refused[:SHOWN_REFUSALS]}


def due(now: datetime) -> list[int]:
    """Give the feeds that are to be asked now."""
    feeds = Feed.objects.filter(is_active=True, next_poll_at__lte=now)
    open_links = feeds.exclude(link__state__in=[LinkState.SUSPENDED, LinkState.MAINTENANCE])
    return list(open_links.exclude(link__direction=Direction.OUT).values_list("pk", flat=True))


def poll(*, feed_id: int) -> Taken | None:
    """Ask a feed once, outside any transaction; None when another worker does it already.

    A failure is kept with the feed and delays the next question; it ends no event. The answer is
    kept byte for byte whatever it is, only without the addresses of cameras, which are secrets.
    """
    feed = _claim(feed_id)
    if feed is None:
        return None
    try:
        with lanes.timed((LANE, feed.pk)):
            raw = asking.fetch(feed)
        kept = without_addresses(raw) if feed.adapter == FeedAdapter.ITS_CAMERAS else raw
        raw_intakes.keep(link=feed.link, feed=feed, raw=kept)
        reading = ADAPTERS[feed.adapter](raw)
    except (transport.TransportError, Unreadable, Unavailable) as error:
        _failed(feed, str(error))
        return None
    taken = take(feed=feed, reading=reading)
    Feed.objects.filter(pk=feed.pk).update(
        answered_at=timezone.now(), failures=0, last_error="", last_result=taken.as_json()
    )
    return taken


def _claim(feed_id: int) -> Feed | None:
    """Move the next question on before asking, so that no second worker asks the same."""
    now = timezone.now()
    waiting = Feed.objects.filter(pk=feed_id, next_poll_at__lte=now, is_active=True)
    feed: Feed | None = waiting.select_related("link__municipality", "link__agency").first()
    if feed is None:
        return None
    won = waiting.update(polled_at=now, next_poll_at=now + timedelta(seconds=feed.interval_s))
    return feed if won else None


def _failed(feed: Feed, error: str) -> None:
    """Ask again later the more often it failed; what stands is left as it is."""
    failures = feed.failures + 1
    pause = min(timedelta(seconds=feed.interval_s * 2 ** min(failures, 6)), LONGEST_PAUSE)
    Feed.objects.filter(pk=feed.pk).update(
        failures=failures,
        last_error=error[:300],
        next_poll_at=timezone.now() + max(pause, timedelta(seconds=feed.interval_s)),
    )


def take(*, feed: Feed, reading: Reading, now: datetime | None = None) -> Taken:
    """Take a whole good answer in: new and changed events reported, missing and past ones ended.

    Locks: the feed's answers one by one; each event is a transaction of its own.
    """
    now = now or timezone.now()
    taken = Taken(refused=[vars(one) for one in reading.refused])
    taken.counts["refused"] = len(reading.refused)
    if feed.adapter == FeedAdapter.ITS_CAMERAS:
        taken.counts.update(
            road_cameras.take(feed=feed, seen=reading.cameras, refused=reading.refused, now=now)
        )
        return taken
    inside = asking.inside(feed.link, reading.events)
    for event in reading.events:
        if event.source_id in inside:
            taken.counts[_take_event(feed, event, inside[event.source_id], now)] += 1
        else:
            taken.counts["elsewhere"] += 1
    present = {event.source_id for event in reading.events}
    # A record that could not be read may still be the same event.
    present |= {one.source_id for one in reading.refused}
    _end_missing(feed, present, now, taken)
    return taken


@transaction.atomic
def _take_event(feed: Feed, event: CityEvent, city_id: int, now: datetime) -> str:
    """Take one event in and give the word for what it did; one that is known stays with its city.

    Locks: the event's row.
    """
    item = FeedItem.objects.select_for_update().filter(feed=feed, source_id=event.source_id).first()
    is_over = event.ends_at is not None and event.ends_at <= now
    if item is None:
        return "over" if is_over else _open(feed, event, city_id, now)
    item.last_seen_at, item.missed = now, 0
    if _is_older(item, event):
        item.save(update_fields=["last_seen_at", "missed"])
        return "stale"
    comes_back = item.ended_at is not None and not is_over
    changed = item.content_sha256 != event.content_sha256 or comes_back
    if changed:
        item.version += 1
        item.content_sha256, item.updated_at = event.content_sha256, event.updated_at
        item.starts_at, item.ends_at = event.starts_at, event.ends_at
    word = "unchanged"
    if is_over and item.ended_at is None:
        _end(feed, item, EndedBy.OVER, now)
        word = "ended"
    elif changed and not is_over:
        item.ended_at, item.ended_by = None, ""
        _report(feed, item, event, item.incident.municipality_id if item.incident else city_id)
        word = "changed"
    item.save()
    return word


def _is_older(item: FeedItem, event: CityEvent) -> bool:
    return bool(item.updated_at and event.updated_at and event.updated_at < item.updated_at)


def _open(feed: Feed, event: CityEvent, city_id: int, now: datetime) -> str:
    item = FeedItem(
        feed=feed,
        source_id=event.source_id,
        content_sha256=event.content_sha256,
        updated_at=event.updated_at,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        first_seen_at=now,
        last_seen_at=now,
    )
    _report(feed, item, event, city_id)
    item.save(force_insert=True)
    return "new" if item.incident_id else "outside the agreement"


def _report(feed: Feed, item: FeedItem, event: CityEvent, city_id: int) -> None:
    link = feed.link
    if not mapping.admits(link, event.kind_code):
        return
    taken = take_report(
        municipality=Municipality.objects.defer("boundary").get(pk=city_id),
        source=link.code,
        message=ReportIn(
            service=Service.CITY,
            external_id=case_number(feed, item),
            version=item.version,
            kind_code=event.kind_code,
            kind_name=event.kind_name,
            place=Point(event.lon, event.lat, srid=4326),
            error_radius_m=ERROR_RADIUS_M,
            address=event.address,
            summary=event.summary,
            occurred_at=event.starts_at,
            raw=dict(event.raw),
        ),
    )
    item.incident = taken.incident


def case_number(feed: Feed, item: FeedItem) -> str:
    """Name the case at the source; two feeds of a link may use the same numbers."""
    return f"{feed.adapter.split('_')[0]}:{item.source_id}"[:60]


def _end_missing(feed: Feed, present: set[str], now: datetime, taken: Taken) -> None:
    standing = FeedItem.objects.filter(feed=feed, ended_at=None)
    for pk in standing.exclude(source_id__in=present).values_list("pk", flat=True):
        with transaction.atomic():
            item = FeedItem.objects.select_for_update().get(pk=pk)
            item.missed += 1
            is_over = item.ends_at is not None and item.ends_at <= now
            if is_over or item.missed >= MISSES:
                _end(feed, item, EndedBy.OVER if is_over else EndedBy.DROPPED, now)
                taken.counts["ended"] += 1
            item.save()


def _end(feed: Feed, item: FeedItem, why: EndedBy, now: datetime) -> None:
    """End an event: unowned, its incident is taken back; owned, the owner is told and decides.

    Locks: the incident.
    """
    item.ended_at, item.ended_by = now, why
    incident = item.incident
    if incident is None:
        return
    incident.refresh_from_db(fields=["status"])
    if incident.status not in OPEN:
        return
    # As the centre's people write it on the timeline.
    words = {
        EndedBy.OVER: "돌발상황 종료 시각이 지났습니다",
        EndedBy.DROPPED: "제공처 목록에서 사라졌습니다",
    }
    text = f"{words[why]} ({feed.get_adapter_display()})"
    end_incident(incident=incident, agent=feed.link.code, text=text)
