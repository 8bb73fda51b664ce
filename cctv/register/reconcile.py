"""Bring the accepted rows of a batch into the register: match, write, mark what is gone."""

from datetime import datetime
from typing import Any

from cctv.register.staging import ask, run

# A column that the file does not have must not wipe what the register knows.
FIELDS_OF_COLUMN = {
    "register_id": ("register_id",),
    "name": ("name",),
    "managing_agency": ("managing_agency",),
    "road_address": ("road_address",),
    "lot_address": ("lot_address",),
    "address": ("road_address", "lot_address"),
    "purpose": ("purpose",),
    "camera_count": ("camera_count",),
    "pixels_10k": ("pixels_10k",),
    "direction_text": ("direction_text",),
    "retention_days": ("retention_days",),
    "installed_month": ("installed_month",),
    "phone": ("phone",),
    "data_date": ("data_date",),
}

_ANY_SITE = """
SELECT EXISTS (
  SELECT 1 FROM cctv_site WHERE municipality_id IN (
    SELECT municipality_id FROM cctv_stagedrow WHERE batch_id = %(batch)s))
"""
_UNMATCH = """
UPDATE cctv_stagedrow SET site_id = NULL, action = ''
WHERE batch_id = %(batch)s AND site_id IS NOT NULL
"""
_BY_ID = """
UPDATE cctv_stagedrow s SET site_id = t.id
FROM cctv_site t
WHERE s.batch_id = %(batch)s AND s.register_id <> ''
  AND s.code NOT IN ('duplicate_id', 'municipality_not_yours') AND s.verdict <> 'rejected'
  AND t.municipality_id = s.municipality_id AND t.register_id = s.register_id
"""
# Rows without a number: the same agency, address, purpose and place to the sixth decimal.
_BY_KEY = """
WITH sites AS (
  SELECT DISTINCT ON (t.municipality_id, t.match_key) t.id, t.municipality_id, t.match_key,
         t.register_id
  FROM cctv_site t
  WHERE t.match_key <> ''
    AND t.municipality_id IN (
      SELECT DISTINCT municipality_id FROM cctv_stagedrow WHERE batch_id = %(batch)s)
    AND NOT EXISTS (
      SELECT 1 FROM cctv_stagedrow x WHERE x.batch_id = %(batch)s AND x.site_id = t.id)
  ORDER BY t.municipality_id, t.match_key, t.gone_at DESC NULLS FIRST, t.id
)
UPDATE cctv_stagedrow s SET site_id = t.id
FROM sites t
WHERE s.batch_id = %(batch)s AND s.site_id IS NULL
  AND s.code NOT IN ('duplicate_id', 'duplicate_row', 'municipality_not_yours')
  AND s.verdict <> 'rejected' AND (s.register_id = '' OR t.register_id = '')
  AND t.municipality_id = s.municipality_id AND t.match_key = s.match_key
"""
# Then a site that only moved: agency, address and purpose name one row and one site.
_BY_ADDRESS = """
WITH sites AS (
  SELECT min(t.id) AS id, t.municipality_id, t.managing_agency, t.purpose,
         t.road_address, t.lot_address
  FROM cctv_site t
  WHERE t.register_id = '' AND t.match_key <> '' AND t.gone_at IS NULL
    AND t.municipality_id IN (
      SELECT DISTINCT municipality_id FROM cctv_stagedrow WHERE batch_id = %(batch)s)
    AND NOT EXISTS (
      SELECT 1 FROM cctv_stagedrow x WHERE x.batch_id = %(batch)s AND x.site_id = t.id)
  GROUP BY 2, 3, 4, 5, 6 HAVING count(*) = 1
), rows AS (
  SELECT min(s.line) AS line, s.municipality_id, s.managing_agency, s.purpose,
         s.road_address, s.lot_address
  FROM cctv_stagedrow s
  WHERE s.batch_id = %(batch)s AND s.register_id = '' AND s.site_id IS NULL
    AND s.verdict <> 'rejected' AND s.code NOT IN ('duplicate_row', 'municipality_not_yours')
    AND s.road_address || s.lot_address <> ''
  GROUP BY 2, 3, 4, 5, 6 HAVING count(*) = 1
)
UPDATE cctv_stagedrow s SET site_id = t.id
FROM rows r JOIN sites t USING (
  municipality_id, managing_agency, purpose, road_address, lot_address)
WHERE s.batch_id = %(batch)s AND s.line = r.line
"""
_ACTIONS = """
UPDATE cctv_stagedrow s SET action = CASE
  WHEN t.source_hash <> s.source_hash THEN 'changed'
  WHEN t.gone_at IS NOT NULL THEN 'changed'
  WHEN s.data_date > t.data_date OR (t.data_date IS NULL AND s.data_date IS NOT NULL) THEN 'dated'
  ELSE 'unchanged' END
FROM cctv_site t
WHERE s.batch_id = %(batch)s AND t.id = s.site_id
"""

