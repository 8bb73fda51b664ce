"""What the map needs of a municipality: its boundary and its neighbours'."""

from typing import Any, cast

from django.db import connection
from django.http import HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from rest_framework.decorators import api_view
from rest_framework.request import Request

from controlroom.errors import OutOfScope
from controlroom.municipalities.models import Municipality

NEIGHBOUR_REACH_M = 2_000

# PostGIS builds the document: no geometry passes through Python.
BOUNDARIES = """
SELECT json_build_object(
  'type', 'FeatureCollection',
  'features', coalesce(json_agg(json_build_object(
    'type', 'Feature',
    'properties', json_build_object(
      'code', near.code, 'name_ko', near.name_ko, 'name_en', near.name_en,
      'own', near.id = own.id),
    'geometry', ST_AsGeoJSON(ST_SimplifyPreserveTopology(near.boundary::geometry, 0.0001), 5)::json
  ) ORDER BY near.code), '[]'::json))::text
FROM municipalities_municipality own
JOIN municipalities_municipality near
  ON near.id = own.id OR ST_DWithin(near.boundary, own.boundary, %s)
WHERE own.id = %s AND near.boundary IS NOT NULL
"""


@api_view(["GET"])
def boundary(request: Request, code: str) -> HttpResponse:
    """Give a FeatureCollection: the own boundary (own: true) and those within 2 km of it."""
    municipality = Municipality.objects.visible_to(request.user).filter(code=code).first()
    if municipality is None:
        raise OutOfScope(_("no such municipality"))
    with connection.cursor() as cursor:
        cursor.execute(BOUNDARIES, [NEIGHBOUR_REACH_M, municipality.pk])
        (document,) = cursor.fetchone()
    return HttpResponse(
        document,
        content_type="application/geo+json",
        headers={"Cache-Control": "private, max-age=3600"},
    )


# The features of every layer in one collection, joined as text.
BASE_MAP = """
SELECT coalesce(string_agg(feature::text, ',' ORDER BY layer.name, at), ''),
       md5(coalesce(string_agg(DISTINCT layer.id || '@' || layer.updated_at, ','), ''))
FROM municipalities_maplayer layer
CROSS JOIN LATERAL jsonb_array_elements(layer.geojson -> 'features')
  WITH ORDINALITY AS every(feature, at)
WHERE layer.municipality_id = %s
"""


@api_view(["GET"])
def base_map(request: Request, code: str) -> HttpResponse:
    """Give what is drawn under the map, as one FeatureCollection; empty when the city has none."""
    municipality = Municipality.objects.visible_to(request.user).filter(code=code).first()
    if municipality is None:
        raise OutOfScope(_("no such municipality"))
    with connection.cursor() as cursor:
        cursor.execute(BASE_MAP, [municipality.pk])
        features, digest = cursor.fetchone()
    etag = f'"{digest}"'
    response = HttpResponse(
        f'{{"type":"FeatureCollection","features":[{features}]}}',
        content_type="application/geo+json",
        headers={"Cache-Control": "private, no-cache", "ETag": etag},
    )
    plain: Any = request._request  # noqa: SLF001 - DRF's way to the plain request
    return cast(HttpResponse, get_conditional_response(plain, etag=etag, response=response))
