"""Patrol cars on their way: the newest place of each, told to the console a few times a minute."""

from datetime import timedelta
from typing import Any

from django.contrib.gis.db.models.functions import Distance
from django.contrib.gis.geos import Point
from django.utils import timezone

from controlroom.journal import log
from incidents.features import moment
from incidents.models import Incident
from linkage.models import Case, Link, UnitPosition
from linkage.services.police112.approach import Approach, approach, over_the_line
from linkage.wire import Message, moment_of

# A unit may say where it is every second; the journal hears of it at most this often.
TOLD_EVERY = timedelta(seconds=5)
SHOWN = 50
# A way takes some 20 ms to find on the 5,445 road edges of 유성구; every console asks for it as the
# cars move, and shares the answer of its process. Beyond the nearest ones nobody waits by minutes.
BY_ROAD = 12


def take_position(*, case: Case, incident: Incident, message: Message) -> bool:
    """Keep the newest place of the unit; False when a newer one is known.

    Locks: the unit's row; the journal's counter when the console is told.
    """
    said, now = message.payload, timezone.now()
    at = min(moment_of(said["at"]), now)
    fresh: dict[str, Any] = {
        "municipality_id": case.municipality_id,
        "incident": incident,
        "location": Point(said["lon"], said["lat"], srid=4326),
        "speed_kmh": said.get("speed_kmh"),
        "heading_deg": said.get("heading_deg"),
        "at": at,
        "received_at": now,
    }
    unit, created = UnitPosition.objects.select_for_update().get_or_create(
        link=case.link, case_number=case.external_id, unit=said["unit"], defaults=fresh
    )
    if not created and (unit.at >= at or unit.left_at is not None):
        return False
    for name, value in fresh.items():
        setattr(unit, name, value)
    is_told = unit.told_at is None or now - unit.told_at >= TOLD_EVERY
    if is_told:
        unit.told_at = now
    unit.save()
    if is_told:
        _tell("unit.position", unit)
    return True


def leave(*, link: Link, case_number: str, unit: str) -> None:
    """Record that a unit was taken off the case; what it sends afterwards counts no more."""
    own = UnitPosition.objects.filter(link=link, case_number=case_number, unit=unit, left_at=None)
    for row in own.select_related("incident").select_for_update(of=("self",)):
        row.left_at = timezone.now()
        row.save(update_fields=["left_at"])
        _tell("unit.left", row)


def come_back(*, link: Link, case_number: str, unit: str) -> None:
    """Let a unit that was taken off the case and is sent again count again."""
    UnitPosition.objects.filter(
        link=link, case_number=case_number, unit=unit, left_at__isnull=False
    ).update(left_at=None)


def of_incident(incident: Incident) -> list[dict[str, Any]]:
    """Give the units of the incident, the nearest first, with how old each word is."""
    rows = UnitPosition.objects.filter(incident=incident, left_at=None).select_related(
        "link", "incident"
    )
    scene = incident.location
    if scene is None:
        return [unit_item(row) for row in rows[:SHOWN]]
    near = rows.annotate(away=Distance("location", scene)).order_by("away")[:SHOWN]
    return [
        unit_item(row, _left(row, incident, scene, seeks_road=place < BY_ROAD))
        for place, row in enumerate(near)
    ]


def of_unit(
    *, link: Link, case_number: str, unit: str, incident: Incident
) -> dict[str, Any] | None:
    """Give one unit of the case with the rest of its way; None when nobody knows where it is."""
    rows = UnitPosition.objects.filter(
        link=link, case_number=case_number, unit=unit, left_at=None
    ).select_related("link", "incident")
    scene = incident.location
    if scene is None:
        row = rows.first()
        return unit_item(row) if row else None
    near = rows.annotate(away=Distance("location", scene)).first()
    return unit_item(near, _left(near, incident, scene, seeks_road=True)) if near else None


def _left(row: Any, incident: Incident, scene: Point, *, seeks_road: bool) -> Approach:
    """Give the rest of a unit's way; `away` is what of_incident has measured."""
    if not seeks_road:
        return over_the_line(row.away.m, row.speed_kmh)
    return approach(
        municipality_id=incident.municipality_id,
        start=(row.location.x, row.location.y),
        end=(scene.x, scene.y),
        distance_m=row.away.m,
        speed_kmh=row.speed_kmh,
    )


def unit_item(row: UnitPosition, known: Approach | None = None) -> dict[str, Any]:
    """Give one unit, with its way where that is known; the age is for the reader's clock."""
    return {
        "unit": row.unit,
        "link": row.link.code,
        "case": row.case_number,
        "incident": str(row.incident_id),
        "is_drill": row.incident.is_drill,
        "lon": row.location.x,
        "lat": row.location.y,
        "speed_kmh": row.speed_kmh,
        "heading_deg": row.heading_deg,
        "at": moment(row.at),
        "received_at": moment(row.received_at),
        "distance_m": round(known.distance_m) if known else None,
        "eta_s": known.eta_s if known else None,
        "is_there": known.is_there if known else None,
        "by_road": known.by_road if known else None,
    }


def _tell(kind: str, row: UnitPosition) -> None:
    log.append(
        municipality_id=row.municipality_id,
        kind=kind,
        subject_kind="incident",
        subject_id=str(row.incident_id),
        data={"unit": unit_item(row)},
    )
