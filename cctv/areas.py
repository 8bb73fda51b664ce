"""Finds the cameras inside a drawn circle or polygon and along a drawn line."""

from collections.abc import Sequence
from math import isfinite

from django.contrib.gis.geos import GEOSGeometry, LinearRing, LineString, Point, Polygon
from django.utils import timezone
from django.utils.translation import gettext as _

from cctv import reasons, scoring, shortlist
from cctv.errors import AreaInvalid
from cctv.selection import Choice, Pick
from controlroom.municipalities.models import Municipality

Coordinates = Sequence[Sequence[float]]

CIRCLE_AT_MOST_M = 10_000.0
BUFFER_AT_MOST_M = 1_000.0
POINTS_AT_MOST = 500
# Rough size of a drawn shape, so that nobody draws half the country by accident.
SPAN_AT_MOST_DEG = 1.0
SITES_AT_MOST = 500


def in_circle(
    *, municipality: Municipality, centre: Point, radius_m: float, service: str
) -> Choice:
    """Find the cameras within the radius, nearest to the centre first.

    Raises: AreaInvalid when the radius is not between 1 m and 10 km.
    """
    if not isfinite(radius_m) or not 1 <= radius_m <= CIRCLE_AT_MOST_M:
        raise _refuse("radius_m", _("must be between 1 and 10,000 m"))
    return _cameras(municipality, centre, radius_m=radius_m, service=service)


def in_polygon(*, municipality: Municipality, coordinates: Coordinates, service: str) -> Choice:
    """Find the cameras inside the ring, nearest to its middle first; it closes itself.

    Raises: AreaInvalid for a ring of fewer than three points, one that crosses itself, or a
    shape too large.
    """
    points = _points(coordinates, at_least=3)
    ring = points if points[0] == points[-1] else [*points, points[0]]
    if len(ring) < 4:
        raise _refuse("coordinates", _("a polygon needs three different points"))
    polygon = Polygon(LinearRing(ring), srid=4326)
    if not polygon.valid:
        raise _refuse("coordinates", _("the drawn line crosses itself"))
    return _cameras(municipality, polygon, radius_m=0.0, service=service)


def along_line(
    *, municipality: Municipality, coordinates: Coordinates, buffer_m: float, service: str
) -> Choice:
    """Find the cameras within the buffer of a line, in the order one passes them.

    Raises: AreaInvalid for fewer than two points or a buffer not between 1 m and 1 km.
    """
    points = _points(coordinates, at_least=2)
    if len(set(points)) < 2:
        raise _refuse("coordinates", _("a line needs two different points"))
    if not isfinite(buffer_m) or not 1 <= buffer_m <= BUFFER_AT_MOST_M:
        raise _refuse("buffer_m", _("must be between 1 and 1,000 m"))
    line = LineString(points, srid=4326)
    return _cameras(municipality, line, radius_m=buffer_m, service=service)


def _refuse(field: str, why: str) -> AreaInvalid:
    return AreaInvalid(_("this area cannot be searched"), fields={field: [why]})


def _points(coordinates: Coordinates, *, at_least: int) -> list[tuple[float, float]]:
    points = [(float(lon), float(lat)) for lon, lat in coordinates]
    if not at_least <= len(points) <= POINTS_AT_MOST:
        raise _refuse(
            "coordinates",
            _("%(least)s to %(most)s points are needed")
            % {"least": at_least, "most": POINTS_AT_MOST},
        )
    for lon, lat in points:
        if not (-180 <= lon <= 180 and -90 <= lat <= 90):
            raise _refuse("coordinates", _("not a place on earth"))
    lons, lats = zip(*points, strict=True)
    if max(max(lons) - min(lons), max(lats) - min(lats)) > SPAN_AT_MOST_DEG:
        raise _refuse("coordinates", _("the drawn area is too large"))
    return points


def _cameras(
    municipality: Municipality, shape: GEOSGeometry, *, radius_m: float, service: str
) -> Choice:
    found, are_all = shortlist.drawn(
        municipality_id=municipality.pk,
        shape_ewkt=f"SRID=4326;{shape.wkt}",
        is_line=shape.geom_type == "LineString",
        radius_m=radius_m,
        service=service,
        sites=SITES_AT_MOST,
    )
    today = timezone.localdate()
    judged = [scoring.judge(camera, place, today) for camera, place in found]
    refused = [one for one in judged if one.refused]
    return Choice(
        radius_m=radius_m,
        picks=[
            Pick(one, reasons.of_pick(one, today, "in_area")) for one in judged if not one.refused
        ],
        skipped=list(map(Pick, refused, reasons.of_skips(refused, [], today))),
        is_truncated=not are_all,
    )
