"""Who of an agency's own people may look after its links."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from controlroom.municipalities.querysets import OwnedQuerySet
from controlroom.municipalities.roles import Right


class SeatQuerySet(OwnedQuerySet):
    right = Right.LINKS_MANAGE

    def in_force(self) -> Self:
        now = timezone.now()
        return self.filter(Q(valid_until=None) | Q(valid_until__gt=now), valid_from__lte=now)

    def of(self, user: Any) -> Self:
        """Keep the seats in which this active person sits now."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.in_force().filter(user=user)


class AgencySeat(models.Model):
    """The role of one person of an agency: its engineer for its links with one municipality.

    It carries no right of the municipality's own roles: nothing of the centre is seen by it.
    """

    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.PROTECT,
        related_name="+",
        verbose_name=_("municipality"),
    )
    agency = models.ForeignKey(
        "linkage.Agency", models.PROTECT, related_name="seats", verbose_name=_("agency")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="agency_seats",
        verbose_name=_("person"),
    )
    valid_from = models.DateTimeField(_("valid from"), default=timezone.now)
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)

    objects = SeatQuerySet.as_manager()

    class Meta:
        ordering = ["municipality", "agency", "user"]
        verbose_name = _("engineer of an agency")
        verbose_name_plural = _("engineers of agencies")
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "agency", "user"], name="agency_seat_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.agency}"
