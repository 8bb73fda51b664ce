"""Cities, counties and districts, their codes over time, and who serves in them."""

from __future__ import annotations

from django.conf import settings
from django.contrib.gis.db import models
from django.core.validators import MinValueValidator, RegexValidator
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from controlroom.municipalities.choices import CodeScheme, ProgrammeState, Role
from controlroom.municipalities.querysets import MembershipQuerySet, MunicipalityQuerySet


class Municipality(models.Model):
    """A municipality (시군구 or 광역) under its code of today; MunicipalityCode has the others."""

    code = models.CharField(
        _("administrative code"),
        max_length=10,
        unique=True,
        validators=[RegexValidator(r"^\d{2,10}$")],
        help_text=_("legal code of today, 5 digits for a city, county or district"),
    )
    organisation_code = models.CharField(
        _("organisation code"), max_length=7, blank=True, validators=[RegexValidator(r"^\d{7}$")]
    )
    name_ko = models.CharField(_("name (Korean)"), max_length=60)
    name_en = models.CharField(_("name (English)"), max_length=80, blank=True)
    province_ko = models.CharField(_("province (Korean)"), max_length=40, blank=True)
    province_en = models.CharField(_("province (English)"), max_length=60, blank=True)
    boundary = models.MultiPolygonField(_("boundary"), geography=True, null=True, blank=True)
    centre = models.PointField(_("centre"), geography=True, null=True, blank=True)
    programme_state = models.CharField(
        _("programme state"),
        max_length=12,
        choices=ProgrammeState.choices,
        default=ProgrammeState.NONE,
    )
    camera_radius_m = models.PositiveIntegerField(
        _("camera radius (m)"), default=500, validators=[MinValueValidator(10)]
    )
    camera_limit = models.PositiveSmallIntegerField(
        _("cameras per incident"), default=5, validators=[MinValueValidator(1)]
    )

    objects = MunicipalityQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        verbose_name = _("municipality")
        verbose_name_plural = _("municipalities")

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        if get_language() == "en" and self.name_en:
            return self.name_en
        return f"{self.province_ko} {self.name_ko}".strip()


class MunicipalityCode(models.Model):
    """A code that meant this municipality for a time (강원 42->51, 전북 45->52)."""

    municipality = models.ForeignKey(Municipality, models.CASCADE, related_name="codes")
    code = models.CharField(_("code"), max_length=10)
    scheme = models.CharField(
        _("kind of code"), max_length=12, choices=CodeScheme.choices, default=CodeScheme.LEGAL
    )
    name_ko = models.CharField(_("name at the time"), max_length=100, blank=True)
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    successor = models.CharField(_("successor code"), max_length=10, blank=True)

    class Meta:
        ordering = ["code", "valid_from"]
        verbose_name = _("municipality code")
        verbose_name_plural = _("municipality codes")
        constraints = [
            models.UniqueConstraint(
                fields=["scheme", "code", "valid_from"],
                nulls_distinct=False,
                name="code_once_per_period",
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True)
                | Q(valid_from__isnull=True)
                | Q(valid_until__gte=models.F("valid_from")),
                name="code_period_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Membership(models.Model):
    """One role of one person in one municipality, for a time."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    municipality = models.ForeignKey(
        Municipality,
        models.PROTECT,
        related_name="memberships",
        verbose_name=_("municipality"),
    )
    role = models.CharField(_("role"), max_length=16, choices=Role.choices)
    valid_from = models.DateTimeField(_("valid from"), default=timezone.now)
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["municipality", "user", "role"]
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "municipality", "role"], name="role_once_per_municipality"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.municipality} · {self.get_role_display()}"


class MapLayer(models.Model):
    """What is drawn under a city's map: its own GeoJSON, so that no tile comes from elsewhere."""

    municipality = models.ForeignKey(Municipality, models.CASCADE, related_name="map_layers")
    name = models.SlugField(_("name"), max_length=40)
    # A FeatureCollection; each feature's `kind` (road, river, park, dong ...) says how it is drawn.
    geojson = models.JSONField(_("GeoJSON"))
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["municipality", "name"]
        verbose_name = _("map layer")
        verbose_name_plural = _("map layers")
        constraints = [
            models.UniqueConstraint(fields=["municipality", "name"], name="map_layer_once")
        ]

    def __str__(self) -> str:
        return self.name
