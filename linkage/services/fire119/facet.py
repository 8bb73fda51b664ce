"""What the console shows of a 119 case: times, engines with their way, cameras on it, concerns."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.utils import timezone

from cctv.roads import cameras
from cctv.roads.routing import NoRoute, Route, route
from incidents import concerns
from incidents.features import moment
from incidents.models import Incident
from linkage.models import Case, Engine
from linkage.services.fire119.cases import fire_case_of, stamps_of
from linkage.services.fire119.measures import TARGET_S, Stamp, measure
from linkage.services.fire119.sequence import CaseState

# An engine that was told to be here longer ago than this may be anywhere.
STALE_POSITION = timedelta(seconds=60)
ARRIVED = frozenset({"arrived", "under_control", "withdrawn"})


def facet(*, user: Any, incident: Incident, engine: str = "") -> dict[str, Any]:
    """Give the newest 119 case of the incident; `engine` names whose way the cameras follow."""
    case = (
        Case.objects.visible_to(user)
        .filter(incident=incident, link__service="fire119")
        .order_by("-pk")
        .first()
    )
    fire = fire_case_of(case)
    if case is None or fire is None:
        return {"case": None, "server_time": moment(timezone.now())}
    stamps = stamps_of(case)
    follows = fire.state == CaseState.OPEN
    engines = _engines(case, stamps, incident) if follows else []
    return {
        "server_time": moment(timezone.now()),
        "case": {
            "receipt_no": case.external_id,
            "state": fire.state,
            "closing_code": fire.closing_code,
            **{
                name: case.payload.get(name) for name in ("floor", "response_level", "headquarters")
            },
            "building_ids": case.payload.get("building_ids", []),
            "hazard_ids": case.payload.get("hazard_ids", []),
        },
        "times": [{"unit": one.unit, "step": one.step, "at": moment(one.at)} for one in stamps],
        "measure": _measure(stamps),
        "engines": [said for said, _way in engines],
        "route": _followed(engines, incident, engine),
        "concerns": concerns.near(
            user=user, municipality=incident.municipality, place=incident.location
        )
        if incident.location
        else [],
        "concerns_radius_m": concerns.RADIUS_M,
    }


def _measure(stamps: Iterable[Stamp]) -> dict[str, Any]:
    found = asdict(measure(stamps))
    times = {name: moment(found.pop(name)) for name in list(found) if name.endswith("_at")}
    return {**times, **found, "target_s": TARGET_S}


def _engines(
    case: Case, stamps: list[Stamp], incident: Incident
) -> list[tuple[dict[str, Any], Route | None]]:
    last = {stamp.unit: stamp.step for stamp in stamps}
    rows = Engine.objects.filter(case=case)
    found = [_engine(row, last.get(row.call_sign, ""), incident) for row in rows]
    return sorted(found, key=_soonest)


def _soonest(one: tuple[dict[str, Any], Route | None]) -> tuple[bool, float, str]:
    said, way = one
    return way is None, way.seconds if way else 0.0, said["call_sign"]


def _engine(row: Engine, step: str, incident: Incident) -> tuple[dict[str, Any], Route | None]:
    age = timezone.now() - row.located_at if row.located_at else None
    place = row.location
    said: dict[str, Any] = {
        "call_sign": row.call_sign,
        "vehicle": row.vehicle,
        "step": step,
        "lon": place.x if place else None,
        "lat": place.y if place else None,
        "at": moment(row.located_at),
        "is_stale": age is None or age > STALE_POSITION,
        "speed_kmh": row.speed_kmh,
        "heading_deg": row.heading_deg,
        "route": None,
        "problem": None,
    }
    if place is None or incident.location is None or step in ARRIVED:
        return said, None
    found = route(
        municipality_id=incident.municipality_id,
        start=(place.x, place.y),
        end=(incident.location.x, incident.location.y),
    )
    if isinstance(found, NoRoute):
        return {**said, "problem": asdict(found)}, None
    # From when the engine was there, not from now: an old place promises no fresh arrival.
    arrives = row.located_at + timedelta(seconds=found.seconds) if row.located_at else None
    said["route"] = {
        "line": [[round(lon, 6), round(lat, 6)] for lon, lat in found.line],
        "length_m": round(found.length_m),
        "eta_s": round(found.seconds),
        "eta_at": moment(arrives),
        "factor": found.factor,
        "narrow_m": round(found.narrow_m),
    }
    return said, found


def _followed(
    engines: list[tuple[dict[str, Any], Route | None]], incident: Incident, wanted: str
) -> dict[str, Any] | None:
    """Give the cameras along one engine's way: the one asked for, else the soonest there."""
    on_way = [(said["call_sign"], way) for said, way in engines if way is not None]
    if not on_way:
        return None
    call_sign, way = next((one for one in on_way if one[0] == wanted), on_way[0])
    seen = cameras.along(municipality=incident.municipality, way=way, service=incident.service)
    return {"engine": call_sign, "cameras": seen.picks, "found": seen.found}
