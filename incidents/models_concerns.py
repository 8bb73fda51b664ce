"""Sites of concern: what those who drive to a scene must know of before they are there."""

from __future__ import annotations

from django.contrib.gis.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from controlroom.municipalities.querysets import OwnedQuerySet


class ConcernKind(models.TextChoices):
    HYDRANT = "hydrant", pgettext_lazy("concern", "hydrant")
    HAZARD = "hazard", pgettext_lazy("concern", "hazardous facility")
    NARROW = "narrow", pgettext_lazy("concern", "narrow street")
    PARKED = "parked", pgettext_lazy("concern", "parked cars")
    GATE = "gate", pgettext_lazy("concern", "gate or barrier")


class SiteOfConcern(models.Model):
    """A hydrant, a hazardous facility, a narrow street, a note on parked cars."""

    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.CASCADE,
        related_name="+",
        verbose_name=_("municipality"),
    )
    kind = models.CharField(_("kind"), max_length=8, choices=ConcernKind.choices)
    ref = models.CharField(_("number in the source"), max_length=60)
    name = models.CharField(_("name"), max_length=120)
    detail = models.CharField(_("details"), max_length=500, blank=True)
    location = models.PointField(_("place"), geography=True)
    source = models.CharField(_("source"), max_length=120)
    # Unknown counts as stale: nobody can say that it is still so.
    data_date = models.DateField(_("date of the data"), null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["municipality", "kind", "ref"]
        verbose_name = _("site of concern")
        verbose_name_plural = _("sites of concern")
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "kind", "ref"], name="concern_once_per_source"
            )
        ]

    def __str__(self) -> str:
        return self.name
