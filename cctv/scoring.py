"""How well each camera would see a place, and why: arithmetic with no Django and no database."""

import math
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

EARTH_RADIUS_M = 6_371_008.8

# What a camera can earn. Distance counts most and falls without ever reaching nothing, so a
# nearer camera that is the same in everything else always stands before a farther one.
DISTANCE_POINTS = 60.0
DISTANCE_HALVES_AT_M = 100.0
IN_VIEW_POINTS = 20.0
IN_VIEW_FADES_OVER_M = 300.0
LOOKS_AWAY_POINTS = -20.0
ONLINE_POINTS = 10.0
AGE_POINTS_PER_YEAR = -0.6
AGE_YEARS_AT_MOST = 10.0
# domain.md S69: 45 % are past five years; a camera of no known age is taken for a middling one.
AGE_YEARS_IF_UNKNOWN = 5.0
OLD_AFTER_YEARS = 7.0
DAYS_PER_YEAR = 365.25
NOT_CONNECTED_POINTS = -25.0
IN_USE_POINTS = -4.0
IN_USE_AT_MOST = 3
# Each camera already picked on the same pole; more when it looks the same way.
SAME_POLE_POINTS = -12.0
SAME_POLE_SAME_WAY_POINTS = -45.0
SAME_WAY_WITHIN_DEG = 45.0

# The register's own places are not better than this (GPS of a hand-held device).
PLACE_ERROR_M = 10.0
HALF_VIEW_IF_UNKNOWN_DEG = 45.0
AWAY_BEYOND_IF_UNKNOWN_DEG = 90.0

# Nobody sees anything by these; by the others something may still be seen, so they only lose points
# (a dark picture more than all that being online earns: a lit one farther away shows more).
UNUSABLE = frozenset({"offline", "frozen", "covered"})
IMPAIRED_POINTS = {"dark": -30.0, "blurred": -15.0, "tampered": -30.0}


class Place(NamedTuple):
    """Where it happens, and how far from there it may really be."""

    lon: float
    lat: float
    error_radius_m: float = 0.0


class Candidate(NamedTuple):
    """One camera as the register knows it now; `None` means unknown."""

    id: int
    site_id: int
    name: str
    lon: float
    lat: float
    distance_m: float
    bearing_deg: float | None = None
    field_of_view_deg: float | None = None
    health: str = "unknown"
    installed: date | None = None
    purpose: str = ""
    is_allowed: bool = True
    is_connected: bool = True
    views_open: int = 0


class Judged(NamedTuple):
    """A camera with its points before diversity; `refused` names why it cannot serve at all."""

    candidate: Candidate
    score: float
    in_view: bool | None
    refused: str


def angle_between_deg(one: float, other: float) -> float:
    """Measure the smaller angle between two bearings, 0 to 180."""
    return abs((one - other + 180.0) % 360.0 - 180.0)


def bearing_deg(from_lon: float, from_lat: float, to_lon: float, to_lat: float) -> float:
    """Give the bearing from one place to another, clockwise from north.

    Flat-earth over camera distances: wrong by less than 0.1° within 5 km in Korea.
    """
    east = (to_lon - from_lon) * math.cos(math.radians((from_lat + to_lat) / 2))
    return math.degrees(math.atan2(east, to_lat - from_lat)) % 360.0


def sees(candidate: Candidate, place: Place) -> bool | None:
    """Say whether the place lies in the camera's view; None when nobody can know.

    The error circle only ever softens a no into an unknown, never a yes.
    """
    if candidate.field_of_view_deg is not None and candidate.field_of_view_deg >= 360.0:
        return True
    if candidate.bearing_deg is None:
        return None
    off_deg = angle_between_deg(
        candidate.bearing_deg, bearing_deg(candidate.lon, candidate.lat, place.lon, place.lat)
    )
    if candidate.field_of_view_deg is None:
        half, away = HALF_VIEW_IF_UNKNOWN_DEG, AWAY_BEYOND_IF_UNKNOWN_DEG
    else:
        half = away = candidate.field_of_view_deg / 2
    if off_deg <= half:
        return True
    error_m = max(place.error_radius_m, PLACE_ERROR_M)
    if candidate.distance_m <= error_m:
        return None
    tolerance_deg = math.degrees(math.asin(error_m / candidate.distance_m))
    return None if off_deg <= away + tolerance_deg else False


