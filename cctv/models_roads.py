"""The road network of a municipality: nodes, and edges that go one way each."""

from __future__ import annotations

from django.contrib.gis.db import models
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from controlroom.municipalities.querysets import OwnedQuerySet
from controlroom.municipalities.roles import Right


class RoadQuerySet(OwnedQuerySet):
    right = Right.OPERATIONS_VIEW


class RoadClass(models.TextChoices):
    """How wide a way is, for those who must get a large vehicle through."""

    WIDE = "wide", pgettext_lazy("road", "wide")
    NORMAL = "normal", pgettext_lazy("road", "normal")
    NARROW = "narrow", pgettext_lazy("road", "narrow")


class RoadNetwork(models.Model):
    """Which network a municipality has; every change of its roads raises the version."""

    municipality = models.OneToOneField(
        "municipalities.Municipality",
        models.CASCADE,
        related_name="road_network",
        verbose_name=_("municipality"),
    )
    source = models.CharField(_("source"), max_length=200)
    data_date = models.DateField(_("date of the data"), null=True, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    # Junctions and traffic cost what a speed limit does not tell: an assumption, kept visible.
    engine_factor = models.FloatField(
        _("speed of engines"),
        default=0.7,
        validators=[MinValueValidator(0.1), MaxValueValidator(2)],
        help_text=_("mean speed of an engine as a share of the road's speed, junctions included"),
    )
    imported_at = models.DateTimeField(_("imported"), default=timezone.now, editable=False)

    objects = RoadQuerySet.as_manager()

    class Meta:
        ordering = ["municipality"]
        verbose_name = _("road network")
        verbose_name_plural = _("road networks")

    def __str__(self) -> str:
        return f"{self.source} v{self.version}"


class RoadNode(models.Model):
    """A junction or an end of a road."""

    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.CASCADE,
        related_name="+",
        verbose_name=_("municipality"),
    )
    ref = models.CharField(_("number in the source"), max_length=400)
    location = models.PointField(_("place"), geography=True)

    objects = RoadQuerySet.as_manager()

    class Meta:
        ordering = ["municipality", "ref"]
        verbose_name = _("road node")
        verbose_name_plural = _("road nodes")
        constraints = [
            models.UniqueConstraint(fields=["municipality", "ref"], name="road_node_once")
        ]

    def __str__(self) -> str:
        return self.ref


class RoadEdge(models.Model):
    """One direction of a road between two nodes."""

    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.CASCADE,
        related_name="+",
        verbose_name=_("municipality"),
    )
    ref = models.CharField(_("number in the source"), max_length=400)
    name = models.CharField(_("name"), max_length=100, blank=True)
    start = models.ForeignKey(
        RoadNode, models.CASCADE, related_name="edges_out", verbose_name=_("from node")
    )
    end = models.ForeignKey(
        RoadNode, models.CASCADE, related_name="edges_in", verbose_name=_("to node")
    )
    line = models.LineStringField(_("line"), geography=True)
    length_m = models.FloatField(_("length (m)"), validators=[MinValueValidator(0.1)])
    speed_kmh = models.FloatField(
        _("speed (km/h)"), validators=[MinValueValidator(1), MaxValueValidator(200)]
    )
    lanes = models.PositiveSmallIntegerField(_("lanes"), default=1)
    road_class = models.CharField(
        _("width"), max_length=6, choices=RoadClass.choices, default=RoadClass.NORMAL
    )
    is_blocked = models.BooleanField(
        _("blocked"), default=False, help_text=_("no route leads over it")
    )

    objects = RoadQuerySet.as_manager()

    class Meta:
        ordering = ["municipality", "ref"]
        verbose_name = _("road")
        verbose_name_plural = _("roads")
        constraints = [
            models.UniqueConstraint(fields=["municipality", "ref"], name="road_edge_once")
        ]

    def __str__(self) -> str:
        return self.name or self.ref
