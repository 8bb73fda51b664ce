"""The life of an import: receive, check, apply, cancel, undo; each step can stop and go on.

A running batch is advanced in slices. Every chunk commits together with the number that says how
far the batch is, so whoever comes after a killed worker goes on from there.
"""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.files import File
from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext as _

from cctv.choices import BatchState
from cctv.models import ImportBatch, ImportScope
from cctv.register import columns, reading, reasons, staging, undo
from controlroom.audit.chain import record
from controlroom.errors import Conflict, Invalid
from controlroom.journal.choices import Audience
from controlroom.journal.log import append
from controlroom.municipalities.models import Municipality

SILENT_S = 60
REPAIRS = ("swapped", "dms")

# Sent after commit with batch_id: work waits for a worker. Losing it only delays: see revive.
work_waits = Signal()


def receive(
    *,
    path: Path,
    file_name: str,
    municipality: Municipality | None,
    by: Any = None,
    allowed: Sequence[int] | None = None,
    encoding: str = "",
    has_header: bool | None = None,
    mapping: dict[str, int] | None = None,
    pairs: Sequence[str] = (),
    complete: bool = True,
) -> ImportBatch:
    """Take a file in: look at its form, map its columns, keep a copy. Nothing is judged yet.

    Without `complete` the columns may still be chosen later, by remap.

    Raises: Invalid naming the file or the column.
    """
    form = look(path, encoding=encoding, has_header=has_header)
    chosen = mapping or columns.guess(form.header, form.sample)
    try:
        named = form.header if form.has_header else None
        chosen = chosen | columns.parse_pairs(pairs, named)
        if complete:
            columns.check(chosen, form.width)
    except columns.MappingError as error:
        raise _mapping_invalid(error) from error
    batch = ImportBatch(
        key=uuid.uuid4(),
        municipality=municipality,
        created_by=by,
        file_name=file_name[:200],
        sha256=_sha256(path),
        encoding=form.encoding,
        delimiter=form.delimiter,
        has_header=form.has_header,
        columns=form.header,
        mapping=chosen,
        allowed=None if allowed is None else sorted(allowed),
        bytes_total=path.stat().st_size,
    )
    with path.open("rb") as source:
        batch.file.save("register.csv", File(source), save=True)
    return batch


def look(path: Path, *, encoding: str = "", has_header: bool | None = None) -> reading.Form:
    """Look at a file's form. Raises: Invalid with a sentence a person can act on."""
    try:
        return reading.look(path, encoding=encoding, has_header=has_header)
    except reading.UnreadableFile as error:
        raise Invalid(reasons.file_text(error.code)) from error


def _demand_place(batch: ImportBatch) -> None:
    try:
        columns.check(batch.mapping, len(batch.columns))
    except columns.MappingError as error:
        raise _mapping_invalid(error) from error


def _mapping_invalid(error: columns.MappingError) -> Invalid:
    text = reasons.mapping_text(error.code, error.field, error.column)
    return Invalid(text, fields={error.field or "map": [text]})


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@transaction.atomic
def remap(
    *,
    batch: ImportBatch,
    form: reading.Form,
    mapping: dict[str, int],
    complete: bool = True,
) -> ImportBatch:
    """Change how the file of a batch that was not applied is read.

    Locks: the batch row. Raises: Conflict, Invalid.
    """
    batch = _locked(batch)
    _demand(batch, BatchState.UPLOADED, BatchState.CHECKED)
    try:
        if complete:
            columns.check(mapping, form.width)
    except columns.MappingError as error:
        raise _mapping_invalid(error) from error
    batch.encoding, batch.delimiter = form.encoding, form.delimiter
    batch.has_header, batch.columns, batch.mapping = form.has_header, form.header, mapping
    batch.state = BatchState.UPLOADED
    batch.save()
    return batch


@transaction.atomic
def start_check(*, batch: ImportBatch) -> ImportBatch:
    """Begin the dry run. Locks: the batch row. Emits: work_waits, after commit."""
    batch = _locked(batch)
    _demand(batch, BatchState.UPLOADED, BatchState.CHECKED)
    _demand_place(batch)
    staging.forget(batch.pk)
    ImportScope.objects.filter(batch=batch).delete()
    batch.rows_read = batch.bytes_read = batch.cursor = 0
    batch.totals = {}
    batch.started_at = timezone.now()
    return _run(batch, BatchState.READING)


@transaction.atomic
def start_apply(
    *, batch: ImportBatch, repairs: Sequence[str] = (), keep_missing: bool = False
) -> ImportBatch:
    """Begin to write the checked batch into the register, with these repairs.

    Locks: the batch row. Emits: work_waits, after commit. Raises: Conflict, Invalid.
    """
    unknown = set(repairs) - set(REPAIRS)
    if unknown:
        raise Invalid(_("no such repair: %(name)s") % {"name": ", ".join(sorted(unknown))})
    batch = _locked(batch)
    _demand(batch, BatchState.CHECKED)
    _refuse_beside_another(batch)
    batch.repairs = sorted(set(repairs))
    batch.keep_missing = keep_missing
    batch.stamp = timezone.now()
    batch.cursor = 0
    return _run(batch, BatchState.APPLYING)


