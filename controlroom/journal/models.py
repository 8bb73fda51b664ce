"""The numbered log of facts, one sequence per municipality."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from controlroom.journal.choices import Audience
from controlroom.journal.querysets import EntryQuerySet


class Stream(models.Model):
    """The counter row of a municipality: locking it makes number order equal commit order."""

    municipality = models.OneToOneField(
        "municipalities.Municipality", models.PROTECT, primary_key=True, related_name="stream"
    )
    head = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.municipality_id}: {self.head}"


class Entry(models.Model):
    """One fact. Never edited, never deleted."""

    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="entries"
    )
    number = models.BigIntegerField()
    audience = models.CharField(
        max_length=16, choices=Audience.choices, default=Audience.OPERATIONS
    )
    kind = models.CharField(max_length=60)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=40)
    actor = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField()
    data = models.JSONField(default=dict)

    objects = EntryQuerySet.as_manager()

    class Meta:
        ordering = ["municipality", "number"]
        verbose_name = _("journal entry")
        verbose_name_plural = _("journal entries")
        constraints = [
            models.UniqueConstraint(fields=["municipality", "number"], name="entry_number_once")
        ]
        indexes = [
            models.Index(fields=["municipality", "audience", "number"], name="entry_by_audience"),
            models.Index(fields=["subject_kind", "subject_id", "number"], name="entry_by_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.municipality_id}/{self.number} {self.kind}"


class Pulse(models.Model):
    """The last sign of life of a part of the system; what it says is for the auditor to judge."""

    name = models.CharField(primary_key=True, max_length=120)
    at = models.DateTimeField()
    data = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.name
