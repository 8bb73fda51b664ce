"""What a person says of a link's use in one incident."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class UseVerdict(models.Model):
    """Whether what the agency sent was of use in an incident; the newest word counts."""

    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    incident = models.OneToOneField(
        "incidents.Incident",
        models.PROTECT,
        related_name="use_verdict",
        verbose_name=_("incident"),
    )
    is_useful = models.BooleanField(_("was of use"))
    said_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    said_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("verdict of use")
        verbose_name_plural = _("verdicts of use")

    def __str__(self) -> str:
        return f"{self.incident_id} {self.is_useful}"
