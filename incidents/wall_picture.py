"""What a wall screen shows: kinds, places by road, ages and figures; nothing of persons."""

import re
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Avg, Count, F, Min, Q
from django.utils import timezone

from cctv.choices import Health
from cctv.models import Camera
from incidents import screens
from incidents.choices import Priority
from incidents.features import moment
from incidents.models import Incident
from incidents.models_screens import WallScreen

SHOWN_AT_MOST = 60
# A house number names a home: what comes from the first number on stays off the wall. The number
# in a road's own name (중앙로12번길) is part of the word and stays.
_NUMBER = re.compile(r"(?:\s+|,\s*)(?:산\s?)?[0-9].*$")


def road_of(address: str) -> str:
    """Cut an address before its house number."""
    return _NUMBER.sub("", address).strip()


def picture(screen: WallScreen) -> dict[str, Any]:
    now = timezone.now()
    here = Incident.objects.filter(municipality_id=screen.municipality_id)
    still_open = (
        here.still_open()
        .select_related("kind")
        .order_by("priority", "-received_at", "-pk")
        .defer("summary")[:SHOWN_AT_MOST]
    )
    return {
        "now": moment(now),
        "layout": screen.layout,
        "incidents": [_item(one) for one in still_open],
        "pictures": screens.shown(screen),
        "figures": _figures(here, screen.municipality_id, now),
    }


def _item(incident: Incident) -> dict[str, Any]:
    place = incident.location
    return {
        "id": str(incident.pk),
        "number": incident.number,
        "service": incident.service,
        "kind": {
            "code": incident.kind.code,
            "name_ko": incident.kind.name_ko,
            "name_en": incident.kind.name_en,
        },
        "priority": incident.priority,
        "status": str(incident.status),
        "is_drill": incident.is_drill,
        "address": road_of(incident.address),
        # To 11 m: a place on the map of a city, not a door.
        "lon": round(place.x, 4) if place else None,
        "lat": round(place.y, 4) if place else None,
        "error_radius_m": float(incident.error_radius_m),
        "received_at": moment(incident.received_at),
        "is_owned": incident.owner_id is not None,
        "level": incident.escalation_level,
    }


def _figures(here: Any, municipality_id: int, now: datetime) -> dict[str, Any]:
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    real = here.filter(is_drill=False)
    today = real.filter(received_at__gte=midnight).aggregate(
        received=Count("pk"),
        ended=Count("pk", filter=Q(ended_at__isnull=False)),
        acknowledged=Count("pk", filter=Q(acknowledged_at__isnull=False)),
        mean_ack=Avg(F("acknowledged_at") - F("received_at")),
    )
    waiting = (
        real.still_open()
        .filter(acknowledged_at=None)
        .aggregate(count=Count("pk"), oldest=Min("received_at"))
    )
    by_priority = {
        row["priority"]: row["n"]
        for row in real.still_open().order_by().values("priority").annotate(n=Count("pk"))
    }
    hours = real.filter(received_at__gte=now - timedelta(hours=12)).values_list(
        "received_at", flat=True
    )
    cameras = (
        Camera.objects.in_register()
        .filter(municipality_id=municipality_id)
        .aggregate(all=Count("pk"), online=Count("pk", filter=Q(health=Health.ONLINE)))
    )
    mean = today["mean_ack"]
    return {
        "open": {str(value): by_priority.get(value, 0) for value in Priority.values},
        "received_today": today["received"],
        "ended_today": today["ended"],
        "acknowledged_today": today["acknowledged"],
        "mean_acknowledge_s": None if mean is None else round(mean.total_seconds(), 1),
        "waiting": waiting["count"],
        "oldest_waiting_at": moment(waiting["oldest"]),
        "by_hour": _by_hour(hours, now),
        "cameras": cameras,
    }


def _by_hour(received: Any, now: datetime) -> list[dict[str, Any]]:
    """Count the last twelve hours of the clock, the running one last."""
    start = timezone.localtime(now).replace(minute=0, second=0, microsecond=0)
    hours = [start - timedelta(hours=back) for back in range(11, -1, -1)]
    counts = dict.fromkeys(hours, 0)
    for at in received:
        hour = timezone.localtime(at).replace(minute=0, second=0, microsecond=0)
        if hour in counts:
            counts[hour] += 1
    return [{"hour": hour.hour, "count": count} for hour, count in counts.items()]
