"""How much of a span cameras gave a picture that is worth something, from their state intervals.

Never a bare percentage: hours over hours, with what is not known and what was planned beside it.
Time in the register that no interval covers is unknown; planned maintenance counts as neither.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

# What a report may be grouped by, and the SQL that gives a group's name.
GROUPS = {
    "municipality": "m.name_ko",
    "maker": "c.maker",
    "purpose": "s.purpose",
    "camera": "coalesce(nullif(c.name, ''), s.name || ' #' || c.position)",
}

_SQL = """
WITH camera AS (
  SELECT c.id, {group} AS key,
         tstzrange(%(from)s, greatest(%(from)s,
           least(%(to)s, coalesce(c.gone_at, %(to)s), coalesce(s.gone_at, %(to)s)))) AS life,
         coalesce((SELECT range_agg(tstzrange(p.begins_at, p.ends_at)) FROM cctv_plannedwork p
                    WHERE p.municipality_id = c.municipality_id
                      AND (p.site_id IS NULL OR p.site_id = c.site_id)
                      AND p.begins_at < %(to)s AND p.ends_at > %(from)s), '{{}}') AS planned
    FROM cctv_camera c
    JOIN cctv_site s ON s.id = c.site_id
    JOIN municipalities_municipality m ON m.id = c.municipality_id
   WHERE c.municipality_id = ANY(%(cities)s) AND NOT s.is_borrowed
     AND c.source_kind <> 'none'
), living AS (
  SELECT id, key, tstzmultirange(life) * planned AS planned, tstzmultirange(life) - planned AS life
    FROM camera WHERE NOT isempty(life)
), stretch AS (
  SELECT l.id, i.state,
         l.life * tstzmultirange(tstzrange(i.began_at, coalesce(i.ended_at, %(to)s))) AS within
    FROM living l JOIN cctv_camerainterval i ON i.camera_id = l.id
   WHERE i.began_at < %(to)s AND (i.ended_at IS NULL OR i.ended_at > %(from)s)
     AND i.began_at <= coalesce(i.ended_at, %(to)s)
), seconds AS (
  SELECT t.id,
         sum(extract(epoch FROM upper(r) - lower(r))) FILTER (WHERE t.state = 'online') AS usable,
         sum(extract(epoch FROM upper(r) - lower(r)))
           FILTER (WHERE t.state IN ('dark', 'blurred', 'tampered')) AS impaired,
         sum(extract(epoch FROM upper(r) - lower(r)))
           FILTER (WHERE t.state IN ('offline', 'frozen', 'covered')) AS down
    FROM stretch t CROSS JOIN LATERAL unnest(t.within) AS r GROUP BY t.id
)
SELECT l.key, count(*),
       coalesce(sum(d.usable), 0)::float, coalesce(sum(d.impaired), 0)::float,
       coalesce(sum(d.down), 0)::float,
       coalesce(sum((SELECT sum(extract(epoch FROM upper(r) - lower(r)))
                       FROM unnest(l.life) AS r)), 0)::float,
       coalesce(sum((SELECT sum(extract(epoch FROM upper(r) - lower(r)))
                       FROM unnest(l.planned) AS r)), 0)::float
  FROM living l LEFT JOIN seconds d ON d.id = l.id
 GROUP BY l.key ORDER BY l.key
"""


@dataclass(frozen=True)
class Availability:
    """Sums over the cameras of one group. Units: camera-seconds."""

    key: str
    cameras: int
    usable_s: float
    impaired_s: float
    down_s: float
    unknown_s: float
    planned_s: float

    @property
    def known_s(self) -> float:
        """The denominator: time of which something is known, planned work left out."""
        return self.usable_s + self.impaired_s + self.down_s

    @property
    def share(self) -> float | None:
        """Usable of known time, 0 to 1; None where nothing is known."""
        return self.usable_s / self.known_s if self.known_s else None


def report(
    *, municipality_ids: Sequence[int], since: datetime, until: datetime, by: str
) -> list[Availability]:
    """Sum up the span by a name of GROUPS; a camera without a video source is not counted."""
    with connection.cursor() as cursor:
        cursor.execute(
            _SQL.format(group=GROUPS[by]),
            {"from": since, "to": until, "cities": list(municipality_ids)},
        )
        rows = cursor.fetchall()
    return [_row(*row) for row in rows]


def _row(
    key: str, cameras: int, usable: float, impaired: float, down: float, life: float, planned: float
) -> Availability:
    unknown = max(0.0, life - usable - impaired - down)
    return Availability(key or "", cameras, usable, impaired, down, unknown, planned)


CSV_HEAD = (
    "group", "cameras", "usable_camera_hours", "known_camera_hours", "usable_of_known",
    "impaired_camera_hours", "down_camera_hours", "unknown_camera_hours", "planned_camera_hours",
)  # fmt: skip


def csv_rows(rows: Sequence[Availability]) -> Iterator[list[Any]]:
    """Give head and rows; a share of nothing is an empty cell."""
    yield list(CSV_HEAD)
    for row in rows:
        yield [
            row.key, row.cameras, hours(row.usable_s), hours(row.known_s),
            "" if row.share is None else round(row.share, 4),
            hours(row.impaired_s), hours(row.down_s), hours(row.unknown_s), hours(row.planned_s),
        ]  # fmt: skip


def hours(seconds: float) -> float:
    return round(seconds / 3600, 2)
