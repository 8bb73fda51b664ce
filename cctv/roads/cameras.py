"""Chooses the cameras along a way: in the order of travel, the best of each stretch."""

from dataclasses import dataclass
from typing import Any, cast

from django.contrib.gis.geos import LineString, Point

from cctv import areas, reasons
from cctv.roads.routing import Route
from cctv.selection import Pick
from controlroom.municipalities.models import Municipality

BUFFER_M = 40.0
# Pictures of the same street corner tell no more than one of them.
STRETCH_M = 200.0
CAMERAS_AT_MOST = 20
SIMPLIFY_DEG = 0.00002  # about 2 m


@dataclass(frozen=True, slots=True)
class RouteCameras:
    """`found` counts every camera along the way that can serve."""

    picks: list[dict[str, Any]]
    found: int


def along(*, municipality: Municipality, way: Route, service: str) -> RouteCameras:
    line = LineString(way.line, srid=4326) if len(set(way.line)) > 1 else None
    if line is None:
        return RouteCameras([], 0)
    choice = areas.along_line(
        municipality=municipality,
        coordinates=_simple(line),
        buffer_m=BUFFER_M,
        service=service,
    )
    best: dict[int, tuple[float, Pick]] = {}
    for pick in choice.picks:
        camera = pick.judged.candidate
        along_m = line.project_normalized(Point(camera.lon, camera.lat)) * way.length_m
        stretch = int(along_m // STRETCH_M)
        if stretch not in best or pick.judged.score > best[stretch][1].judged.score:
            best[stretch] = (along_m, pick)
    picks = [_as_json(along_m, pick) for _stretch, (along_m, pick) in sorted(best.items())]
    return RouteCameras(picks[:CAMERAS_AT_MOST], len(choice.picks))


def _simple(line: LineString) -> list[tuple[float, float]]:
    tolerance, simple = SIMPLIFY_DEG, line
    while simple is line or len(simple.coords) > areas.POINTS_AT_MOST:
        simple = cast(LineString, line.simplify(tolerance))
        tolerance *= 2
    return [(lon, lat) for lon, lat in simple.coords]


def _as_json(along_m: float, pick: Pick) -> dict[str, Any]:
    said = pick.as_json()
    kept = [one for one in said["reasons"] if one["code"] not in {"distance", "in_area"}]
    said["reasons"] = [reasons.reason("along_way", n=round(along_m)), *kept]
    return {**said, "along_m": round(along_m)}
