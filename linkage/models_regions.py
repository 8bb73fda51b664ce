"""Several municipalities on one link (regions), and what neighbours agreed to tell each other."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from controlroom.municipalities.querysets import OwnedQuerySet
from linkage.querysets import NeighbourAgreementQuerySet


class Region(models.Model):
    """Municipalities that one link serves together, such as a province's (광역) platform."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name_ko = models.CharField(_("name (Korean)"), max_length=60)
    name_en = models.CharField(_("name (English)"), max_length=80, blank=True)
    members = models.ManyToManyField(
        "municipalities.Municipality", verbose_name=_("municipalities"), related_name="regions"
    )

    class Meta:
        ordering = ["code"]
        verbose_name = _("region")
        verbose_name_plural = _("regions")

    def __str__(self) -> str:
        return self.name_en if get_language() == "en" and self.name_en else self.name_ko


class NeighbourAgreement(models.Model):
    """One municipality tells a neighbour of incidents near their border, once both agreed."""

    # Who tells, and keeps the row; the other way round is an agreement of its own.
    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.PROTECT,
        related_name="agreements_to_tell",
        verbose_name=_("tells"),
    )
    neighbour = models.ForeignKey(
        "municipalities.Municipality",
        models.PROTECT,
        related_name="agreements_to_hear",
        verbose_name=_("is told"),
    )
    fields = models.JSONField(_("fields told"), default=list, blank=True)
    reach_m = models.PositiveIntegerField(
        _("reach (m)"),
        default=500,
        validators=[MinValueValidator(0), MaxValueValidator(20_000)],
        help_text=_("how near the neighbour's boundary an incident, or its error circle, must lie"),
    )
    valid_from = models.DateTimeField(_("valid from"), default=timezone.now)
    valid_until = models.DateTimeField(_("valid until"))
    accepted_at = models.DateTimeField(_("accepted by who tells"), null=True, editable=False)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("accepted by"),
    )
    neighbour_accepted_at = models.DateTimeField(
        _("accepted by who is told"), null=True, editable=False
    )
    neighbour_accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("accepted by (neighbour)"),
    )
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)

    objects = NeighbourAgreementQuerySet.as_manager()

    class Meta:
        ordering = ["municipality", "neighbour", "-valid_from"]
        verbose_name = _("agreement with a neighbour")
        verbose_name_plural = _("agreements with neighbours")
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__gt=F("valid_from")), name="neighbour_agreement_in_order"
            ),
            models.CheckConstraint(
                condition=~Q(municipality=F("neighbour")), name="neighbour_is_another"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.municipality} → {self.neighbour}"

    def clean(self) -> None:
        # A field that the form refused is missing here.
        start: datetime | None = self.valid_from
        end: datetime | None = self.valid_until
        if start and end and end <= start:
            raise ValidationError({"valid_until": _("must be after the start")})
        if self.municipality_id and self.municipality_id == self.neighbour_id:
            raise ValidationError({"neighbour": _("a municipality is not its own neighbour")})

    def in_force(self, now: datetime) -> bool:
        accepted = bool(self.accepted_at and self.neighbour_accepted_at)
        return accepted and not self.revoked_at and self.valid_from <= now < self.valid_until


class NeighbourTelling(models.Model):
    """A fact that a neighbour must be told of: written with it, done by its own transaction."""

    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    agreement = models.ForeignKey(
        NeighbourAgreement, models.PROTECT, related_name="tellings", verbose_name=_("agreement")
    )
    incident = models.ForeignKey(
        "incidents.Incident", models.PROTECT, related_name="+", verbose_name=_("incident")
    )
    event = models.ForeignKey("incidents.IncidentEvent", models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    told_at = models.DateTimeField(_("done"), null=True)
    # Exactly what the neighbour got; empty when nothing that it may know had changed.
    told: Any = models.JSONField(_("what was told"), default=dict)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("word to a neighbour")
        verbose_name_plural = _("words to neighbours")
        constraints = [
            models.UniqueConstraint(fields=["agreement", "event"], name="neighbour_told_once")
        ]
        indexes = [
            models.Index(
                fields=["agreement", "incident", "id"],
                condition=Q(told_at=None),
                name="neighbour_untold",
            )
        ]

    def __str__(self) -> str:
        return f"{self.agreement_id} {self.event_id}"
