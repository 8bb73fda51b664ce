"""The work of a running import, chunk by chunk; each chunk commits with how far it is."""

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from django.db import transaction
from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from cctv.choices import BatchState, Verdict
from cctv.models import ImportBatch, ImportChange, ImportScope, StagedRow
from cctv.register import judging, reading, reconcile, staging, undo
from cctv.register.batches import tell
from cctv.register.verdicts import Judge

CHUNK = 10_000
_FOREIGN = ("municipality_not_yours",)


def advance(batch_id: int, *, for_s: float | None = None) -> bool:
    """Work on a running batch for some seconds (or to its end); True when nothing is left.

    Locks: the batch row, for one chunk at a time.
    Raises: UnreadableFile when the file cannot be read to its end.
    """
    until = None if for_s is None else time.monotonic() + for_s
    while True:
        batch = ImportBatch.objects.get(pk=batch_id)
        if not batch.running:
            return True
        if batch.state == BatchState.READING:
            _read(batch, until)
        else:
            _step(batch_id)
        if until is not None and time.monotonic() >= until:
            return not ImportBatch.objects.get(pk=batch_id).running


def _read(batch: ImportBatch, until: float | None) -> None:
    """Stage and judge chunks; stop when the time is over or the batch was stopped."""
    path = Path(batch.file.path)
    form = reading.Form(batch.encoding, batch.delimiter, batch.has_header, batch.columns, [])
    judge = Judge(
        mapping=batch.mapping,
        width=form.width,
        directory=staging.known_municipalities(batch.municipality_id),
        allowed=None if batch.allowed is None else frozenset(batch.allowed),
    )
    position = batch.rows_read
    stream = reading.records(path, form, skip=position)
    while True:
        position, more = _read_chunk(batch.pk, judge, stream, position)
        if not more:
            return
        if until is not None and time.monotonic() >= until:
            return


@transaction.atomic
def _read_chunk(
    batch_id: int,
    judge: Judge,
    stream: Iterator[tuple[reading.Line, int]],
    position: int,
) -> tuple[int, bool]:
    batch = ImportBatch.objects.select_for_update(of=("self",)).get(pk=batch_id)
    if batch.state != BatchState.READING or batch.rows_read != position:
        return position, False  # stopped, or another worker goes on with it
    lines = list(islice(stream, CHUNK))
    if not lines:
        _finish_check(batch)
        return position, False
    staging.copy_rows(batch_id, (judge.row(line.number, line.cells) for line, _at in lines))
    judging.judge_places(batch_id, lines[0][0].number, lines[-1][0].number)
    batch.rows_read += len(lines)
    batch.bytes_read = max(batch.bytes_read, lines[-1][1])
    batch.beat_at = timezone.now()
    batch.save(update_fields=["rows_read", "bytes_read", "beat_at"])
    return batch.rows_read, True


def _finish_check(batch: ImportBatch) -> None:
    judging.judge_duplicates(batch.pk)
    reconcile.match(batch_id=batch.pk)
    _count(batch)
    batch.bytes_read = batch.bytes_total
    batch.state = BatchState.CHECKED
    batch.beat_at = batch.finished_at = timezone.now()
    batch.save()


def _count(batch: ImportBatch) -> None:
    """Count the verdicts and what the rows do, by municipality and in all."""
    rows = StagedRow.objects.filter(batch=batch)
    written = Q(verdict__in=[Verdict.ACCEPTED, Verdict.REPAIRED])
    names = {verdict.value: Count("line", filter=Q(verdict=verdict)) for verdict in Verdict}
    names |= {
        "new": Count("line", filter=written & Q(site_id__isnull=True)),
        "changed": Count("line", filter=written & Q(action="changed")),
        "unchanged": Count("line", filter=written & Q(action__in=["unchanged", "dated"])),
    }
    gone = {} if batch.keep_missing else reconcile.count_gone(batch_id=batch.pk)
    ImportScope.objects.filter(batch=batch).delete()
    by_place = (
        rows.exclude(code__in=_FOREIGN)
        .filter(municipality_id__isnull=False)
        .order_by()
        .values("municipality_id")
        .annotate(**names)
    )
    ImportScope.objects.bulk_create(
        ImportScope(batch=batch, gone=gone.get(counts["municipality_id"], 0), **counts)
        for counts in by_place
    )
    codes = dict(rows.order_by().values_list("code").annotate(Count("line")))
    repairs = rows.exclude(repair="").order_by().values_list("repair").annotate(Count("line"))
    batch.totals = (
        batch.totals
        | rows.aggregate(**names)
        | {"gone": sum(gone.values()), "codes": codes, "repairs": dict(repairs)}
    )


@transaction.atomic
def _step(batch_id: int) -> None:
    batch = ImportBatch.objects.select_for_update(of=("self",)).get(pk=batch_id)
    if batch.state == BatchState.APPLYING:
        _apply_chunk(batch)
    elif batch.state in {BatchState.CANCELLING, BatchState.UNDOING}:
        _undo_chunk(batch)
    batch.beat_at = timezone.now()
    batch.save()


def _apply_chunk(batch: ImportBatch) -> None:
    staged = StagedRow.objects.filter(batch=batch)
    if batch.cursor == 0:
        if staged.count() != batch.rows_read:  # the database crashed: read the file again
            batch.state, batch.rows_read, batch.bytes_read = BatchState.READING, 0, 0
            staging.forget(batch.pk)
            return
        reconcile.mark_repaired(batch_id=batch.pk, repairs=batch.repairs)
        # The register may have changed since the check.
        if reconcile.match(batch_id=batch.pk) or batch.repairs:
            _count(batch)
    lines = list(
        staged.filter(line__gt=batch.cursor).order_by("line").values_list("line", flat=True)[:CHUNK]
    )
    assert batch.stamp is not None  # noqa: S101 set by start_apply
    if lines:
        reconcile.apply_range(
            batch_id=batch.pk,
            first=lines[0],
            last=lines[-1],
            stamp=batch.stamp,
            mapping=batch.mapping,
        )
        batch.cursor = lines[-1]
        return
    if not batch.keep_missing:
        reconcile.mark_gone(batch_id=batch.pk, stamp=batch.stamp)
    reconcile.keep_rows(batch_id=batch.pk)
    staging.forget(batch.pk)
    batch.state = BatchState.DONE
    batch.finished_at = timezone.now()
    tell(batch, "register.imported")


def _undo_chunk(batch: ImportBatch) -> None:
    changes = (
        ImportChange.objects.filter(batch=batch, pk__gt=batch.cursor).order_by("pk")[:CHUNK]
    ).aggregate(first=Min("pk"), last=Max("pk"))
    if changes["last"] is not None:
        kept = undo.undo_range(batch=batch, first=changes["first"], last=changes["last"])
        batch.totals = batch.totals | {"kept": batch.totals.get("kept", 0) + kept}
        batch.cursor = changes["last"]
        return
    cancelled = batch.state == BatchState.CANCELLING
    if cancelled:
        staging.forget(batch.pk)
    batch.state = BatchState.CANCELLED if cancelled else BatchState.UNDONE
    batch.finished_at = timezone.now()
