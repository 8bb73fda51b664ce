"""How incidents belong together without becoming one: co-response, transfer, related."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from controlroom.municipalities.querysets import OwnedQuerySet


class JoinKind(models.TextChoices):
    CO_RESPONSE = "co_response", pgettext_lazy("join", "co-response")
    TRANSFER = "transfer", pgettext_lazy("join", "transferred")
    RELATED = "related", pgettext_lazy("join", "related")


class IncidentLink(models.Model):
    """One incident answered together with another, handed on as another, or related to it."""

    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    incident = models.ForeignKey(
        "incidents.Incident", models.PROTECT, related_name="joins", verbose_name=_("incident")
    )
    other = models.ForeignKey(
        "incidents.Incident",
        models.PROTECT,
        related_name="joined_by",
        verbose_name=_("other incident"),
    )
    kind = models.CharField(_("kind"), max_length=12, choices=JoinKind.choices)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    at = models.DateTimeField(_("when"), default=timezone.now)
    by = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, related_name="+", verbose_name=_("who")
    )
    agent = models.CharField(_("machine"), max_length=100, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["incident", "pk"]
        verbose_name = _("link between incidents")
        verbose_name_plural = _("links between incidents")
        constraints = [
            models.UniqueConstraint(fields=["incident", "other", "kind"], name="join_once"),
            models.CheckConstraint(condition=~Q(incident=F("other")), name="join_two_incidents"),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.kind} {self.other_id}"
