"""Screens on the wall of a centre: what each shows, and the key that its browser alone holds."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from controlroom.municipalities.querysets import OwnedQuerySet


class WallLayout(models.TextChoices):
    MAP = "map", pgettext_lazy("wall", "map with the incidents")
    BOARD = "board", pgettext_lazy("wall", "board of incidents")
    FIGURES = "figures", pgettext_lazy("wall", "figures of the day")


class WallScreen(models.Model):
    """A browser that shows and cannot do anything. Code and key are kept as hashes."""

    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.PROTECT,
        related_name="wall_screens",
        verbose_name=_("municipality"),
    )
    name = models.CharField(_("name"), max_length=60, help_text=_("where it hangs"))
    layout = models.CharField(
        _("layout"), max_length=8, choices=WallLayout.choices, default=WallLayout.MAP
    )
    camera_group = models.ForeignKey(
        "cctv.CameraGroup",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("camera group"),
        help_text=_("its cameras are shown in turns; empty: no pictures"),
    )
    days = models.PositiveSmallIntegerField(
        _("valid for (days)"), default=180, validators=[MinValueValidator(1)]
    )
    code_digest = models.CharField(max_length=64, blank=True, editable=False)
    code_expires_at = models.DateTimeField(null=True, editable=False)
    key_digest = models.CharField(max_length=64, blank=True, editable=False)
    key_expires_at = models.DateTimeField(_("valid until"), null=True, editable=False)
    registered_at = models.DateTimeField(_("registered"), default=timezone.now, editable=False)
    enrolled_at = models.DateTimeField(_("enrolled"), null=True, editable=False)
    last_seen_at = models.DateTimeField(_("last seen"), null=True, editable=False)
    retired_at = models.DateTimeField(_("retired"), null=True, editable=False)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["municipality", "name", "pk"]
        verbose_name = _("wall screen")
        verbose_name_plural = _("wall screens")
        constraints = [
            models.UniqueConstraint(
                fields=["code_digest"], condition=~Q(code_digest=""), name="screen_code_once"
            ),
            models.UniqueConstraint(
                fields=["key_digest"], condition=~Q(key_digest=""), name="screen_key_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name
