"""Builds sites and cameras for tests, a given number of metres from a place."""

import math
from itertools import count

from django.contrib.gis.geos import Point

from cctv.choices import Health, Purpose, SourceKind
from cctv.models import Camera, Site
from controlroom.municipalities.models import Municipality

CENTRE = (127.4, 36.4)
_numbers = count(1)


def away(north_m: float = 0.0, east_m: float = 0.0, *, of=CENTRE) -> Point:
    """Give the place this many metres north and east of another."""
    lat = of[1] + north_m / 110_970
    lon = of[0] + east_m / (111_320 * math.cos(math.radians(of[1])))
    return Point(lon, lat, srid=4326)


def make_site(municipality: Municipality, place: Point, **fields) -> Site:
    number = next(_numbers)
    fields = {"register_id": f"T{number}", "name": f"지점 {number}", **fields}
    fields.setdefault("purpose", Purpose.CRIME)
    return Site.objects.create(municipality=municipality, location=place, **fields)


def make_camera(
    municipality: Municipality, north_m: float = 0.0, east_m: float = 0.0, *, site=None, **fields
) -> Camera:
    purpose = fields.pop("purpose", Purpose.CRIME)
    installed = fields.pop("installed_month", None)
    if site is None:
        site = make_site(
            municipality, away(north_m, east_m), purpose=purpose, installed_month=installed
        )
    fields.setdefault("health", Health.ONLINE)
    fields.setdefault("source_kind", SourceKind.SYNTHETIC)
    fields.setdefault("position", site.cameras.count() + 1)
    return Camera.objects.create(municipality=municipality, site=site, **fields)
