"""Where the units of an agency are for one case: the newest word of each, with its own clock."""

from django.contrib.gis.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from controlroom.municipalities.querysets import OwnedQuerySet


class UnitPosition(models.Model):
    """The last known place of one unit on one case; what came before stays in the inbox."""

    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    link = models.ForeignKey(
        "linkage.Link", models.PROTECT, related_name="units", verbose_name=_("link")
    )
    incident = models.ForeignKey(
        "incidents.Incident", models.PROTECT, related_name="units", verbose_name=_("incident")
    )
    case_number = models.CharField(_("agency's number"), max_length=60)
    unit = models.CharField(_("call sign"), max_length=30)
    location = models.PointField(_("place"), geography=True)
    speed_kmh = models.FloatField(_("speed (km/h)"), null=True)
    heading_deg = models.FloatField(_("heading (°)"), null=True)
    at = models.DateTimeField(_("position of"))
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    # When the console last heard of it: positions come every second, facts do not.
    told_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(_("left the case"), null=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["incident", "unit"]
        verbose_name = _("unit position")
        verbose_name_plural = _("unit positions")
        constraints = [
            models.UniqueConstraint(fields=["link", "case_number", "unit"], name="unit_once")
        ]

    def __str__(self) -> str:
        return self.unit
