"""Take back what a batch did to the register, site by site, from what it remembered."""

from typing import Any

from django.db.models import ForeignKey, ForeignObjectRel, Model

from cctv.models import Camera, ImportBatch, ImportChange, Site
from cctv.register.staging import ask, run

# What was edited by hand since is not the batch's any more: it stays.
_MINE = """
  k.batch_id = %(batch)s AND k.id BETWEEN %(first)s AND %(last)s
  AND t.id = k.site_id AND t.updated_at = %(stamp)s
"""
_KEPT = """
SELECT count(*) FROM cctv_importchange k LEFT JOIN cctv_site t ON t.id = k.site_id
WHERE k.batch_id = %(batch)s AND k.id BETWEEN %(first)s AND %(last)s
  AND t.updated_at IS DISTINCT FROM %(stamp)s
"""
_DROP_NEW_CAMERAS = """
DELETE FROM cctv_camera c USING cctv_importchange k, cctv_site t
WHERE {mine} AND k.kind = 'changed' AND c.site_id = t.id AND {free}
  AND NOT EXISTS (
    SELECT 1 FROM jsonb_array_elements(k.before -> 'cameras') b
    WHERE (b ->> 'id')::bigint = c.id)
"""
_HIDE_NEW_CAMERAS = """
UPDATE cctv_camera c SET gone_at = now()
FROM cctv_importchange k, cctv_site t
WHERE {mine} AND k.kind = 'changed' AND c.site_id = t.id
  AND NOT EXISTS (
    SELECT 1 FROM jsonb_array_elements(k.before -> 'cameras') b
    WHERE (b ->> 'id')::bigint = c.id)
"""
_RESTORE_CAMERAS = """
UPDATE cctv_camera c SET gone_at = b.gone_at, bearing_deg = b.bearing_deg,
  field_of_view_deg = b.field_of_view_deg
FROM cctv_importchange k, cctv_site t,
     jsonb_populate_recordset(NULL::cctv_camera, k.before -> 'cameras') b
WHERE {mine} AND k.kind = 'changed' AND c.id = b.id AND c.site_id = t.id
"""
_RESTORE_SITES = """
UPDATE cctv_site t SET
  register_id = b.register_id, name = b.name, managing_agency = b.managing_agency,
  road_address = b.road_address, lot_address = b.lot_address, purpose = b.purpose,
  location = b.location, camera_count = b.camera_count, pixels_10k = b.pixels_10k,
  direction_text = b.direction_text, retention_days = b.retention_days,
  installed_month = b.installed_month, phone = b.phone, data_date = b.data_date,
  match_key = b.match_key, source_hash = b.source_hash, gone_at = b.gone_at,
  updated_at = b.updated_at
FROM cctv_importchange k, jsonb_populate_record(NULL::cctv_site, k.before -> 'site') b
WHERE {mine} AND k.kind IN ('changed', 'dated')
"""
_RETURN_GONE = """
UPDATE cctv_site t SET gone_at = NULL,
  updated_at = (k.before #>> '{{site,updated_at}}')::timestamptz
FROM cctv_importchange k
WHERE {mine} AND k.kind = 'gone'
"""
_DELETE_CAMERAS = """
DELETE FROM cctv_camera c USING cctv_importchange k, cctv_site t
WHERE {mine} AND k.kind = 'new' AND c.site_id = t.id AND {free}
"""
_DELETE_SITES = """
DELETE FROM cctv_site t USING cctv_importchange k
WHERE {mine} AND k.kind = 'new' AND {free_site}
  AND NOT EXISTS (SELECT 1 FROM cctv_camera c WHERE c.site_id = t.id)
"""
_HIDE_SITES = """
UPDATE cctv_site t SET gone_at = now()
FROM cctv_importchange k
WHERE {mine} AND k.kind = 'new' AND t.gone_at IS NULL
"""


def later_batches(batch: ImportBatch) -> list[int]:
    """Give the later batches that wrote the same sites: they must be undone first."""
    mine = ImportChange.objects.filter(batch=batch).values("site_id")
    return list(
        ImportChange.objects.filter(batch_id__gt=batch.pk, site_id__in=mine)
        .exclude(batch__state__in=["undone", "cancelled"])
        .order_by("batch_id")
        .values_list("batch_id", flat=True)
        .distinct()
    )


def undo_range(*, batch: ImportBatch, first: int, last: int) -> int:
    """Undo the changes of a range of change numbers; give how many were kept as edited since."""
    parameters: dict[str, object] = {
        "batch": batch.pk,
        "first": first,
        "last": last,
        "stamp": batch.stamp,
    }
    parts = {
        "mine": _MINE,
        "free": _unreferenced(Camera, "c", ()),
        "free_site": _unreferenced(Site, "t", (Camera,)),
    }
    kept = int(ask(_KEPT, parameters)[0][0])
    for statement in (
        _DROP_NEW_CAMERAS,
        _HIDE_NEW_CAMERAS,
        _RESTORE_CAMERAS,
        _RESTORE_SITES,
        _RETURN_GONE,
        _DELETE_CAMERAS,
        _DELETE_SITES,
        _HIDE_SITES,
    ):
        run(statement.format(**parts), parameters)
    return kept


def _unreferenced(model: type[Model], alias: str, but: tuple[Any, ...]) -> str:
    """Write the condition that no other table points at the row (a view record must keep it)."""
    conditions = ["true"]
    for relation in model._meta.get_fields(include_hidden=True):  # noqa: SLF001 documented API
        if not isinstance(relation, ForeignObjectRel) or relation.many_to_many:
            continue
        other = relation.related_model
        if other in but or not isinstance(relation.field, ForeignKey):
            continue
        table, column = other._meta.db_table, relation.field.column  # noqa: SLF001
        conditions.append(f"NOT EXISTS (SELECT 1 FROM {table} x WHERE x.{column} = {alias}.id)")  # noqa: S608 names from the models
    return " AND ".join(conditions)