_MARK_REPAIRED = """
UPDATE cctv_stagedrow s SET verdict = 'repaired'
WHERE s.batch_id = %(batch)s AND s.verdict = 'quarantined' AND s.repair <> ''
  AND s.repair = ANY(%(repairs)s)
"""
_NEW = """
WITH fresh AS MATERIALIZED (
  SELECT nextval('cctv_site_id_seq') AS id, s.municipality_id, s.register_id, s.name,
         s.managing_agency, s.road_address, s.lot_address, s.purpose, s.camera_count,
         s.pixels_10k, s.direction_text, s.bearing_deg, s.field_of_view_deg, s.retention_days,
         s.installed_month, s.phone, s.data_date, s.match_key, s.source_hash,
         ST_SetSRID(ST_MakePoint(
           CASE s.verdict WHEN 'repaired' THEN s.repair_lon ELSE s.lon END,
           CASE s.verdict WHEN 'repaired' THEN s.repair_lat ELSE s.lat END), 4326)::geography
           AS location
  FROM cctv_stagedrow s
  WHERE s.batch_id = %(batch)s AND s.line BETWEEN %(first)s AND %(last)s
    AND s.verdict IN ('accepted', 'repaired') AND s.site_id IS NULL
  ORDER BY s.line
), sites AS (
  INSERT INTO cctv_site (id, municipality_id, register_id, name, managing_agency, road_address,
    lot_address, purpose, location, camera_count, pixels_10k, direction_text, retention_days,
    installed_month, phone, data_date, match_key, source_hash, updated_at)
  SELECT id, municipality_id, register_id, name, managing_agency, road_address,
    lot_address, purpose, location, camera_count, pixels_10k, direction_text, retention_days,
    installed_month, phone, data_date, match_key, source_hash, %(stamp)s
  FROM fresh
), cameras AS (
  INSERT INTO cctv_camera (municipality_id, site_id, position, name, bearing_deg,
    field_of_view_deg, health, source_kind)
  SELECT municipality_id, id, n, '', bearing_deg, field_of_view_deg, 'unknown', 'none'
  FROM fresh, generate_series(1, camera_count) AS n
)
INSERT INTO cctv_importchange (batch_id, municipality_id, site_id, kind)
SELECT %(batch)s, municipality_id, id, 'new' FROM fresh
"""

