"""What is drawn under a municipality's map, as GeoJSON text that PostGIS builds."""

from django.db import connection

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

# The features of every layer in one collection, joined as text.
BASE_MAP = """
SELECT coalesce(string_agg(feature::text, ',' ORDER BY layer.name, at), ''),
       md5(coalesce(string_agg(DISTINCT layer.id || '@' || layer.updated_at, ','), ''))
FROM municipalities_maplayer layer
CROSS JOIN LATERAL jsonb_array_elements(layer.geojson -> 'features')
  WITH ORDINALITY AS every(feature, at)
WHERE layer.municipality_id = %s
"""


def boundaries(municipality_id: int) -> str:
    """Give a FeatureCollection: the own boundary (own: true) and those within 2 km of it."""
    with connection.cursor() as cursor:
        cursor.execute(BOUNDARIES, [NEIGHBOUR_REACH_M, municipality_id])
        (document,) = cursor.fetchone()
    return str(document)


def base_map(municipality_id: int) -> tuple[str, str]:
    """Give a FeatureCollection, empty when the city has none, and its digest."""
    with connection.cursor() as cursor:
        cursor.execute(BASE_MAP, [municipality_id])
        features, digest = cursor.fetchone()
    return f'{{"type":"FeatureCollection","features":[{features}]}}', str(digest)