def _refuse_beside_another(batch: ImportBatch) -> None:
    """Two imports into one register at once would each call the other's sites gone."""
    places = [scope.municipality_id for scope in batch.scopes.all()]
    # The rows of the municipalities serialise two people who press at the same moment.
    list(Municipality.objects.select_for_update(no_key=True).filter(pk__in=places))
    busy = ImportBatch.objects.filter(
        state__in=[BatchState.APPLYING, BatchState.CANCELLING, BatchState.UNDOING],
        scopes__municipality_id__in=places,
    ).exclude(pk=batch.pk)
    if busy.exists():
        raise Conflict(_("another import is writing into this register; wait until it ends"))


@transaction.atomic
def cancel(*, batch: ImportBatch, by: Any = None) -> ImportBatch:
    """Stop a batch. What it already wrote is taken back.

    Locks: the batch row. Emits: work_waits, after commit. Raises: Conflict.
    """
    batch = _locked(batch)
    _demand(batch, BatchState.UPLOADED, BatchState.READING, BatchState.CHECKED, BatchState.APPLYING)
    batch.cancel_requested_at = timezone.now()
    tell(batch, "register.import_cancelled", by)
    if batch.state == BatchState.APPLYING:
        batch.cursor = 0
        return _run(batch, BatchState.CANCELLING)
    staging.forget(batch.pk)
    batch.state = BatchState.CANCELLED
    batch.finished_at = timezone.now()
    batch.save()
    return batch


@transaction.atomic
def start_undo(*, batch: ImportBatch, by: Any = None) -> ImportBatch:
    """Begin to take an applied batch back.

    Locks: the batch row. Emits: work_waits, after commit.
    Raises: Conflict when a later import wrote the same sites.
    """
    batch = _locked(batch)
    _demand(batch, BatchState.DONE)
    _refuse_beside_another(batch)
    later = undo.later_batches(batch)
    if later:
        raise Conflict(
            _("import %(number)s changed the same sites later: undo it first")
            % {"number": ", ".join(str(pk) for pk in reversed(later))}
        )
    tell(batch, "register.import_undone", by)
    batch.cursor = 0
    batch.totals = batch.totals | {"kept": 0}
    return _run(batch, BatchState.UNDOING)


@transaction.atomic
def resume(*, batch: ImportBatch) -> ImportBatch:
    """Give a running batch to a worker again. Emits: work_waits, after commit."""
    batch = _locked(batch)
    if batch.state == BatchState.FAILED:
        _demand_resumable(batch)
        return _run(batch, BatchState(batch.totals["failed_in"]))
    _demand(batch, *BatchState.running())
    return _run(batch, BatchState(batch.state))


def _demand_resumable(batch: ImportBatch) -> None:
    if batch.totals.get("failed_in") not in BatchState.running():
        raise Conflict(_("this import cannot go on: upload the file again"))


@transaction.atomic
def fail(*, batch: ImportBatch, text: str) -> ImportBatch:
    """Stop a running batch with a sentence for the administrator; it can be resumed."""
    batch = _locked(batch)
    if batch.running:
        batch.totals = batch.totals | {"failed_in": batch.state}
        batch.state = BatchState.FAILED
        batch.error = text[:300]
        batch.finished_at = timezone.now()
        batch.save()
    return batch


@transaction.atomic
def silent() -> list[int]:
    """Take the running batches whose worker died: no sign for a minute, and no chunk in hand."""
    late = timezone.now() - timedelta(seconds=SILENT_S)
    found = list(
        ImportBatch.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(state__in=BatchState.running(), beat_at__lt=late)
        .values_list("pk", flat=True)
    )
    ImportBatch.objects.filter(pk__in=found).update(beat_at=timezone.now())
    return found


def tell(batch: ImportBatch, kind: str, by: Any = None) -> None:
    """Write the step into the audit record and the journal of each municipality concerned."""
    by = by or batch.created_by
    for scope in batch.scopes.select_related("municipality").order_by("municipality_id"):
        counts = {name: getattr(scope, name) for name in COUNTS}
        data = {"batch": batch.pk, "file": batch.file_name, "sha256": batch.sha256, **counts}
        record(
            action=kind,
            subject_kind="register_import",
            subject_id=batch.pk,
            municipality_id=scope.municipality_id,
            actor_id=by.pk if by else None,
            agent="" if by else "command line",
            detail=data | {"repairs": batch.repairs},
        )
        append(
            municipality_id=scope.municipality_id,
            kind=kind,
            subject_kind="register_import",
            subject_id=batch.pk,
            data=data,
            actor_id=by.pk if by else None,
            audience=Audience.ADMINISTRATION,
        )


COUNTS = (
    "accepted",
    "repaired",
    "quarantined",
    "rejected",
    "new",
    "changed",
    "unchanged",
    "gone",
)


def _run(batch: ImportBatch, state: BatchState) -> ImportBatch:
    batch.state = state
    batch.error = ""
    batch.finished_at = None
    batch.beat_at = batch.step_started_at = timezone.now()
    batch.save()
    transaction.on_commit(
        lambda: work_waits.send_robust(sender=ImportBatch, batch_id=batch.pk), robust=True
    )
    return batch


def _locked(batch: ImportBatch) -> ImportBatch:
    found: ImportBatch = ImportBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    return found


def _demand(batch: ImportBatch, *states: BatchState) -> None:
    if batch.state not in states:
        raise Conflict(
            _("not possible while the import is: %(state)s") % {"state": batch.get_state_display()}
        )
