"""Clusters of reports that a person must look at: an alarm stands until somebody judges it."""

import uuid

from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from controlroom.municipalities.querysets import OwnedQuerySet
from incidents.choices import KindClass


class Assessment(models.TextChoices):
    """What the person who acknowledges says it is; a bare click says nothing."""

    ACTING = "acting", pgettext_lazy("cluster", "danger: help is being sent")
    WATCHING = "watching", pgettext_lazy("cluster", "watched by camera")
    ONE_EVENT = "one_event", pgettext_lazy("cluster", "one event, in hand")
    NO_DANGER = "no_danger", pgettext_lazy("cluster", "no danger")


class ClusterAlarm(models.Model):
    """Several reports near one place within minutes; rings until acknowledged by a person."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    lead = models.ForeignKey(
        "incidents.Incident", models.PROTECT, related_name="+", verbose_name=_("first report")
    )
    kind_class = models.CharField(_("class"), max_length=12, choices=KindClass.choices)
    is_drill = models.BooleanField(_("drill"), default=False)
    members = ArrayField(models.UUIDField(), verbose_name=_("reports"))
    centre = models.PointField(_("place"), geography=True)
    recent = models.PositiveIntegerField(_("in the last 5 minutes"))
    before = models.PositiveIntegerField(_("in the 5 minutes before"))
    is_accelerating = models.BooleanField(_("growing"), default=False)
    raised_at = models.DateTimeField(_("raised"), default=timezone.now)
    # Since when it rings: raised, or grown since it was acknowledged.
    rings_since = models.DateTimeField(_("rings since"), default=timezone.now)
    grown_at = models.DateTimeField(_("last grown"), default=timezone.now)
    escalation_level = models.PositiveSmallIntegerField(_("escalation"), default=0)
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True)
    acknowledged_by = models.ForeignKey(
        "accounts.User",
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("acknowledged by"),
    )
    acknowledged_count = models.PositiveIntegerField(_("reports at that time"), default=0)
    assessment = models.CharField(
        _("assessment"), max_length=10, choices=Assessment.choices, blank=True
    )
    note = models.CharField(_("note"), max_length=500, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["-raised_at", "id"]
        verbose_name = _("cluster alarm")
        verbose_name_plural = _("cluster alarms")
        constraints = [
            models.CheckConstraint(
                condition=Q(acknowledged_at=None) | ~Q(assessment=""),
                name="cluster_acknowledged_with_words",
            )
        ]
        indexes = [
            models.Index(
                fields=["municipality"], condition=Q(ended_at=None), name="cluster_standing"
            )
        ]

    def __str__(self) -> str:
        return f"{self.raised_at:%Y-%m-%d %H:%M:%S} ×{len(self.members)}"


class ClusterLook(models.Model):
    """An incident that was compared with its neighbours, so that each is looked at once."""

    incident = models.OneToOneField(
        "incidents.Incident", models.CASCADE, primary_key=True, related_name="cluster_look"
    )
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return str(self.incident_id)
