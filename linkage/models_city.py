"""The city's own systems: traffic feeds and their cameras, emergency bells, level sensors."""

from __future__ import annotations

from typing import Self

from django.contrib.gis.db import models
from django.core.validators import MinValueValidator
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from controlroom.municipalities.querysets import OwnedQuerySet
from controlroom.municipalities.roles import Right


class FeedAdapter(models.TextChoices):
    """Keys of linkage.services.city.adapters.ADAPTERS."""

    ITS_EVENTS = "its_events", _("ITS eventInfo")
    ITS_CAMERAS = "its_cameras", _("ITS cctvInfo")
    UTIC_EVENTS = "utic_events", _("UTIC imsOpenData")


class EndedBy(models.TextChoices):
    OVER = "over", pgettext_lazy("traffic event", "its end time passed")
    DROPPED = "dropped", pgettext_lazy("traffic event", "the source lists it no more")


class FeedQuerySet(OwnedQuerySet):
    right = Right.LINKS_MANAGE


class Feed(models.Model):
    """A source that we ask every so often; what it says comes in by its link."""

    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.PROTECT,
        related_name="+",
        verbose_name=_("municipality"),
    )
    link = models.ForeignKey(
        "linkage.Link", models.PROTECT, related_name="feeds", verbose_name=_("link")
    )
    adapter = models.CharField(_("adapter"), max_length=20, choices=FeedAdapter.choices)
    url = models.URLField(
        _("address"), max_length=500, help_text=_("with its query, without the key")
    )
    key_parameter = models.CharField(
        _("name of the key's parameter"), max_length=30, blank=True, help_text="apiKey, key"
    )
    # The key that the source gave us, encrypted; it is never shown or logged.
    key = models.BinaryField(null=True, editable=False)
    allow_private_address = models.BooleanField(_("private address allowed"), default=False)
    interval_s = models.PositiveIntegerField(
        _("asked every (s)"), default=60, validators=[MinValueValidator(10)]
    )
    is_active = models.BooleanField(_("active"), default=True)
    next_poll_at = models.DateTimeField(_("next question"), default=timezone.now)
    polled_at = models.DateTimeField(_("last question"), null=True, editable=False)
    answered_at = models.DateTimeField(_("last good answer"), null=True, editable=False)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    last_error = models.CharField(_("last error"), max_length=300, blank=True, editable=False)
    # What the last good answer held: counts, and the first refused records with their reasons.
    last_result = models.JSONField(_("last result"), default=dict, editable=False)

    objects = FeedQuerySet.as_manager()

    class Meta:
        ordering = ["municipality", "link", "adapter"]
        verbose_name = _("feed")
        verbose_name_plural = _("feeds")
        constraints = [models.UniqueConstraint(fields=["link", "adapter"], name="feed_once")]

    def __str__(self) -> str:
        return f"{self.link} {self.adapter}"


class FeedItem(models.Model):
    """What we know of one event of a feed: which form of it we took in, and whether it stands."""

    feed = models.ForeignKey(Feed, models.CASCADE, related_name="items", verbose_name=_("feed"))
    source_id = models.CharField(_("number at the source"), max_length=60)
    version = models.PositiveIntegerField(_("version"), default=1)
    content_sha256 = models.CharField(max_length=64)
    updated_at = models.DateTimeField(_("changed at the source"), null=True)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True)
    first_seen_at = models.DateTimeField(_("first seen"), default=timezone.now)
    last_seen_at = models.DateTimeField(_("last seen"), default=timezone.now)
    # Good answers in a row that did not hold it.
    missed = models.PositiveSmallIntegerField(default=0)
    ended_at = models.DateTimeField(_("ended"), null=True)
    ended_by = models.CharField(
        _("why it ended"), max_length=8, choices=EndedBy.choices, blank=True
    )
    # Empty where the link's agreement does not cover the kind.
    incident = models.ForeignKey(
        "incidents.Incident",
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("incident"),
    )

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("traffic event")
        verbose_name_plural = _("traffic events")
        constraints = [models.UniqueConstraint(fields=["feed", "source_id"], name="feed_item_once")]
        indexes = [
            models.Index(fields=["feed"], condition=Q(ended_at=None), name="feed_item_standing")
        ]

    def __str__(self) -> str:
        return self.source_id