@lru_cache(maxsize=4096)
def age_years(installed: date | None, today: date) -> float:
    if installed is None:
        return AGE_YEARS_IF_UNKNOWN
    return min(max((today - installed).days / DAYS_PER_YEAR, 0.0), AGE_YEARS_AT_MOST)


def refusal(candidate: Candidate) -> str:
    """Name the reason why this camera cannot serve, or nothing."""
    if not candidate.is_allowed:
        return "purpose_not_allowed"
    if candidate.health in UNUSABLE:
        return candidate.health
    return ""


def judge(candidate: Candidate, place: Place, today: date) -> Judged:
    """Give a camera its points for this place."""
    score = DISTANCE_POINTS / (1.0 + candidate.distance_m / DISTANCE_HALVES_AT_M)
    in_view = sees(candidate, place)
    if in_view:
        score += IN_VIEW_POINTS * math.exp(-candidate.distance_m / IN_VIEW_FADES_OVER_M)
    elif in_view is False:
        score += LOOKS_AWAY_POINTS
    if candidate.health == "online":
        score += ONLINE_POINTS
    score += IMPAIRED_POINTS.get(candidate.health, 0.0)
    score += AGE_POINTS_PER_YEAR * age_years(candidate.installed, today)
    if not candidate.is_connected:
        score += NOT_CONNECTED_POINTS
    score += IN_USE_POINTS * min(candidate.views_open, IN_USE_AT_MOST)
    return Judged(candidate, score, in_view, refusal(candidate))


def crowding(candidate: Candidate, picked_here: Sequence[Candidate]) -> float:
    """Count off what the cameras already picked on the same pole show anyway."""
    points = 0.0
    for other in picked_here:
        points += SAME_POLE_SAME_WAY_POINTS if looks_like(candidate, other) else SAME_POLE_POINTS
    return points


def _crowded(judged: Judged, picked_here: Sequence[Candidate]) -> Judged:
    camera, score, in_view, refused = judged
    return Judged(camera, score + crowding(camera, picked_here), in_view, refused)


def looks_like(one: Candidate, other: Candidate) -> bool:
    """Say whether two cameras of one pole are known to look the same way."""
    if one.bearing_deg is None or other.bearing_deg is None:
        return False
    return angle_between_deg(one.bearing_deg, other.bearing_deg) <= SAME_WAY_WITHIN_DEG


def _order(judged: Judged) -> tuple[float, float, int]:
    return (-judged.score, judged.candidate.distance_m, judged.candidate.id)


def rank(judged: Iterable[Judged], limit: int) -> list[Judged]:
    """Pick up to `limit` cameras, best first, each time counting what is already seen.

    Equal points go to the nearer camera, then to the lower id: the same question always has the
    same answer. The score of a pick includes its crowding.
    """
    waiting = sorted((one for one in judged if not one.refused), key=_order)
    picked: list[Judged] = []
    on_pole: dict[int, list[Candidate]] = {}
    while waiting and len(picked) < limit:
        best_at, best = _next(waiting, on_pole)
        del waiting[best_at]
        picked.append(best)
        on_pole.setdefault(best.candidate.site_id, []).append(best.candidate)
    return picked


def _next(waiting: list[Judged], on_pole: dict[int, list[Candidate]]) -> tuple[int, Judged]:
    """Find the best one left. Crowding only takes points, so the sorted list ends the search."""
    best_at, best = -1, waiting[0]
    for at, one in enumerate(waiting):
        if best_at >= 0 and one.score < best.score:
            break
        here = on_pole.get(one.candidate.site_id)
        now = _crowded(one, here) if here else one
        if best_at < 0 or _order(now) < _order(best):
            best_at, best = at, now
    return best_at, best
