"""System checks: deployment mistakes that a start should name."""

from typing import Any

from django.contrib.gis.geos import Point
from django.core.checks import CheckMessage, Error, register

from controlroom.geolibs import KNOWN_EASTING_NORTHING_M, KNOWN_LON_LAT


@register()
def known_transform(**_kwargs: Any) -> list[CheckMessage]:
    """Transform one known place: a GDAL without its PROJ data fails here, not on an incident."""
    try:
        place = Point(*KNOWN_LON_LAT, srid=4326)
        place.transform(5179)
    except Exception as error:  # noqa: BLE001 - any failure of the native libraries is the finding
        return [Error(f"GDAL/PROJ cannot transform coordinates: {error}", id="controlroom.E001")]
    easting, northing = KNOWN_EASTING_NORTHING_M
    if abs(place.x - easting) > 1 or abs(place.y - northing) > 1:
        return [
            Error(
                f"GDAL/PROJ transforms wrongly: got {place.x:.1f}, {place.y:.1f} "
                f"instead of {easting}, {northing}",
                id="controlroom.E002",
            )
        ]
    return []