class TrafficCameraQuerySet(OwnedQuerySet):
    right = Right.OPERATIONS_VIEW

    def listed(self) -> Self:
        """Keep what its source lists, while the source is asked at all."""
        return self.filter(gone_at=None, feed__is_active=True)


class TrafficCamera(models.Model):
    """A road operator's camera. Its address expires, so it is asked for anew at every use.

    Its name and place are its identity: one that moves is another camera.
    """

    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.PROTECT,
        related_name="+",
        verbose_name=_("municipality"),
    )
    feed = models.ForeignKey(Feed, models.CASCADE, related_name="cameras", verbose_name=_("feed"))
    source_id = models.CharField(max_length=24)
    name = models.CharField(_("name"), max_length=120)
    location = models.PointField(_("place"), geography=True)
    picture_format = models.CharField(_("format"), max_length=20, blank=True)
    road_section = models.CharField(_("road section"), max_length=30, blank=True)
    seen_at = models.DateTimeField(_("last seen"), default=timezone.now)
    # By this borrowed camera it is watched, under the same rules and records as our own.
    camera = models.OneToOneField(
        "cctv.Camera", models.PROTECT, related_name="+", verbose_name=_("camera")
    )
    # Good answers in a row that did not hold it.
    missed = models.PositiveSmallIntegerField(default=0, editable=False)
    gone_at = models.DateTimeField(_("the source lists it no more"), null=True, blank=True)

    objects = TrafficCameraQuerySet.as_manager()

    class Meta:
        ordering = ["municipality", "name", "pk"]
        verbose_name = _("traffic camera")
        verbose_name_plural = _("traffic cameras")
        constraints = [
            models.UniqueConstraint(fields=["feed", "source_id"], name="traffic_camera_once")
        ]

    def __str__(self) -> str:
        return self.name


class BellQuerySet(OwnedQuerySet):
    right = Right.OPERATIONS_VIEW


class Bell(models.Model):
    """An emergency bell (안전비상벨) as its register describes it."""

    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.PROTECT,
        related_name="bells",
        verbose_name=_("municipality"),
    )
    # 관리번호: unique in the whole country.
    register_id = models.CharField(_("management number"), max_length=40)
    number = models.CharField(_("bell number"), max_length=60)
    purpose = models.CharField(_("purpose"), max_length=20, blank=True)
    place_kind = models.CharField(_("kind of place"), max_length=20, blank=True)
    place_text = models.CharField(_("place in words"), max_length=200, blank=True)
    road_address = models.CharField(_("road address"), max_length=200, blank=True)
    lot_address = models.CharField(_("lot address"), max_length=200, blank=True)
    location = models.PointField(_("place"), geography=True)
    # 단방향, 양방향, 미연계: whether the centre can speak back.
    connection = models.CharField(_("connection"), max_length=10, blank=True)
    police_linked = models.BooleanField(_("linked to the police"), default=False)
    guard_linked = models.BooleanField(_("linked to a security company"), default=False)
    office_linked = models.BooleanField(_("linked to a management office"), default=False)
    features = models.CharField(_("features"), max_length=60, blank=True)
    installed_year = models.PositiveSmallIntegerField(_("installed"), null=True, blank=True)
    inspected_on = models.DateField(_("last inspection"), null=True, blank=True)
    inspection_passed = models.BooleanField(_("inspection passed"), null=True, blank=True)
    managing_agency = models.CharField(_("managing agency"), max_length=80, blank=True)
    agency_phone = models.CharField(_("agency's telephone"), max_length=30, blank=True)
    data_date = models.DateField(_("date of the data"), null=True, blank=True)
    gone_at = models.DateTimeField(_("left the register"), null=True, blank=True)

    objects = BellQuerySet.as_manager()

    class Meta:
        ordering = ["municipality", "number"]
        verbose_name = _("emergency bell")
        verbose_name_plural = _("emergency bells")
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "register_id"], name="bell_once_per_register"
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.place_text}".strip()


