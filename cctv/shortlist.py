"""Fetches the cameras around a place from PostGIS as rows ready for scoring, in one statement."""

from collections.abc import Mapping
from typing import Any

import psycopg
from django.db import connection
from psycopg.pq import Format

from cctv.policies import usual_purposes
from cctv.scoring import Candidate, Place

_CAMERA_COLUMNS = """
       c.id, n.id, coalesce(nullif(c.name, ''), n.name || ' #' || c.position), n.lon, n.lat,
       n.distance_m, c.bearing_deg, c.field_of_view_deg, c.health, n.installed_month, n.purpose,
       CASE WHEN n.purpose = ANY (ARRAY(SELECT p.purpose FROM cctv_camerapolicy p
                                         WHERE p.municipality_id = %(municipality_id)s
                                           AND p.service = %(service)s AND p.allowed)) THEN true
            WHEN n.purpose = ANY (ARRAY(SELECT p.purpose FROM cctv_camerapolicy p
                                         WHERE p.municipality_id = %(municipality_id)s
                                           AND p.service = %(service)s AND NOT p.allowed))
            THEN false
            ELSE n.purpose = ANY (%(usual)s::text[]) END,
       c.source_kind <> 'none',
       -- the few views that are open now, read once; then counted per camera
       coalesce(array_length(array_positions(ARRAY(
         SELECT v.camera_id FROM cctv_viewrecord v
          WHERE v.municipality_id = %(municipality_id)s AND v.ended_at IS NULL), c.id), 1), 0)
"""
_SITE_COLUMNS = """
       s.id, s.installed_month, s.purpose,
       coalesce(nullif(s.name, ''), nullif(s.road_address, ''), nullif(s.lot_address, ''),
                s.register_id) AS name,
       ST_X(s.location::geometry) AS lon, ST_Y(s.location::geometry) AS lat
"""
_OWN = "s.municipality_id = %(municipality_id)s AND s.gone_at IS NULL AND NOT s.is_borrowed"
_PLACE = "(SELECT ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326)::geography)"

# SITES is written as a number: behind a parameter the planner expects a tenth of the table and
# would sort it. The place is a sub-select, or it is computed anew for every row. Whoever the
# sites belong to: this walks the GiST index in order of distance and stops, so it costs the same
# whatever else is in the table.
_ANYONES_SQL = f"""
SELECT {_CAMERA_COLUMNS}, n.is_own
  FROM (SELECT {_SITE_COLUMNS}, ST_Distance(s.location, {_PLACE}) AS distance_m,
               ({_OWN}) AS is_own
          FROM cctv_site s
         WHERE NOT s.is_borrowed
         ORDER BY s.location <-> {_PLACE}
         LIMIT SITES) n
  LEFT JOIN cctv_camera c ON c.site_id = n.id AND c.gone_at IS NULL AND n.is_own
"""  # noqa: S608 - built from constants
# Only the city's own: needed where a border or gone sites fill the list above.
_OWN_SQL = f"""
SELECT {_CAMERA_COLUMNS}, true
  FROM (SELECT {_SITE_COLUMNS}, ST_Distance(s.location, {_PLACE}) AS distance_m
          FROM cctv_site s
         WHERE {_OWN} AND ST_DWithin(s.location, {_PLACE}, %(radius_m)s)
         ORDER BY s.location <-> {_PLACE}
         LIMIT SITES) n
  LEFT JOIN cctv_camera c ON c.site_id = n.id AND c.gone_at IS NULL
"""  # noqa: S608 - built from constants


# The shape is geography text (EWKT); `focus` is the point of it that the cameras should see.
_DRAWN_SQL = f"""
SELECT {_CAMERA_COLUMNS}, n.focus_lon, n.focus_lat
  FROM (SELECT {_SITE_COLUMNS}, ST_Distance(s.location, f.focus::geography) AS distance_m,
               ST_X(f.focus) AS focus_lon, ST_Y(f.focus) AS focus_lat,
               CASE WHEN %(is_line)s THEN ST_LineLocatePoint(d.line, s.location::geometry)
                    ELSE 0 END AS along
          FROM (SELECT %(shape)s::geography AS shape,
                       CASE WHEN %(is_line)s THEN %(shape)s::geometry END AS line) d
          JOIN cctv_site s ON ST_DWithin(s.location, d.shape, %(radius_m)s)
         CROSS JOIN LATERAL (
               SELECT CASE WHEN %(is_line)s
                           THEN ST_ClosestPoint(d.line, s.location::geometry)
                           ELSE ST_Centroid(d.shape::geometry) END AS focus) f
         WHERE {_OWN}
         ORDER BY along, distance_m, s.id
         LIMIT %(sites)s) n
  LEFT JOIN cctv_camera c ON c.site_id = n.id AND c.gone_at IS NULL
 ORDER BY n.along, n.distance_m, n.id, c.position
"""  # noqa: S608 - built from constants


def _rows(sql: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run a statement prepared on this connection: planning it each time costs more than it does.

    Django's own cursors bind on the client and never prepare, so the threshold binds only these.
    """
    connection.ensure_connection()
    raw = connection.connection
    raw.prepare_threshold = 1
    with connection.wrap_database_errors, psycopg.Cursor(raw) as cursor:
        cursor.format = Format.BINARY
        cursor.execute(sql, params, prepare=True)
        return cursor.fetchall()


def _candidate(row: tuple[Any, ...]) -> Candidate:
    return Candidate._make(row[:14])


def nearest(
    *, municipality_id: int, place: Place, radius_m: float, service: str, sites: int
) -> tuple[list[Candidate], bool]:
    """Give the cameras of the nearest sites within the radius, and whether those were all.

    Only the municipality's own register is asked; a neighbour's cameras are its neighbour's.
    """
    asked = {
        "municipality_id": municipality_id,
        "lon": place.lon,
        "lat": place.lat,
        "radius_m": float(radius_m),
        "service": service,
        "usual": usual_purposes(service),
    }
    rows = _rows(_ANYONES_SQL.replace("SITES", str(sites)), asked)
    farthest_m = max((row[5] for row in rows), default=0.0)
    are_all = farthest_m > radius_m or _sites_in(rows) < sites
    if not are_all and not all(row[14] for row in rows):
        rows = _rows(_OWN_SQL.replace("SITES", str(sites)), asked)
        are_all = _sites_in(rows) < sites
    found = [_candidate(row) for row in rows if row[0] is not None and row[5] <= radius_m]
    return found, are_all


def _sites_in(rows: list[tuple[Any, ...]]) -> int:
    return len({row[1] for row in rows})


def drawn(
    *,
    municipality_id: int,
    shape_ewkt: str,
    is_line: bool,
    radius_m: float,
    service: str,
    sites: int,
) -> tuple[list[tuple[Candidate, Place]], bool]:
    """Give the cameras within `radius_m` of a shape, each with the point it should see.

    Points and polygons are ordered by distance from their middle, a line from its start to its
    end. The second value says whether there was room for all.
    """
    rows = _rows(
        _DRAWN_SQL,
        {
            "municipality_id": municipality_id,
            "shape": shape_ewkt,
            "is_line": is_line,
            "radius_m": float(radius_m),
            "service": service,
            "usual": usual_purposes(service),
            "sites": sites + 1,
        },
    )
    site_ids = list(dict.fromkeys(row[1] for row in rows))
    kept = set(site_ids[:sites])
    found = [
        (_candidate(row), Place(row[14], row[15]))
        for row in rows
        if row[0] is not None and row[1] in kept
    ]
    return found, len(site_ids) <= sites
