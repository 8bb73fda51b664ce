"""CAP's polygons and circles as closed rings of (lon, lat); what cannot be a place is refused."""

from itertools import pairwise
from math import asin, atan2, cos, degrees, isfinite, pi, radians, sin

from django.utils.translation import gettext as _

from linkage.cap.alert import Ring
from linkage.cap.errors import AgainstMeaning

VERTICES_AT_MOST = 20_000
CIRCLE_VERTICES = 48
EARTH_KM = 6371.0088
# A circle is drawn at least this wide, so that a point can be seen.
RADIUS_AT_LEAST_KM = 0.05
RADIUS_AT_MOST_KM = 2_000.0


class VertexCounter:
    """How many corners one info may have in all its areas together."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, count: int) -> None:
        """Raises: AgainstMeaning."""
        self.count += count
        if self.count > VERTICES_AT_MOST:
            raise refuse("polygon", _("at most %(count)s corners") % {"count": VERTICES_AT_MOST})


def refuse(name: str, why: str) -> AgainstMeaning:
    return AgainstMeaning(_("the alert names an area that cannot be"), fields={name: [why]})


def polygon(text: str, counter: VertexCounter) -> Ring:
    """Read "lat,lon lat,lon ..." whose last pair is its first.

    Raises: AgainstMeaning.
    """
    # Counted before they are cut apart, so that a million of them cost nothing.
    counter.add(text.count(","))
    ring = tuple(_pair(word, "polygon") for word in text.split())
    if len(ring) < 4 or ring[0] != ring[-1]:
        raise refuse("polygon", _("needs four pairs or more, the last the same as the first"))
    _check_antimeridian(ring, "polygon")
    return ring


def circle(text: str, counter: VertexCounter) -> Ring:
    """Read "lat,lon radius" (km) as a ring.

    Raises: AgainstMeaning.
    """
    counter.add(CIRCLE_VERTICES)
    try:
        centre, radius_text = text.split()
        radius_km = float(radius_text)
    except ValueError as error:
        raise refuse("circle", _("must be lat,lon and a radius in km")) from error
    if not isfinite(radius_km) or not 0 <= radius_km <= RADIUS_AT_MOST_KM:
        raise refuse("circle", _("the radius cannot be"))
    lon, lat = _pair(centre, "circle")
    ring = _around(lon, lat, max(radius_km, RADIUS_AT_LEAST_KM))
    _check_antimeridian(ring, "circle")
    return ring


def _pair(word: str, name: str) -> tuple[float, float]:
    try:
        lat, lon = (float(part) for part in word.split(","))
    except ValueError as error:
        raise refuse(name, _("each pair is lat,lon")) from error
    if not (isfinite(lat) and isfinite(lon)):
        raise refuse(name, _("not a number"))
    if abs(lat) > 90 and abs(lon) <= 90:
        raise refuse(name, _("latitude and longitude are swapped"))
    if abs(lat) > 90 or abs(lon) > 180:
        raise refuse(name, _("not a place on earth"))
    return lon, lat


def _check_antimeridian(ring: Ring, name: str) -> None:
    """Refuse a side of over half the world: it crosses 180 degrees and would be drawn around it."""
    if any(abs(one[0] - two[0]) > 180 for one, two in pairwise(ring)):
        raise refuse(name, _("an area across the 180th meridian must be sent as two"))


def _around(lon: float, lat: float, radius_km: float) -> Ring:
    angle, phi, lam = radius_km / EARTH_KM, radians(lat), radians(lon)
    points = []
    for step in range(CIRCLE_VERTICES):
        bearing = 2 * pi * step / CIRCLE_VERTICES
        there = asin(sin(phi) * cos(angle) + cos(phi) * sin(angle) * cos(bearing))
        turned = atan2(sin(bearing) * sin(angle) * cos(phi), cos(angle) - sin(phi) * sin(there))
        wrapped = (degrees(lam + turned) + 540) % 360 - 180
        points.append((round(wrapped, 7), round(degrees(there), 7)))
    return (*points, points[0])