class BellPress(models.Model):
    """One press of a bell and the incident that it opened; what it was is the incident's result."""

    bell = models.ForeignKey(
        Bell, models.PROTECT, related_name="presses", verbose_name=_("emergency bell")
    )
    incident = models.OneToOneField(
        "incidents.Incident", models.PROTECT, related_name="+", verbose_name=_("incident")
    )
    pressed_at = models.DateTimeField(_("pressed"))

    class Meta:
        ordering = ["-pressed_at", "-pk"]
        verbose_name = _("press of a bell")
        verbose_name_plural = _("presses of bells")

    def __str__(self) -> str:
        return f"{self.bell_id} {self.pressed_at:%Y-%m-%d %H:%M:%S}"


class SensorKind(models.TextChoices):
    WATER_LEVEL = "water_level", pgettext_lazy("sensor", "water level")
    SLOPE = "slope", pgettext_lazy("sensor", "slope")


class Sensor(models.Model):
    """What measures a level somewhere, and at which values that becomes an event."""

    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.PROTECT,
        related_name="sensors",
        verbose_name=_("municipality"),
    )
    link = models.ForeignKey(
        "linkage.Link", models.PROTECT, related_name="sensors", verbose_name=_("link")
    )
    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind of sensor"), max_length=12, choices=SensorKind.choices)
    unit = models.CharField(_("unit"), max_length=10, help_text="m, mm, °")
    location = models.PointField(_("place"), geography=True)
    address = models.CharField(_("address"), max_length=200, blank=True)
    # From 관심 to 심각; an empty one is not used. Rising values, see SensorForm.
    attention_from = models.FloatField(_("attention from"), null=True, blank=True)
    caution_from = models.FloatField(_("caution from"), null=True, blank=True)
    alert_from = models.FloatField(_("alert from"), null=True, blank=True)
    severe_from = models.FloatField(_("severe from"), null=True, blank=True)
    hysteresis = models.FloatField(
        _("hysteresis"),
        default=0,
        validators=[MinValueValidator(0)],
        help_text=_("how far below a threshold the value must fall before the level ends"),
    )
    stale_after_s = models.PositiveIntegerField(
        _("silent after (s)"), default=600, validators=[MinValueValidator(10)]
    )
    is_active = models.BooleanField(_("active"), default=True)
    # 0 is none of them; changed only by linkage.services.city.sensors.
    level = models.PositiveSmallIntegerField(_("level"), default=0, editable=False)
    value = models.FloatField(_("value"), null=True, editable=False)
    measured_at = models.DateTimeField(_("measured"), null=True, editable=False)
    # How many times it crossed from no level to one: names the case of that event.
    episode = models.PositiveIntegerField(default=0, editable=False)
    episode_version = models.PositiveIntegerField(default=0, editable=False)
    incident = models.ForeignKey(
        "incidents.Incident", models.PROTECT, null=True, related_name="+", editable=False
    )

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["municipality", "code"]
        verbose_name = _("level sensor")
        verbose_name_plural = _("level sensors")
        constraints = [models.UniqueConstraint(fields=["link", "code"], name="sensor_code_once")]

    def __str__(self) -> str:
        return self.name


class SensorReading(models.Model):
    """One measured value, once per sensor and time."""

    sensor = models.ForeignKey(
        Sensor, models.CASCADE, related_name="readings", verbose_name=_("level sensor")
    )
    at = models.DateTimeField(_("measured"))
    value = models.FloatField(_("value"))
    level = models.PositiveSmallIntegerField(_("level"), default=0)
    received_at = models.DateTimeField(_("received"), default=timezone.now)

    class Meta:
        ordering = ["sensor", "-at"]
        verbose_name = _("reading of a sensor")
        verbose_name_plural = _("readings of sensors")
        constraints = [models.UniqueConstraint(fields=["sensor", "at"], name="reading_once")]

    def __str__(self) -> str:
        return f"{self.sensor_id} {self.at:%Y-%m-%d %H:%M:%S} {self.value:g}"