_REMEMBER = """
INSERT INTO cctv_importchange (batch_id, municipality_id, site_id, kind, before)
SELECT %(batch)s, t.municipality_id, t.id, s.action,
       jsonb_build_object(
         'site', to_jsonb(t) - 'location' || jsonb_build_object('location', t.location::text),
         'cameras', (
           SELECT coalesce(jsonb_agg(jsonb_build_object(
             'id', c.id, 'gone_at', c.gone_at, 'bearing_deg', c.bearing_deg,
             'field_of_view_deg', c.field_of_view_deg)), '[]'::jsonb)
           FROM cctv_camera c WHERE c.site_id = t.id))
FROM cctv_stagedrow s JOIN cctv_site t ON t.id = s.site_id
WHERE s.batch_id = %(batch)s AND s.line BETWEEN %(first)s AND %(last)s
  AND s.verdict IN ('accepted', 'repaired') AND s.action IN ('changed', 'dated')
"""
# A bearing set by hand stays unless the register's own words about it changed.
_TURN = """
UPDATE cctv_camera c SET bearing_deg = s.bearing_deg, field_of_view_deg = s.field_of_view_deg
FROM cctv_stagedrow s JOIN cctv_site t ON t.id = s.site_id
WHERE s.batch_id = %(batch)s AND s.line BETWEEN %(first)s AND %(last)s
  AND s.verdict IN ('accepted', 'repaired') AND s.action = 'changed'
  AND 'direction_text' = ANY(%(fields)s) AND t.direction_text <> s.direction_text
  AND c.site_id = t.id
"""
_CHANGE = """
UPDATE cctv_site t SET
  register_id = CASE WHEN s.register_id <> '' THEN s.register_id ELSE t.register_id END,
  name = CASE WHEN s.name <> '' THEN s.name ELSE t.name END,
  managing_agency = CASE WHEN 'managing_agency' = ANY(%(fields)s)
    THEN s.managing_agency ELSE t.managing_agency END,
  road_address = CASE WHEN 'road_address' = ANY(%(fields)s)
    THEN s.road_address ELSE t.road_address END,
  lot_address = CASE WHEN 'lot_address' = ANY(%(fields)s)
    THEN s.lot_address ELSE t.lot_address END,
  purpose = CASE WHEN 'purpose' = ANY(%(fields)s) THEN s.purpose ELSE t.purpose END,
  camera_count = CASE WHEN 'camera_count' = ANY(%(fields)s)
    THEN s.camera_count ELSE t.camera_count END,
  pixels_10k = CASE WHEN 'pixels_10k' = ANY(%(fields)s) THEN s.pixels_10k ELSE t.pixels_10k END,
  direction_text = CASE WHEN 'direction_text' = ANY(%(fields)s)
    THEN s.direction_text ELSE t.direction_text END,
  retention_days = CASE WHEN 'retention_days' = ANY(%(fields)s)
    THEN s.retention_days ELSE t.retention_days END,
  installed_month = CASE WHEN 'installed_month' = ANY(%(fields)s)
    THEN s.installed_month ELSE t.installed_month END,
  phone = CASE WHEN 'phone' = ANY(%(fields)s) THEN s.phone ELSE t.phone END,
  data_date = CASE WHEN 'data_date' = ANY(%(fields)s) THEN s.data_date ELSE t.data_date END,
  location = ST_SetSRID(ST_MakePoint(
    CASE s.verdict WHEN 'repaired' THEN s.repair_lon ELSE s.lon END,
    CASE s.verdict WHEN 'repaired' THEN s.repair_lat ELSE s.lat END), 4326)::geography,
  match_key = s.match_key, source_hash = s.source_hash, gone_at = NULL, updated_at = %(stamp)s
FROM cctv_stagedrow s
WHERE s.batch_id = %(batch)s AND s.line BETWEEN %(first)s AND %(last)s
  AND s.verdict IN ('accepted', 'repaired') AND s.action = 'changed' AND t.id = s.site_id
"""
_DATE = """
UPDATE cctv_site t SET data_date = s.data_date, updated_at = %(stamp)s
FROM cctv_stagedrow s
WHERE s.batch_id = %(batch)s AND s.line BETWEEN %(first)s AND %(last)s
  AND s.verdict IN ('accepted', 'repaired') AND s.action = 'dated' AND t.id = s.site_id
"""
_MORE_CAMERAS = """
INSERT INTO cctv_camera (municipality_id, site_id, position, name, bearing_deg,
  field_of_view_deg, health, source_kind)
SELECT t.municipality_id, t.id, n, '', s.bearing_deg, s.field_of_view_deg, 'unknown', 'none'
FROM cctv_stagedrow s JOIN cctv_site t ON t.id = s.site_id,
     generate_series(1, t.camera_count) AS n
WHERE s.batch_id = %(batch)s AND s.line BETWEEN %(first)s AND %(last)s
  AND s.verdict IN ('accepted', 'repaired') AND s.action = 'changed'
ON CONFLICT (site_id, position) DO UPDATE SET gone_at = NULL WHERE cctv_camera.gone_at IS NOT NULL
"""
_FEWER_CAMERAS = """
UPDATE cctv_camera c SET gone_at = %(stamp)s
FROM cctv_stagedrow s JOIN cctv_site t ON t.id = s.site_id
WHERE s.batch_id = %(batch)s AND s.line BETWEEN %(first)s AND %(last)s
  AND s.verdict IN ('accepted', 'repaired') AND s.action = 'changed'
  AND c.site_id = t.id AND c.position > t.camera_count AND c.gone_at IS NULL
"""

