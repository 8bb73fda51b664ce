"""What the pages of a register import show: progress, verdicts by page, points for the map."""

from typing import Any

from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from cctv.choices import BatchState, Verdict
from cctv.models import ImportBatch, ImportChange, ImportRow, StagedRow
from cctv.register import reasons
from cctv.register.batches import COUNTS

PAGE_ROWS = 50
ADDRESS_FIELDS = ("road_address", "lot_address", "address")
MAP_POINTS = 4000
# A worker that gave no sign for so long is taken for dead.
STALE_S = 60
VERDICT_MARKS = {"accepted": "●", "repaired": "◆", "quarantined": "▲", "rejected": "✕"}

_BOUNDARIES = """
SELECT coalesce(json_agg(json_build_object(
  'type', 'Feature', 'properties', json_build_object('name', name_ko),
  'geometry',
  ST_AsGeoJSON(ST_SimplifyPreserveTopology(boundary::geometry, 0.0002), 5)::json)), '[]')
FROM municipalities_municipality WHERE id = ANY(%s) AND boundary IS NOT NULL
"""


def rows_of(batch: ImportBatch, held: QuerySet[Any], *, own: bool) -> QuerySet[Any]:
    """Give the rows this person may see: of own municipalities, and of none in an own file."""
    staged = batch.state in {BatchState.READING, BatchState.CHECKED, BatchState.APPLYING}
    rows: QuerySet[Any] = (StagedRow if staged else ImportRow).objects.filter(batch=batch)
    seen = Q(municipality__in=held)
    if own:
        seen |= Q(municipality__isnull=True) | Q(code="municipality_not_yours")
    return rows.filter(seen)


def progress(batch: ImportBatch) -> dict[str, Any]:
    """Say how far the running step is, and how long it will take at this pace."""
    share = _share(batch)
    elapsed = 0.0
    if batch.step_started_at:
        elapsed = (timezone.now() - batch.step_started_at).total_seconds()
    left = elapsed * (1 - share) / share if share > 0.02 else None
    silent = (timezone.now() - batch.beat_at).total_seconds() if batch.beat_at else 0.0
    return {
        "state": batch.state,
        "label": str(BatchState(batch.state).label),
        "running": batch.running,
        "percent": round(100 * share),
        "rows": batch.rows_read,
        "left": _left_text(left) if batch.running else "",
        "stale": batch.running and silent > STALE_S,
    }


def _share(batch: ImportBatch) -> float:
    if batch.state == BatchState.READING:
        done, total = batch.bytes_read, batch.bytes_total
    elif batch.state == BatchState.APPLYING:
        done, total = batch.cursor, batch.rows_read
    elif batch.state in {BatchState.UNDOING, BatchState.CANCELLING}:
        changes = ImportChange.objects.filter(batch=batch)
        done, total = changes.filter(pk__lte=batch.cursor).count(), changes.count()
    else:
        return 1.0
    return min(done / total, 1.0) if total else 0.0


def _left_text(seconds: float | None) -> str:
    if seconds is None:
        return _("estimating the time left")
    if seconds < 60:
        return _("about %(count)s seconds left") % {"count": max(1, round(seconds))}
    return _("about %(count)s minutes left") % {"count": round(seconds / 60)}


def page_of_rows(
    rows: QuerySet[Any], *, mapping: dict[str, int], verdict: str, code: str, page: str
) -> dict[str, Any]:
    if verdict in Verdict.values:
        rows = rows.filter(verdict=verdict)
    if code:
        rows = rows.filter(code=code)
    paginator = Paginator(rows.order_by("line"), PAGE_ROWS)
    shown = paginator.get_page(page)
    return {
        "page": shown,
        "rows": [_shown(row, mapping) for row in shown],
        "verdict": verdict,
        "code": code,
        "pages": paginator.get_elided_page_range(shown.number, on_each_side=2, on_ends=1),
    }


def _shown(row: Any, mapping: dict[str, int]) -> dict[str, Any]:
    said = dict(enumerate(row.fields))
    addresses = (said.get(mapping.get(field, -1), "") for field in ADDRESS_FIELDS)
    address = next((text for text in addresses if text.strip()), "")
    return {
        "line": row.line,
        "verdict": row.verdict,
        "verdict_label": Verdict(row.verdict).label,
        "mark": VERDICT_MARKS[row.verdict],
        "reason": reasons.reason(row.code, row.detail),
        "notes": reasons.notes_text(getattr(row, "notes", "")),
        "register_id": row.register_id,
        "address": address or " · ".join(cell for cell in row.fields if cell.strip())[:120],
        "place": "" if row.lon is None else f"{row.lat:.6f}, {row.lon:.6f}",
        "repair": ("" if row.repair_lon is None else f"{row.repair_lat:.6f}, {row.repair_lon:.6f}"),
    }


def summary(batch: ImportBatch, held: QuerySet[Any]) -> dict[str, Any]:
    """Count by municipality, for those this person keeps, and in all."""
    scopes = list(
        batch.scopes.filter(municipality__in=held)
        .select_related("municipality")
        .defer("municipality__boundary", "municipality__centre")
    )
    total = {name: sum(getattr(scope, name) for scope in scopes) for name in COUNTS}
    return {
        "scopes": [
            (scope.municipality, [getattr(scope, name) for name in COUNTS]) for scope in scopes
        ],
        "counts": [(name, _count_label(name), total[name]) for name in COUNTS],
    }


def _count_label(name: str) -> str:
    labels = {
        "accepted": _("accepted"),
        "repaired": _("repaired"),
        "quarantined": _("quarantined"),
        "rejected": _("rejected"),
        "new": _("new"),
        "changed": _("changed"),
        "unchanged": _("unchanged"),
        "gone": _("gone"),
    }
    return labels[name]


def reasons_found(rows: QuerySet[Any]) -> list[dict[str, Any]]:
    counted: dict[tuple[str, str], int] = {}
    for code, verdict in rows.exclude(code="ok").order_by().values_list("code", "verdict"):
        counted[code, verdict] = counted.get((code, verdict), 0) + 1
    return [
        {"code": code, "verdict": verdict, "text": reasons.general(code), "count": count}
        for (code, verdict), count in sorted(counted.items(), key=lambda item: -item[1])
    ]


def points(batch: ImportBatch, rows: QuerySet[Any], held: QuerySet[Any]) -> dict[str, Any]:
    """Give the boundary and the rows as points: all that is wrong first, then a part of the rest.

    A point is [lon, lat, verdict, line, proposed lon, proposed lat].
    """
    places = rows.filter(lon__isnull=False).order_by("line")
    fields = ("lon", "lat", "verdict", "line", "repair_lon", "repair_lat")
    wrong = list(places.exclude(verdict=Verdict.ACCEPTED).values_list(*fields)[:MAP_POINTS])
    good = places.filter(verdict=Verdict.ACCEPTED)
    total = good.count()
    step = max(1, total // MAP_POINTS)
    kept = good.extra(where=["line %% %s = 0"], params=[step]) if step > 1 else good
    ids = [scope.municipality_id for scope in batch.scopes.filter(municipality__in=held)]
    if not ids and batch.municipality_id:
        ids = [batch.municipality_id]
    with connection.cursor() as cursor:
        cursor.execute(_BOUNDARIES, [ids])
        (boundaries,) = cursor.fetchone()
    return {
        "boundary": {"type": "FeatureCollection", "features": boundaries},
        "points": [*kept.values_list(*fields)[: 2 * MAP_POINTS], *wrong],
        "thinned": step if step > 1 else 0,
    }
