"""The register as the map and its panels see it; the source of a picture is never in it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Prefetch

from cctv.models import Camera, CameraCondition, Site
from cctv.reasons import PURPOSES_EN

# What a site's cameras are worth together, by position in this list.
HEALTH_CODES = ["unknown", "online", "partly", "down"]

# Position in HEALTH_CODES for a site's cameras: all useless, some not well, some online, unknown.
_CODE = """CASE
  WHEN count(*) FILTER (WHERE c.health IN ('offline', 'frozen', 'covered')) = count(*) THEN 3
  WHEN count(*) FILTER (WHERE c.health NOT IN ('online', 'unknown')) > 0 THEN 2
  WHEN count(*) FILTER (WHERE c.health = 'online') > 0 THEN 1 ELSE 0 END"""

# One array per site, built by PostgreSQL: 20,000 sites never become Python objects.
_SITES_SQL = f"""
WITH worth AS (
  SELECT c.site_id, count(*) AS cameras, {_CODE} AS code
    FROM cctv_camera c
   WHERE c.municipality_id = %(municipality_id)s AND c.gone_at IS NULL
   GROUP BY c.site_id
)
SELECT coalesce(string_agg(
         json_build_array(
           s.id,
           round(ST_X(s.location::geometry)::numeric, 6),
           round(ST_Y(s.location::geometry)::numeric, 6),
           coalesce(w.cameras, 0),
           coalesce(w.code, 0),
           coalesce(array_position(%(purposes)s::varchar[], s.purpose), 0) - 1,
           coalesce(nullif(s.name, ''), nullif(s.road_address, ''), nullif(s.lot_address, ''),
                    s.register_id))::text,
         ',' ORDER BY s.id), '')
  FROM cctv_site s LEFT JOIN worth w ON w.site_id = s.id
 WHERE s.municipality_id = %(municipality_id)s AND s.gone_at IS NULL AND NOT s.is_borrowed
"""  # noqa: S608 - built from constants
_CODES_SQL = f"""
SELECT c.site_id, {_CODE} FROM cctv_camera c
 WHERE c.site_id = ANY(%s) AND c.gone_at IS NULL GROUP BY c.site_id ORDER BY c.site_id
"""  # noqa: S608 - built from constants


def purposes() -> list[dict[str, str]]:
    return [{"code": code, "ko": code, "en": english} for code, english in PURPOSES_EN.items()]


def sites_json(municipality_id: int) -> str:
    """Give the rows of every site of a municipality as the inside of one JSON array."""
    with connection.cursor() as cursor:
        cursor.execute(
            _SITES_SQL, {"municipality_id": municipality_id, "purposes": list(PURPOSES_EN)}
        )
        (rows,) = cursor.fetchone()
    return str(rows)


def site_codes(site_ids: Iterable[int]) -> list[list[int]]:
    """Give [site, position in HEALTH_CODES] as sites_json does, for the map to change its dots."""
    with connection.cursor() as cursor:
        cursor.execute(_CODES_SQL, [list(site_ids)])
        return [list(row) for row in cursor.fetchall()]


def site_with_cameras(user: Any, municipality_id: int, site_id: int) -> Site | None:
    """Find a site of the register with its cameras, in two queries."""
    found: Site | None = (
        Site.objects.visible_to(user)
        .in_register()
        .filter(municipality_id=municipality_id, pk=site_id)
        .prefetch_related(
            Prefetch(
                "cameras",
                Camera.objects.visible_to(user)
                .filter(gone_at__isnull=True)
                .select_related("condition")
                .defer("source_secret", "condition__reference"),
            )
        )
        .first()
    )
    return found


def site_feature(site: Site) -> dict[str, Any]:
    return {
        "id": site.pk,
        "name": str(site),
        "register_id": site.register_id,
        "lon": site.location.x,
        "lat": site.location.y,
        "address": site.road_address or site.lot_address,
        "road_address": site.road_address,
        "lot_address": site.lot_address,
        "managing_agency": site.managing_agency,
        "phone": site.phone,
        "purpose": {"code": site.purpose, "ko": site.purpose, "en": PURPOSES_EN.get(site.purpose)},
        "direction_text": site.direction_text,
        "retention_days": site.retention_days,
        "installed": site.installed_month.isoformat() if site.installed_month else None,
        "cameras": [camera_feature(camera, site) for camera in site.cameras.all()],
    }


def camera_feature(camera: Camera, site: Site) -> dict[str, Any]:
    return {
        "id": camera.pk,
        "position": camera.position,
        "name": camera.name or f"{site} #{camera.position}",
        "bearing_deg": camera.bearing_deg,
        "field_of_view_deg": camera.field_of_view_deg,
        "connected": camera.source_kind != "none",
        **condition(camera, getattr(camera, "condition", None)),
    }


def condition(camera: Camera, known: CameraCondition | None) -> dict[str, Any]:
    """Give a camera's state: since when, why, last seen and looked at, size, its clock."""
    return {
        "health": camera.health,
        "health_at": _moment(camera.health_at),
        "reason": known.reason if known else "",
        "checked_at": _moment(known.checked_at) if known else None,
        "picture_at": _moment(known.picture_at) if known else None,
        "width": known.width if known else None,
        "height": known.height if known else None,
        "clock_wrong": bool(known and known.clock_wrong_since),
        "clock_skew_ms": known.clock_skew_ms if known else None,
    }


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
