"""What people said about incidents that may be the same happening."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from controlroom.municipalities.querysets import OwnedQuerySet


class Distinction(models.Model):
    """A person looked and said: these two are not the same. The pair is suggested no more."""

    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    # The two in the order of their ids, so that a pair has one row.
    first = models.ForeignKey("incidents.Incident", models.PROTECT, related_name="+")
    second = models.ForeignKey("incidents.Incident", models.PROTECT, related_name="+")
    by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+", verbose_name=_("who"))
    at = models.DateTimeField(_("when"), default=timezone.now)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="distinction_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="distinction_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} ≠ {self.second_id}"
