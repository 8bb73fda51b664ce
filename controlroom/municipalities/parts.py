"""The parts of a city (읍, 면, 동) whose boundaries are known: polygons of its map layers."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from django.contrib.gis.geos import GEOSException, GEOSGeometry, MultiPolygon
from django.db import connection
from django.utils.translation import gettext as _

from controlroom.errors import Invalid
from controlroom.municipalities.models import MapLayer, Municipality

KIND = "dong"
LAYER = "dong"
# As boundary files call the ten-digit code of a part and its name, newest habit first.
CODES = ("adm_cd2", "EMD_CD", "emd_cd", "code")
NAMES = ("adm_nm", "EMD_KOR_NM", "emd_nm", "name_ko", "name")

_POLYGONS = """
FROM municipalities_maplayer layer
CROSS JOIN LATERAL jsonb_array_elements(layer.geojson -> 'features') feature
WHERE layer.municipality_id = %s AND feature -> 'properties' ->> 'kind' = 'dong'
  AND feature -> 'geometry' ->> 'type' IN ('Polygon', 'MultiPolygon')
"""


def names_of(municipality_id: int) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT feature -> 'properties' ->> 'name_ko' {_POLYGONS}",
            [municipality_id],
        )
        return {name for (name,) in cursor.fetchall() if name}


def area_of(municipality_id: int, names: Collection[str]) -> MultiPolygon | None:
    """Unite the areas of the parts of these names; None when none of them is known."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ST_AsHEXEWKB(ST_Multi(ST_UnaryUnion(ST_Collect(ST_MakeValid("
            "ST_SetSRID(ST_GeomFromGeoJSON(feature ->> 'geometry'), 4326)))))) "
            f"{_POLYGONS} AND feature -> 'properties' ->> 'name_ko' = ANY(%s)",
            [municipality_id, list(names)],
        )
        (found,) = cursor.fetchone()
    shape: Any = GEOSGeometry(found) if found else None
    return shape if isinstance(shape, MultiPolygon) else None


def import_parts(*, path: Path, municipality: Municipality) -> list[str]:
    """Keep the municipality's parts of a GeoJSON file as its map layer; give their names.

    What the layer held before is replaced. Each part is an outline, and a label inside it.
    Raises: Invalid for a file that cannot be read or holds no part of the municipality.
    """
    try:
        found = json.loads(path.read_bytes())["features"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Invalid(_("not a GeoJSON file: %(error)s") % {"error": error}) from error
    outlines, labels = [], []
    for feature in found:
        said = feature.get("properties") or {}
        name = str(next((said[key] for key in NAMES if said.get(key)), "")).split(" ")[-1]
        code = str(next((said[key] for key in CODES if said.get(key)), ""))
        if not name or not _within(code, municipality.code):
            continue
        try:
            shape: Any = GEOSGeometry(json.dumps(feature["geometry"]), srid=4326)
            middle = max(shape, key=lambda part: part.area) if shape.num_geom > 1 else shape
            label = json.loads(middle.point_on_surface.json)
            area = json.loads(shape.simplify(0.00005, preserve_topology=True).json)
        except (GEOSException, ValueError, KeyError, TypeError) as error:
            raise Invalid(f"{name}: {error}") from error
        outlines.append(_feature(name, area))
        labels.append(_feature(name, label))
    if not outlines:
        raise Invalid(
            _("no part of %(city)s is in the file") % {"city": municipality},
            fields={"municipality": [municipality.code]},
        )
    geojson = {"type": "FeatureCollection", "features": [*outlines, *labels]}
    MapLayer.objects.update_or_create(
        municipality=municipality, name=LAYER, defaults={"geojson": geojson}
    )
    return sorted({one["properties"]["name_ko"] for one in outlines})


def _within(code: str, city: str) -> bool:
    """Say whether a part's code lies in the city; a city's districts do (수원시 장안구)."""
    stem = city[:4] if len(city) == 5 and city.endswith("0") and city[:2] != "36" else city
    return code.startswith(city) or (stem != city and code.startswith(stem))


def _feature(name: str, geometry: dict[str, Any]) -> dict[str, Any]:
    properties = {"kind": KIND, "name_ko": name}
    return {"type": "Feature", "properties": properties, "geometry": geometry}
