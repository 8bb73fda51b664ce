"""Areas of situations: from rings and GeoJSON to one multipolygon, and what of it is ours."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.gis.gdal import GDALException
from django.contrib.gis.geos import GEOSException, MultiPolygon, Point, Polygon
from django.utils.translation import gettext as _

from controlroom.errors import Invalid
from controlroom.municipalities.models import Municipality

# A map draws no finer than this (about 10 m), and a camera search takes few corners.
TOLERANCE_DEG = 0.0001
CORNERS_AT_MOST = 400
CORNERS_OF_A_CIRCLE = 48


def of_rings(rings: Iterable[Sequence[tuple[float, float]]]) -> MultiPolygon | None:
    """Unite closed rings of (lon, lat); a ring that crosses itself is mended."""
    return _united([Polygon(list(ring), srid=4326) for ring in rings])


def of_geojson(area: dict[str, Any] | None) -> MultiPolygon | None:
    """Read a Polygon or MultiPolygon whose shape was checked (messages.AREA).

    A ring left open is closed, which a schema cannot demand and which changes nothing it says.

    Raises: Invalid for coordinates that are no area.
    """
    if not area:
        return None
    polygons = area["coordinates"] if area["type"] == "MultiPolygon" else [area["coordinates"]]
    try:
        return _united([Polygon(*map(_closed, rings), srid=4326) for rings in polygons])
    except (GEOSException, GDALException, IndexError, TypeError, ValueError) as error:
        raise Invalid(
            _("the area is not a polygon"),
            fields={"payload.area": [_("its corners enclose no area")]},
        ) from error


def around(place: Point, radius_m: float) -> MultiPolygon:
    """Give a circle as 48 corners; exact to a metre at the radii of a scene."""
    per_lat = radius_m / 110_574.0
    per_lon = radius_m / (111_320.0 * math.cos(math.radians(place.y)))
    turns = [math.tau * step / CORNERS_OF_A_CIRCLE for step in range(CORNERS_OF_A_CIRCLE)]
    ring = [
        (place.x + per_lon * math.sin(turn), place.y + per_lat * math.cos(turn)) for turn in turns
    ]
    return MultiPolygon(Polygon([*ring, ring[0]], srid=4326), srid=4326)


def _closed(ring: list[Any]) -> list[Any]:
    return ring if ring[0] == ring[-1] else [*ring, ring[0]]


def _united(polygons: list[Polygon]) -> MultiPolygon | None:
    whole: Any = None
    for polygon in polygons:
        part: Any = polygon if polygon.valid else polygon.buffer(0)
        whole = part if whole is None else whole.union(part)
    return _multi(whole)


def _multi(shape: Any) -> MultiPolygon | None:
    if shape is None or shape.empty:
        return None
    if shape.geom_type == "Polygon":
        return MultiPolygon(shape, srid=4326)
    parts = [part for part in shape if part.geom_type == "Polygon"]
    return MultiPolygon(*parts, srid=4326) if parts else None


def within(municipality: Municipality, area: MultiPolygon | None) -> MultiPolygon | None:
    """Cut the area to the city's boundary; a city without one takes the whole."""
    if area is None or municipality.boundary is None:
        return area
    return _multi(area.intersection(municipality.boundary))


def touches(municipality: Municipality, area: MultiPolygon) -> bool:
    """Say whether the area reaches into the city; unknown borders reach everywhere.

    To share a border is not to reach across it: an area drawn as one city is not its neighbours'.
    """
    border = municipality.boundary
    return border is None or bool(area.intersects(border) and not area.touches(border))


def place_in(area: MultiPolygon | None) -> Point | None:
    """Give a point that lies in the largest part."""
    if area is None:
        return None
    point: Point = max(area, key=lambda part: part.area).point_on_surface
    return Point(point.x, point.y, srid=4326)


def drawn(area: MultiPolygon | None, tolerance_deg: float = TOLERANCE_DEG) -> dict[str, Any] | None:
    """Give the area as a map can draw it: no finer than about ten metres."""
    if area is None:
        return None
    simple: Any = area.simplify(tolerance_deg, preserve_topology=True)
    parts = simple.coords if simple.geom_type == "MultiPolygon" else (simple.coords,)
    return {"type": "MultiPolygon", "coordinates": parts}


def searchable(area: MultiPolygon) -> list[list[tuple[float, float]]]:
    """Give the outer rings, largest first, with few enough corners for a camera search."""
    rings = []
    parts: list[Any] = sorted(area, key=lambda one: one.area, reverse=True)
    for part in parts:
        tolerance = TOLERANCE_DEG
        ring: Any = part.exterior_ring
        while len(ring) > CORNERS_AT_MOST and tolerance < 1:
            simple: Any = part.simplify(tolerance, preserve_topology=True)
            ring, tolerance = simple.exterior_ring, tolerance * 2
        rings.append([(x, y) for x, y, *_z in ring.coords])
    return rings
