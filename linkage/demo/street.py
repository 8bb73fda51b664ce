"""Gives the demo city its bells, its level sensors and the traffic feeds that are asked."""

from django.contrib.gis.geos import Point
from django.db import transaction

from controlroom.municipalities.models import Municipality
from linkage.demo.plane import CENTRE_LAT, CENTRE_LON
from linkage.models import Link
from linkage.models_city import Bell, Feed, FeedAdapter, Sensor
from linkage.simulator.city import ITS, UTIC
from linkage.simulator.road_video import PAGE as CCTV
from linkage.simulator.street import BELLS, SENSORS, spot

ASKED_EVERY_S = 15


@transaction.atomic
def install_street(*, municipality: Municipality, link_code: str, door: str) -> None:
    """Add what is not there yet; what people changed stays, only a feed's address follows."""
    link = Link.objects.get(code=link_code)
    Bell.objects.bulk_create(
        (
            Bell(
                municipality=municipality,
                register_id=f"{municipality.code}-{bell.number}",
                number=bell.number,
                purpose="약자보호",
                place_text=bell.place_text,
                road_address=f"한빛시 {bell.place_text}",
                location=_point(bell.east_m, bell.north_m),
                connection="양방향",
                police_linked=True,
            )
            for bell in BELLS
        ),
        ignore_conflicts=True,
    )
    Sensor.objects.bulk_create(
        (
            Sensor(
                municipality=municipality,
                link=link,
                code=post.code,
                name=post.name,
                kind=post.kind,
                unit=post.unit,
                location=_point(post.east_m, post.north_m),
                attention_from=post.thresholds[0],
                caution_from=post.thresholds[1],
                alert_from=post.thresholds[2],
                severe_from=post.thresholds[3],
                hysteresis=post.hysteresis,
            )
            for post in SENSORS
        ),
        ignore_conflicts=True,
    )
    pages = {
        FeedAdapter.ITS_EVENTS: ITS,
        FeedAdapter.ITS_CAMERAS: CCTV,
        FeedAdapter.UTIC_EVENTS: UTIC,
    }
    for adapter, page in pages.items():
        if door:
            _feed(link, adapter, f"{door}{page}")


def _feed(link: Link, adapter: str, url: str) -> None:
    feed, _made = Feed.objects.get_or_create(
        link=link,
        adapter=adapter,
        defaults={
            "municipality": link.municipality,
            "url": url,
            # The simulated agency lives on this machine.
            "allow_private_address": True,
            "interval_s": ASKED_EVERY_S,
        },
    )
    if feed.url != url:
        Feed.objects.filter(pk=feed.pk).update(url=url, failures=0)


def _point(east_m: float, north_m: float) -> Point:
    return Point(*spot(CENTRE_LON, CENTRE_LAT, east_m, north_m), srid=4326)
