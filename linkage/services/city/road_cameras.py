"""Cameras of road operators (ITS cctvInfo): listed as the source lists them, watched as our own.

Each has a borrowed camera in the room of cameras, so that tickets, view records and relays are the
same; its address is asked for when a relay begins, and is kept nowhere.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.gis.db.models.functions import Distance
from django.contrib.gis.geos import Point
from django.db import transaction
from django.utils.translation import gettext as _

from cctv.choices import Purpose, SourceKind
from cctv.models import Camera, Site
from cctv.sources import Asked
from controlroom.errors import Unavailable
from controlroom.journal import log
from incidents.features import moment
from linkage import transport
from linkage.choices import Direction, LinkState
from linkage.models_city import Feed, TrafficCamera
from linkage.services.city import asking
from linkage.services.city.adapters import ADAPTERS, Refused, SeenCamera
from linkage.services.city.records import Unreadable

# One answer may lack a camera by accident; two in a row mean that it is gone.
MISSES = 2
# Of the forms that a source may give (HLS, a film file, a still) only this one is live video.
LIVE_FORMAT = "HLS"
NEAR_M, NEAR_AT_MOST = 3_000, 10
_CLOSED = frozenset({LinkState.SUSPENDED, LinkState.MAINTENANCE})


@transaction.atomic
def take(
    *, feed: Feed, seen: tuple[SeenCamera, ...], refused: Iterable[Refused], now: datetime
) -> Counter[str]:
    """Bring the list up to date: new ones, ones that are back, ones that are gone.

    A gone one ends its open views. A record that could not be read may still be the same camera.
    Locks: the feed's cameras.
    Emits: "traffic_camera.list" in the journal when cameras came or went.
    """
    counts: Counter[str] = Counter()
    ours = asking.inside(feed.link, seen)
    listed = {one.source_id: one for one in seen if one.source_id in ours}
    known = {
        row.source_id: row
        for row in TrafficCamera.objects.select_for_update(of=("self",))
        .filter(feed=feed)
        .select_related("camera__site")
    }
    for source_id, one in listed.items():
        row = known.get(source_id)
        if row is None:
            _add(feed, one, ours[source_id], now)
            counts["cameras new"] += 1
        elif _see(row, one, now):
            counts["cameras back"] += 1
    unread = {one.source_id[:120] for one in refused}
    for row in known.values():
        if row.source_id not in listed and row.gone_at is None and row.name not in unread:
            counts["cameras gone"] += _miss(row, now)
    TrafficCamera.objects.bulk_update(
        known.values(), ["picture_format", "road_section", "seen_at", "missed", "gone_at"]
    )
    changed = {name: n for name, n in counts.items() if n}
    if changed:
        for municipality_id in feed.link.serving_ids():
            log.append(
                municipality_id=municipality_id,
                kind="traffic_camera.list",
                subject_kind="feed",
                subject_id=feed.pk,
                data=changed,
            )
    counts["cameras"] = len(listed)
    counts["cameras elsewhere"] = len(seen) - len(listed)
    return counts


def _add(feed: Feed, one: SeenCamera, city_id: int, now: datetime) -> None:
    place = Point(one.lon, one.lat, srid=4326)
    site = Site.objects.create(
        municipality_id=city_id,
        name=one.name,
        managing_agency=feed.link.agency.name_ko[:100],
        purpose=Purpose.TRAFFIC_INFORMATION,
        location=place,
        is_borrowed=True,
    )
    camera = Camera.objects.create(
        municipality_id=city_id,
        site=site,
        name=one.name,
        source_kind=_kind(one.picture_format),
    )
    TrafficCamera.objects.create(
        municipality_id=city_id,
        feed=feed,
        source_id=one.source_id,
        name=one.name,
        location=place,
        picture_format=one.picture_format,
        road_section=one.road_section,
        seen_at=now,
        camera=camera,
    )


def _kind(picture_format: str) -> SourceKind:
    return SourceKind.ASKED if picture_format.upper() == LIVE_FORMAT else SourceKind.NONE


def _see(row: TrafficCamera, one: SeenCamera, now: datetime) -> bool:
    """Take over what the source says of it; say whether it is back."""
    is_back = row.gone_at is not None
    row.seen_at, row.missed, row.road_section = now, 0, one.road_section
    if row.picture_format != one.picture_format:
        row.picture_format = one.picture_format
        row.camera.source_kind = _kind(one.picture_format)
        row.camera.save(update_fields=["source_kind"])
    if is_back:
        row.gone_at = None
        _set_gone(row.camera, None)
    return is_back


def _miss(row: TrafficCamera, now: datetime) -> bool:
    """Count that it was not listed; say whether it is gone by that."""
    row.missed += 1
    if row.missed < MISSES:
        return False
    row.gone_at = now
    _set_gone(row.camera, now)
    return True


def _set_gone(camera: Camera, at: datetime | None) -> None:
    Camera.objects.filter(pk=camera.pk).update(gone_at=at)
    Site.objects.filter(pk=camera.site_id).update(gone_at=at)


def address_of(camera_id: int) -> Asked | None:
    """Ask the operator for the camera's address of this moment; None: it is none of theirs.

    Blocks as long as the source takes, in a relay's own thread.
    Raises: Unavailable when the source does not answer, has the camera no more, or may not be
    asked.
    """
    row: TrafficCamera | None = (
        TrafficCamera.objects.listed()
        .select_related("feed__link")
        .filter(camera_id=camera_id)
        .first()
    )
    if row is None:
        return None
    feed, link = row.feed, row.feed.link
    if not feed.is_active or link.state in _CLOSED or link.direction == Direction.OUT:
        raise Unavailable(_("the link of this camera is closed"))
    try:
        reading = ADAPTERS[feed.adapter](asking.fetch(feed))
        found = next((one for one in reading.cameras if one.source_id == row.source_id), None)
        if found is None:
            raise Unavailable(_("the source has this camera no more"))
        url = transport.landing(url=found.url, allow_private=feed.allow_private_address)
    except (transport.TransportError, Unreadable) as error:
        raise Unavailable(_("the source of this camera does not answer")) from error
    return Asked(url, is_trusted=feed.allow_private_address)


def listing(*, user: Any, municipality_id: int) -> list[dict[str, Any]]:
    """Give every camera that the sources list, for the map."""
    rows = TrafficCamera.objects.visible_to(user).listed().filter(municipality_id=municipality_id)
    return [feature(row) for row in rows.select_related("camera", "feed__link__agency")]


def near(*, user: Any, municipality_id: int, place: Point) -> list[dict[str, Any]]:
    """Give those in the area of a place, the nearest first."""
    rows = (
        TrafficCamera.objects.visible_to(user)
        .listed()
        .filter(municipality_id=municipality_id, location__dwithin=(place, NEAR_M))
        .annotate(far=Distance("location", place))
        .select_related("camera", "feed__link__agency")
        .order_by("far", "pk")[:NEAR_AT_MOST]
    )
    return [feature(row) | {"distance_m": round(row.far.m)} for row in rows]


def feature(row: TrafficCamera) -> dict[str, Any]:
    """Give the one shape of a traffic camera; its address is in none."""
    return {
        "id": row.camera_id,
        "name": row.name,
        "lon": row.location.x,
        "lat": row.location.y,
        "operator": str(row.feed.link.agency),
        "road_section": row.road_section,
        "format": row.picture_format,
        # A film file or a still is no live video: it is listed and cannot be opened.
        "connected": row.camera.source_kind == SourceKind.ASKED,
        "health": row.camera.health,
        "health_at": moment(row.camera.health_at),
        # When its source last listed it.
        "seen_at": moment(row.seen_at),
        "distance_m": None,
    }
