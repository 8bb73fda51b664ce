"""The verdicts that need the map or the whole file: set-based SQL over the staged rows."""

from cctv.register.staging import run

TOLERANCE_M = 200

# Boundaries cut into small pieces once per chunk: a point then meets a few dozen edges, not
# a coast of thousands.
_PARTS = """
CREATE TEMP TABLE register_part ON COMMIT DROP AS
SELECT id AS municipality_id, ST_Subdivide(boundary::geometry, 48) AS geom
FROM municipalities_municipality
WHERE boundary IS NOT NULL AND id IN (
  SELECT DISTINCT municipality_id FROM cctv_stagedrow
  WHERE batch_id = %(batch)s AND line BETWEEN %(first)s AND %(last)s)
"""
_INDEX = "CREATE INDEX ON register_part USING gist (geom)"
_ANALYZE = "ANALYZE register_part"

# Rows are found again by ctid: freshly staged rows have no statistics, and the planner would
# compare every row with every other.
# Of the rows that look in order, only those not inside are touched. 0.005 degrees are more than
# 200 m everywhere in Korea: it lets the index answer before the exact distance is asked.
_OUTSIDE = """
WITH beside AS MATERIALIZED (
  SELECT s.ctid AS row, s.municipality_id, s.dms_lon, s.dms_lat,
         ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326) AS point
  FROM cctv_stagedrow s
  WHERE s.batch_id = %(batch)s AND s.line BETWEEN %(first)s AND %(last)s AND s.code = 'ok'
    AND NOT EXISTS (
      SELECT 1 FROM register_part p
      WHERE p.municipality_id = s.municipality_id
        AND ST_Intersects(p.geom, ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326)))
), measured AS MATERIALIZED (
  SELECT b.*, m.boundary IS NULL AS unbounded,
         ST_DistanceSphere(b.point, ST_ClosestPoint(m.boundary::geometry, b.point)) AS metres,
         EXISTS (
           SELECT 1 FROM register_part p
           WHERE p.municipality_id = b.municipality_id
             AND p.geom && ST_Expand(b.point, 0.005)
             AND ST_DWithin(p.geom::geography, b.point::geography, %(tolerance)s)) AS near,
         b.dms_lon IS NOT NULL AND EXISTS (
           SELECT 1 FROM register_part p
           WHERE p.municipality_id = b.municipality_id
             AND p.geom && ST_Expand(ST_SetSRID(ST_MakePoint(b.dms_lon, b.dms_lat), 4326), 0.005)
             AND ST_DWithin(
               p.geom::geography,
               ST_SetSRID(ST_MakePoint(b.dms_lon, b.dms_lat), 4326)::geography, %(tolerance)s)
         ) AS dms
  FROM beside b JOIN municipalities_municipality m ON m.id = b.municipality_id
)
UPDATE cctv_stagedrow s SET
  verdict = CASE WHEN m.near THEN 'accepted' ELSE 'quarantined' END,
  code = CASE WHEN m.unbounded THEN 'boundary_missing' WHEN m.near THEN 'near_boundary'
              WHEN m.dms THEN 'dms' ELSE 'outside_municipality' END,
  detail = CASE WHEN m.unbounded THEN NULL
                ELSE jsonb_build_object('distance_m', round(m.metres)) END,
  repair = CASE WHEN m.dms AND NOT m.near THEN 'dms' ELSE '' END
FROM measured m
WHERE s.ctid = m.row
"""
_SWAPPED = """
UPDATE cctv_stagedrow s SET code = 'swapped', repair = 'swapped'
WHERE s.batch_id = %(batch)s AND s.line BETWEEN %(first)s AND %(last)s
  AND s.code = 'out_of_korea' AND s.lat BETWEEN -180 AND 180 AND s.lon BETWEEN -90 AND 90
  AND EXISTS (
    SELECT 1 FROM register_part p
    WHERE p.municipality_id = s.municipality_id
      AND p.geom && ST_Expand(ST_SetSRID(ST_MakePoint(s.lat, s.lon), 4326), 0.005)
      AND ST_DWithin(
        p.geom::geography, ST_SetSRID(ST_MakePoint(s.lat, s.lon), 4326)::geography,
        %(tolerance)s))
"""
_PROPOSALS = """
UPDATE cctv_stagedrow SET
  repair_lon = CASE repair WHEN 'swapped' THEN lat ELSE dms_lon END,
  repair_lat = CASE repair WHEN 'swapped' THEN lon ELSE dms_lat END
WHERE batch_id = %(batch)s AND line BETWEEN %(first)s AND %(last)s AND repair <> ''
"""

# The first good row of a number keeps it, else the first row.
_DUPLICATES = """
WITH twice AS MATERIALIZED (
  SELECT municipality_id, register_id,
         CASE WHEN register_id = '' THEN match_key ELSE '' END AS key
  FROM cctv_stagedrow
  WHERE batch_id = %(batch)s AND verdict <> 'rejected' AND code <> 'municipality_not_yours'
  GROUP BY 1, 2, 3 HAVING count(*) > 1
), numbered AS MATERIALIZED (
  SELECT s.ctid AS row, s.line, first_value(s.line) OVER (
    PARTITION BY s.municipality_id, s.register_id, t.key
    ORDER BY s.verdict <> 'accepted', s.line) AS kept
  FROM cctv_stagedrow s JOIN twice t
    ON t.municipality_id IS NOT DISTINCT FROM s.municipality_id
   AND t.register_id = s.register_id
   AND t.key = CASE WHEN s.register_id = '' THEN s.match_key ELSE '' END
  WHERE s.batch_id = %(batch)s AND s.verdict <> 'rejected' AND s.code <> 'municipality_not_yours'
)
UPDATE cctv_stagedrow s SET
  verdict = 'quarantined',
  code = CASE WHEN s.register_id = '' THEN 'duplicate_row' ELSE 'duplicate_id' END,
  detail = jsonb_build_object('line', n.kept), repair = '', repair_lon = NULL, repair_lat = NULL
FROM numbered n
WHERE s.ctid = n.row AND n.kept <> n.line
"""
_STATISTICS = """
ANALYZE cctv_stagedrow (
  batch_id, line, municipality_id, register_id, match_key, site_id, code, verdict)
"""


def judge_places(batch_id: int, first: int, last: int) -> None:
    """Judge the places of a range of lines against their municipalities, in a transaction."""
    parameters: dict[str, object] = {
        "batch": batch_id,
        "first": first,
        "last": last,
        "tolerance": TOLERANCE_M,
    }
    run("DROP TABLE IF EXISTS register_part", {})
    run(_PARTS, parameters)
    run(_INDEX, {})
    run(_ANALYZE, {})
    for statement in (_OUTSIDE, _SWAPPED, _PROPOSALS):
        run(statement, parameters)
    run("DROP TABLE register_part", {})


def judge_duplicates(batch_id: int) -> None:
    """Quarantine what stands twice in the file; needs every row staged."""
    # A small sample is enough to tell a batch of ten rows from one of a million.
    run("SET LOCAL default_statistics_target = 10", {})
    run(_STATISTICS, {})
    run(_DUPLICATES, {"batch": batch_id})
