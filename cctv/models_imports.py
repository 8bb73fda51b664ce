"""What an import of the camera register leaves: the batch, its verdicts and what it changed."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.gis.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cctv.choices import BatchState, ChangeKind, Verdict
from cctv.querysets import ImportBatchQuerySet, ImportRowQuerySet


def upload_path(batch: ImportBatch, _name: str) -> str:
    """Name the stored file by the batch's own key: a person's file name never reaches the disk."""
    return f"register/{batch.key}.csv"


class ImportBatch(models.Model):
    """One file on its way into the register, and how far it has come.

    `rows_read` and `cursor` say where a killed job goes on: rows staged, last line applied.
    """

    key = models.UUIDField(unique=True, editable=False)
    # Where a row belongs that does not say so itself; empty when the file says it everywhere.
    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("municipality"),
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("imported by"),
    )
    created_at = models.DateTimeField(_("uploaded"), db_default=Now())
    file = models.FileField(_("file"), upload_to=upload_path, blank=True)
    file_name = models.CharField(_("file name"), max_length=200)
    sha256 = models.CharField(max_length=64, blank=True)
    encoding = models.CharField(_("encoding"), max_length=20)
    has_header = models.BooleanField(_("first row names the columns"), default=True)
    columns = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    # Municipalities that the importing person may write; null means any (the command line).
    allowed = models.JSONField(null=True, blank=True)
    repairs = models.JSONField(_("repairs to apply"), default=list)
    keep_missing = models.BooleanField(_("keep sites that the file no longer names"), default=False)
    delimiter = models.CharField(max_length=1, default=",")
    # Rows by verdict, by reason and by what they do to the register.
    totals = models.JSONField(default=dict)
    state = models.CharField(
        _("state"), max_length=12, choices=BatchState.choices, default=BatchState.UPLOADED
    )
    bytes_total = models.BigIntegerField(default=0)
    bytes_read = models.BigIntegerField(default=0)
    rows_read = models.PositiveIntegerField(_("rows"), default=0)
    cursor = models.BigIntegerField(default=0)
    # Stamped on every site that the batch writes: a later edit by hand shows as another time.
    stamp = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    step_started_at = models.DateTimeField(null=True, blank=True)
    beat_at = models.DateTimeField(_("last sign of life"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    cancel_requested_at = models.DateTimeField(_("cancel asked"), null=True, blank=True)
    error = models.CharField(_("what went wrong"), max_length=300, blank=True)

    objects = ImportBatchQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("register import")
        verbose_name_plural = _("register imports")

    def __str__(self) -> str:
        return self.file_name

    @property
    def running(self) -> bool:
        return self.state in BatchState.running()


class ImportScope(models.Model):
    """The part of a batch that concerns one municipality, counted."""

    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="scopes")
    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    accepted = models.PositiveIntegerField(_("accepted"), default=0)
    repaired = models.PositiveIntegerField(_("repaired"), default=0)
    quarantined = models.PositiveIntegerField(_("quarantined"), default=0)
    rejected = models.PositiveIntegerField(_("rejected"), default=0)
    new = models.PositiveIntegerField(_("new"), default=0)
    changed = models.PositiveIntegerField(_("changed"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    gone = models.PositiveIntegerField(_("gone"), default=0)

    class Meta:
        ordering = ["batch", "municipality"]
        verbose_name = _("import by municipality")
        verbose_name_plural = _("imports by municipality")
        constraints = [
            models.UniqueConstraint(fields=["batch", "municipality"], name="scope_once_per_batch")
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} · {self.municipality}"


class VerdictFields(models.Model):
    """What was decided about one line of the file, and the line itself."""

    line = models.PositiveIntegerField(_("line"))
    verdict = models.CharField(_("verdict"), max_length=12, choices=Verdict.choices)
    code = models.CharField(_("reason"), max_length=24)
    # Parts of the reason's sentence: distance, the other line, the offending value.
    detail = models.JSONField(null=True, blank=True)
    register_id = models.CharField(_("management number"), max_length=60, blank=True)
    # The fields exactly as they stood in the file, joined by U+001F.
    raw = models.TextField()
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    repair = models.CharField(_("proposed repair"), max_length=12, blank=True)
    repair_lon = models.FloatField(null=True, blank=True)
    repair_lat = models.FloatField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def fields(self) -> list[str]:
        return self.raw.split("\x1f")


class ImportRow(VerdictFields):
    """A quarantined or rejected line, kept with everything it said."""

    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="rows")
    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("municipality"),
    )

    objects = ImportRowQuerySet.as_manager()

    class Meta:
        ordering = ["batch", "line"]
        verbose_name = _("quarantined row")
        verbose_name_plural = _("quarantined rows")
        constraints = [
            models.UniqueConstraint(fields=["batch", "line"], name="import_row_once_per_line")
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}:{self.line} {self.code}"


class StagedRow(VerdictFields):
    """One line between file and register. The table is unlogged: a crash of the database empties
    it, and the batch is then read again from its file.
    """

    pk = models.CompositePrimaryKey("batch_id", "line")
    batch = models.ForeignKey(
        ImportBatch, models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.DO_NOTHING,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    notes = models.TextField(blank=True)
    dms_lon = models.FloatField(null=True)
    dms_lat = models.FloatField(null=True)
    match_key = models.CharField(max_length=32)
    source_hash = models.CharField(max_length=32)
    name = models.CharField(max_length=120)
    managing_agency = models.CharField(max_length=100)
    road_address = models.CharField(max_length=200)
    lot_address = models.CharField(max_length=200)
    purpose = models.CharField(max_length=12)
    camera_count = models.PositiveSmallIntegerField()
    pixels_10k = models.PositiveIntegerField(null=True)
    direction_text = models.CharField(max_length=200)
    bearing_deg = models.FloatField(null=True)
    field_of_view_deg = models.FloatField(null=True)
    retention_days = models.PositiveIntegerField(null=True)
    installed_month = models.DateField(null=True)
    phone = models.CharField(max_length=40)
    data_date = models.DateField(null=True)
    site_id = models.BigIntegerField(null=True)
    action = models.CharField(max_length=10, blank=True)

    objects: Any = ImportRowQuerySet.as_manager()

    class Meta:
        ordering = ["batch", "line"]
        verbose_name = _("staged row")
        verbose_name_plural = _("staged rows")

    def __str__(self) -> str:
        return f"{self.batch_id}:{self.line} {self.verdict}"


class ImportChange(models.Model):
    """What the batch did to one site and what stood there before: enough to undo it."""

    # Written by the hundred thousand in one statement from rows that were checked already.
    batch = models.ForeignKey(
        ImportBatch, models.CASCADE, related_name="changes", db_constraint=False
    )
    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    # No foreign key: a site may be removed by an undo while the record of it stays.
    site_id = models.BigIntegerField()
    kind = models.CharField(max_length=10, choices=ChangeKind.choices)
    before = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ["batch", "pk"]
        verbose_name = _("change by an import")
        verbose_name_plural = _("changes by an import")

    def __str__(self) -> str:
        return f"{self.batch_id}: {self.kind} {self.site_id}"
