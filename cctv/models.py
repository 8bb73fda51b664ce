"""The camera register: a site (pole) holds cameras; only the site has a place."""

from django.contrib.gis.db import models
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cctv.choices import Health, Purpose, SourceKind
from cctv.models_imports import ImportBatch, ImportChange, ImportRow, ImportScope, StagedRow
from cctv.models_policy import CameraPolicy
from cctv.models_recordings import LegalHold, Playback, RecordingPart, RecordingPolicy
from cctv.models_roads import RoadEdge, RoadNetwork, RoadNode
from cctv.models_video import VideoTicket, ViewRecord
from cctv.querysets import CameraQuerySet, SiteQuerySet


class Site(models.Model):
    """A pole or wall: one row of 전국CCTV표준데이터."""

    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.PROTECT,
        related_name="sites",
        verbose_name=_("municipality"),
    )
    register_id = models.CharField(_("management number"), max_length=60, blank=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    managing_agency = models.CharField(_("managing agency"), max_length=100, blank=True)
    road_address = models.CharField(_("road address"), max_length=200, blank=True)
    lot_address = models.CharField(_("lot address"), max_length=200, blank=True)
    purpose = models.CharField(
        _("purpose"), max_length=12, choices=Purpose.choices, default=Purpose.OTHER
    )
    location = models.PointField(_("place"), geography=True)
    camera_count = models.PositiveSmallIntegerField(_("number of cameras"), default=1)
    pixels_10k = models.PositiveIntegerField(_("pixels (10,000)"), null=True, blank=True)
    direction_text = models.CharField(_("direction as registered"), max_length=200, blank=True)
    retention_days = models.PositiveIntegerField(_("retention (days)"), null=True, blank=True)
    installed_month = models.DateField(_("installed (month)"), null=True, blank=True)
    phone = models.CharField(_("agency telephone"), max_length=40, blank=True)
    data_date = models.DateField(_("date of the data"), null=True, blank=True)
    # The register row this site came from: its fuzzy key, and a hash of all it said.
    match_key = models.CharField(max_length=32, blank=True, editable=False)
    source_hash = models.CharField(max_length=32, blank=True, editable=False)
    gone_at = models.DateTimeField(_("gone from the register"), null=True, blank=True)
    # Another operator's pole: watched under our rules, but in no register or choice of ours.
    is_borrowed = models.BooleanField(
        _("of another operator"), default=False, db_default=False, editable=False
    )
    updated_at = models.DateTimeField(_("last changed"), auto_now=True)

    objects = SiteQuerySet.as_manager()

    class Meta:
        verbose_name = _("camera site")
        verbose_name_plural = _("camera sites")
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "register_id"],
                condition=~Q(register_id=""),
                name="site_register_id_once",
            )
        ]

    def __str__(self) -> str:
        return self.name or self.road_address or self.lot_address or self.register_id


class Camera(models.Model):
    """One camera on a site. Its source address is encrypted and never shown or logged."""

    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.PROTECT,
        related_name="cameras",
        verbose_name=_("municipality"),
    )
    # Not indexed by itself: the index of camera_position_once begins with the site.
    site = models.ForeignKey(
        Site, models.CASCADE, related_name="cameras", db_index=False, verbose_name=_("camera site")
    )
    position = models.PositiveSmallIntegerField(_("number on the site"), default=1)
    name = models.CharField(_("name"), max_length=120, blank=True)
    bearing_deg = models.FloatField(
        _("bearing (°)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(360)],
        help_text=_("clockwise from north; empty means unknown"),
    )
    field_of_view_deg = models.FloatField(
        _("field of view (°)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(360)],
        help_text=_("360 means all round; empty means unknown"),
    )
    health = models.CharField(
        _("health"), max_length=10, choices=Health.choices, default=Health.UNKNOWN
    )
    health_at = models.DateTimeField(_("health seen at"), null=True, blank=True)
    source_kind = models.CharField(
        _("video source"), max_length=10, choices=SourceKind.choices, default=SourceKind.NONE
    )
    source_secret = models.BinaryField(null=True, editable=False)
    gone_at = models.DateTimeField(_("gone from the register"), null=True, blank=True)

    objects = CameraQuerySet.as_manager()

    class Meta:
        ordering = ["site", "position"]
        verbose_name = _("camera")
        verbose_name_plural = _("cameras")
        constraints = [
            models.UniqueConstraint(fields=["site", "position"], name="camera_position_once"),
            models.CheckConstraint(
                condition=Q(bearing_deg__isnull=True) | Q(bearing_deg__range=(0, 360)),
                name="camera_bearing_in_circle",
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.site} #{self.position}"


__all__ = [
    "Camera",
    "CameraPolicy",
    "ImportBatch",
    "ImportChange",
    "ImportRow",
    "ImportScope",
    "LegalHold",
    "Playback",
    "RecordingPart",
    "RecordingPolicy",
    "RoadEdge",
    "RoadNetwork",
    "RoadNode",
    "Site",
    "StagedRow",
    "VideoTicket",
    "ViewRecord",
]