# Gone: in a municipality that the file covers, once from a register, and named by no row of it,
# not even by a quarantined one.
_MISSING = """
WITH missing AS (
  SELECT t.id, t.municipality_id, t.updated_at FROM cctv_site t
  WHERE t.gone_at IS NULL AND (t.source_hash <> '' OR t.register_id <> '')
    AND t.updated_at IS DISTINCT FROM %(stamp)s
    AND t.municipality_id IN (
      SELECT s.municipality_id FROM cctv_stagedrow s
      WHERE s.batch_id = %(batch)s AND s.verdict IN ('accepted', 'repaired'))
    AND NOT EXISTS (
      SELECT 1 FROM cctv_stagedrow s WHERE s.batch_id = %(batch)s AND s.site_id = t.id)
)
"""
_COUNT_GONE = f"{_MISSING} SELECT municipality_id, count(*) FROM missing GROUP BY 1"  # noqa: S608 fixed text
_GONE = f"""{_MISSING}, remembered AS (
  INSERT INTO cctv_importchange (batch_id, municipality_id, site_id, kind, before)
  SELECT %(batch)s, municipality_id, id, 'gone',
         jsonb_build_object('site', jsonb_build_object('updated_at', updated_at))
  FROM missing
)
UPDATE cctv_site t SET gone_at = %(stamp)s, updated_at = %(stamp)s
FROM missing m WHERE t.id = m.id
"""  # noqa: S608 fixed text
_KEEP_ROWS = """
INSERT INTO cctv_importrow (batch_id, municipality_id, line, verdict, code, detail, register_id,
  raw, lon, lat, repair, repair_lon, repair_lat)
SELECT batch_id, municipality_id, line, verdict, code, detail, register_id,
  raw, lon, lat, repair, repair_lon, repair_lat
FROM cctv_stagedrow WHERE batch_id = %(batch)s AND verdict <> 'accepted'
ON CONFLICT (batch_id, line) DO NOTHING
"""


def mark_repaired(*, batch_id: int, repairs: list[str]) -> None:
    """Turn the rows whose proposed repair was chosen into repaired ones."""
    if repairs:
        run(_MARK_REPAIRED, {"batch": batch_id, "repairs": repairs})


def match(*, batch_id: int) -> bool:
    """Find the site of each row that already has one, and what the row would do to it.

    False when the register has no site yet where the file speaks of: nothing to match.
    """
    parameters: dict[str, object] = {"batch": batch_id}
    run(_UNMATCH, parameters)
    if not ask(_ANY_SITE, parameters)[0][0]:
        return False
    for statement in (_BY_ID, _BY_KEY, _BY_ADDRESS, _ACTIONS):
        run(statement, parameters)
    return True


def apply_range(
    *, batch_id: int, first: int, last: int, stamp: datetime, mapping: dict[str, Any]
) -> None:
    """Write the rows of a range of lines into sites and cameras, remembering what was there."""
    fields = sorted({name for column in mapping for name in FIELDS_OF_COLUMN.get(column, ())})
    parameters: dict[str, object] = {
        "batch": batch_id,
        "first": first,
        "last": last,
        "stamp": stamp,
        "fields": fields,
    }
    run("SET LOCAL work_mem = '64MB'", {})
    run(_NEW, parameters)
    if run(_REMEMBER, parameters):
        for statement in (_TURN, _CHANGE, _DATE, _MORE_CAMERAS, _FEWER_CAMERAS):
            run(statement, parameters)


def mark_gone(*, batch_id: int, stamp: datetime) -> int:
    return run(_GONE, {"batch": batch_id, "stamp": stamp})


def count_gone(*, batch_id: int) -> dict[int, int]:
    """Count by municipality the sites that the file no longer names."""
    rows = ask(_COUNT_GONE, {"batch": batch_id, "stamp": None})
    return dict(rows)


def keep_rows(*, batch_id: int) -> None:
    """Keep what was not accepted, with everything it said, when the staged rows go."""
    run(_KEEP_ROWS, {"batch": batch_id})
