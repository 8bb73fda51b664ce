"""What requires a person's action: an alarm stands until its cause is gone."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from incidents.choices import Priority
from linkage.querysets import AlarmQuerySet


class Alarm(models.Model):
    """One cause that stands or stood. Changed only by the verbs of linkage.alarms."""

    # None: the alarm is of the whole system and concerns everybody.
    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="alarms",
        verbose_name=_("municipality"),
    )
    # A code of linkage.alarm_kinds; no choices, so that a new kind needs no migration.
    kind = models.CharField(_("kind of alarm"), max_length=40)
    severity = models.PositiveSmallIntegerField(_("severity"), choices=Priority.choices)
    subject_kind = models.CharField(_("subject"), max_length=40, blank=True)
    subject_id = models.CharField(_("subject's id"), max_length=80, blank=True)
    detail = models.JSONField(_("detail"), default=dict, blank=True)
    raised_at = models.DateTimeField(_("raised"), default=timezone.now)
    last_seen_at = models.DateTimeField(_("last seen"), default=timezone.now)
    cleared_at = models.DateTimeField(_("cleared"), null=True)
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("acknowledged by"),
    )

    objects = AlarmQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("alarm")
        verbose_name_plural = _("alarms")
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "kind", "subject_kind", "subject_id"],
                condition=Q(cleared_at=None, municipality__isnull=False),
                name="alarm_stands_once",
            ),
            models.UniqueConstraint(
                fields=["kind", "subject_kind", "subject_id"],
                condition=Q(cleared_at=None, municipality__isnull=True),
                name="system_alarm_stands_once",
            ),
        ]
        indexes = [
            models.Index(fields=["municipality", "-id"], name="alarm_by_municipality"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}".strip()
