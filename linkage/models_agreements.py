"""What a link is agreed to carry: purpose, legal basis, limits, deadlines, maintenance."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from linkage.choices import LinkMode
from linkage.querysets import OfLinkQuerySet

_CODE = re.compile(r"^[0-9A-Za-z_-]{1,10}$")


class Purpose(models.Model):
    """Why a link may carry anything at all; its code is in every envelope."""

    code = models.SlugField(_("code"), max_length=20, unique=True)
    name_ko = models.CharField(_("name (Korean)"), max_length=100)
    name_en = models.CharField(_("name (English)"), max_length=120, blank=True)

    class Meta:
        ordering = ["code"]
        verbose_name = _("purpose of provision")
        verbose_name_plural = _("purposes of provision")

    def __str__(self) -> str:
        return self.name_en if get_language() == "en" and self.name_en else self.name_ko


class LegalBasis(models.Model):
    """A law or agreement, and the kinds of data that it lets a link carry."""

    code = models.SlugField(_("code"), max_length=20, unique=True)
    law_ko = models.CharField(_("law (Korean)"), max_length=120)
    law_en = models.CharField(_("law (English)"), max_length=160, blank=True)
    article = models.CharField(
        _("article"), max_length=60, blank=True, help_text=_("for example 제18조제2항제3호")
    )
    text_ko = models.TextField(_("what it says (Korean)"), blank=True)
    text_en = models.TextField(_("what it says (English)"), blank=True)
    allowed_data = models.JSONField(_("data it allows"), default=list, blank=True)
    checked_on = models.DateField(
        _("text checked on"),
        null=True,
        blank=True,
        help_text=_("the day on which the city's lawyer compared this row with the law"),
    )
    is_in_force = models.BooleanField(
        _("in force"),
        default=True,
        help_text=_("no: nothing beyond states is told on this basis any more"),
    )

    class Meta:
        ordering = ["code"]
        verbose_name = _("legal basis")
        verbose_name_plural = _("legal bases")

    def __str__(self) -> str:
        law = self.law_en if get_language() == "en" and self.law_en else self.law_ko
        return f"{law} {self.article}".strip()


def check_minutes(value: Any) -> None:
    """Raises: ValidationError unless the value maps urgency codes to whole minutes."""
    good = isinstance(value, dict) and all(
        _CODE.match(str(code))
        and isinstance(minutes, int)
        and not isinstance(minutes, bool)
        and 1 <= minutes <= 10_080
        for code, minutes in value.items()
    )
    if not good:
        raise ValidationError(_("write urgency codes with whole minutes, for example 0=120, 1=90"))


class Agreed(models.Model):
    """The part of a link that is agreed between the two sides."""

    mode = models.CharField(
        _("mode"),
        max_length=8,
        choices=LinkMode.choices,
        default=LinkMode.REQUEST,
        help_text=_("does the agency ask for each video, or is it given with every report"),
    )
    purpose = models.ForeignKey(
        Purpose, models.PROTECT, null=True, verbose_name=_("purpose of provision"), related_name="+"
    )
    legal_basis = models.ForeignKey(
        LegalBasis,
        models.PROTECT,
        null=True,
        verbose_name=_("legal basis"),
        related_name="links",
        help_text=_("decides which kinds of data leave the centre on this link"),
    )
    radius_m = models.PositiveIntegerField(
        _("camera radius (m)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(10), MaxValueValidator(50_000)],
        help_text=_("empty: the municipality's own"),
    )
    camera_limit = models.PositiveSmallIntegerField(
        _("cameras at most"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("empty: the municipality's own"),
    )
    time_limit_min = models.PositiveIntegerField(
        _("time limit (min)"),
        default=60,
        validators=[MinValueValidator(1), MaxValueValidator(10_080)],
        help_text=_("video given to the agency ends after this time unless it is extended"),
    )
    time_limits_min = models.JSONField(
        _("time limit by urgency (min)"), default=dict, blank=True, validators=[check_minutes]
    )
    ack_deadline_p1_s = models.PositiveIntegerField(
        _("acknowledgement deadline, urgent (s)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
    )
    ack_deadline_p2_s = models.PositiveIntegerField(
        _("acknowledgement deadline, high (s)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
    )
    ack_deadline_p3_s = models.PositiveIntegerField(
        _("acknowledgement deadline, normal (s)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
    )
    retry_longest_gap_s = models.PositiveIntegerField(
        _("longest wait between tries (s)"),
        default=600,
        validators=[MinValueValidator(1), MaxValueValidator(3600)],
    )
    retry_life_h = models.PositiveSmallIntegerField(
        _("tried for (h)"),
        default=72,
        validators=[MinValueValidator(1), MaxValueValidator(72)],
        help_text=_("then the message is given up, and a person is told"),
    )
    dormant_after_days = models.PositiveSmallIntegerField(
        _("dormant after (days)"),
        default=30,
        validators=[MinValueValidator(1)],
        help_text=_("no real case for so long while comparable links have some"),
    )
    region = models.ForeignKey(
        "linkage.Region",
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("region"),
        related_name="links",
        help_text=_(
            "the link serves every member of this region; empty: the municipality above alone"
        ),
    )
    # The current or next maintenance window, kept here so that sending asks for no other row.
    maintenance_from = models.DateTimeField(null=True, editable=False)
    maintenance_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True

    def ack_deadline_s_for(self, priority: int) -> int:
        own = getattr(self, f"ack_deadline_p{priority}_s", None)
        return int(own or getattr(self, "ack_deadline_s"))  # noqa: B009 - the subclass has it

    def time_limit_min_for(self, urgency: str) -> int:
        return int(self.time_limits_min.get(str(urgency), self.time_limit_min))

    def in_maintenance(self, now: datetime) -> bool:
        """Say whether a planned window covers this moment."""
        if self.maintenance_from is None or self.maintenance_until is None:
            return False
        return self.maintenance_from <= now < self.maintenance_until


class MaintenanceWindow(models.Model):
    """A time in which a link is not used, as agreed with the agency beforehand."""

    link = models.ForeignKey(
        "linkage.Link", models.CASCADE, related_name="maintenance", verbose_name=_("link")
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    reason = models.CharField(_("reason"), max_length=200)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = OfLinkQuerySet.as_manager()

    class Meta:
        ordering = ["link", "-starts_at"]
        verbose_name = _("maintenance window")
        verbose_name_plural = _("maintenance windows")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="maintenance_in_order"
            )
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M} – {self.ends_at:%Y-%m-%d %H:%M}"

    def clean(self) -> None:
        # A field that the form refused is missing here.
        starts_at: datetime | None = self.starts_at
        ends_at: datetime | None = self.ends_at
        if starts_at and ends_at and ends_at <= starts_at:
            raise ValidationError({"ends_at": _("must be after the start")})


class KindMapping(models.Model):
    """What an agency's code for a kind of case means here; without a kind it awaits mapping."""

    link = models.ForeignKey(
        "linkage.Link", models.CASCADE, related_name="kind_mappings", verbose_name=_("link")
    )
    code = models.CharField(_("agency's code"), max_length=30)
    name = models.CharField(_("agency's name for it"), max_length=60, blank=True)
    kind = models.ForeignKey(
        "incidents.Kind",
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("our kind"),
        related_name="+",
        help_text=_("empty: not mapped yet, cases come in as unmapped"),
    )
    seen_count = models.PositiveIntegerField(_("reports"), default=0, editable=False)
    last_seen_at = models.DateTimeField(_("last reported"), null=True, editable=False)

    objects = OfLinkQuerySet.as_manager()

    class Meta:
        ordering = ["link", "code"]
        verbose_name = _("code mapping")
        verbose_name_plural = _("code mappings")
        constraints = [
            models.UniqueConstraint(fields=["link", "code"], name="kind_mapping_once"),
        ]

    def __str__(self) -> str:
        return f"{self.code} → {self.kind or '?'}"


class UnmappedCode(KindMapping):
    """A code that arrived and means nothing here yet."""

    class Meta:
        proxy = True
        ordering = ["-seen_count", "code"]
        verbose_name = _("unmapped code")
        verbose_name_plural = _("unmapped codes")
