"""Chooses the cameras that see a place, and keeps why each was picked or passed over."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.gis.geos import Point
from django.utils import timezone

from cctv import reasons, scoring, shortlist
from cctv.reasons import Reason
from cctv.scoring import Judged, Place
from controlroom.municipalities.models import Municipality

# domain.md 8: the search radius is at least this times the error radius.
ERROR_FACTOR = 1.5
# Nearest sites looked at (some 30 cameras for five picks); more only while too few usable cameras
# stand on them.
SITES_LOOKED_AT = (12, 48, 192)
# How far to look when no camera within the radius can serve.
BEYOND_FACTOR = 4.0
BEYOND_AT_LEAST_M = 2000.0


@dataclass(frozen=True, slots=True)
class Pick:
    """One camera of a choice, with its reasons."""

    judged: Judged
    reasons: list[Reason]

    def as_json(self) -> dict[str, Any]:
        camera = self.judged.candidate
        return {
            "id": camera.id,
            "site_id": camera.site_id,
            "name": camera.name,
            "lon": camera.lon,
            "lat": camera.lat,
            "distance_m": round(camera.distance_m, 1),
            "bearing_deg": camera.bearing_deg,
            "field_of_view_deg": camera.field_of_view_deg,
            "in_view": self.judged.in_view,
            "health": camera.health,
            "installed": camera.installed.isoformat() if camera.installed else None,
            "purpose": camera.purpose,
            "score": round(self.judged.score, 1),
            "reasons": self.reasons,
        }


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen for a place: picks best first, skipped ones nearest first."""

    radius_m: float
    picks: list[Pick]
    skipped: list[Pick]
    is_truncated: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "radius_m": self.radius_m,
            "picks": [pick.as_json() for pick in self.picks],
            "skipped": [pick.as_json() for pick in self.skipped],
            "truncated": self.is_truncated,
        }


def search_radius_m(municipality: Municipality, error_radius_m: float) -> float:
    return max(float(municipality.camera_radius_m), ERROR_FACTOR * error_radius_m)


def choose(
    *,
    municipality: Municipality,
    place: Point,
    error_radius_m: float,
    service: str,
    limit: int | None = None,
    radius_m: float | None = None,
) -> Choice:
    """Choose the cameras of this municipality that best see the place.

    The nearest sites within the radius are scored; when none of their cameras can serve, the
    nearest beyond it are taken and say so. An explicit radius replaces the policy's.
    Units: radius and error in metres; `place` is lon, lat in WGS84.
    """
    lon, lat = place.coords
    target = Place(lon, lat, max(error_radius_m, 0.0))
    wanted = municipality.camera_limit if limit is None else limit
    radius = search_radius_m(municipality, target.error_radius_m) if radius_m is None else radius_m
    today = timezone.localdate()

    def look(within_m: float) -> list[Judged]:
        return _judged_within(municipality.pk, target, within_m, service, wanted, today)

    judged = look(radius)
    if all(one.refused for one in judged):
        judged = look(max(BEYOND_FACTOR * radius, BEYOND_AT_LEAST_M))
    return _with_reasons(judged, scoring.rank(judged, wanted), radius, today)


def _judged_within(
    municipality_id: int, place: Place, radius_m: float, service: str, wanted: int, today: date
) -> list[Judged]:
    judged: list[Judged] = []
    for sites in SITES_LOOKED_AT:
        candidates, are_all = shortlist.nearest(
            municipality_id=municipality_id,
            place=place,
            radius_m=radius_m,
            service=service,
            sites=sites,
        )
        judged = [scoring.judge(candidate, place, today) for candidate in candidates]
        if are_all or sum(not one.refused for one in judged) >= wanted:
            break
    return judged


def _with_reasons(
    judged: list[Judged], picked: list[Judged], radius_m: float, today: date
) -> Choice:
    """Explain every pick, and every camera passed over that is no farther than the last pick."""
    picked_ids = {one.candidate.id for one in picked}
    reach_m = max((one.candidate.distance_m for one in picked), default=float("inf"))
    passed = sorted(
        (
            one
            for one in judged
            if one.candidate.id not in picked_ids and one.candidate.distance_m <= reach_m
        ),
        key=lambda one: (one.candidate.distance_m, one.candidate.id),
    )
    picks = []
    for one in picked:
        extra = ("beyond_radius",) if one.candidate.distance_m > radius_m else ()
        picks.append(Pick(one, reasons.of_pick(one, today, *extra)))
    skipped = list(map(Pick, passed, reasons.of_skips(passed, picked, today)))
    return Choice(radius_m=radius_m, picks=picks, skipped=skipped)
