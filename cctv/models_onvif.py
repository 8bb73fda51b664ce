"""Cameras that speak ONVIF: how they are reached, who holds their motors, what they report."""

from datetime import datetime

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cctv.choices import CameraEventKind, OnvifProfile, PtzEnd, PullState
from controlroom.municipalities.querysets import OwnedQuerySet
from controlroom.municipalities.roles import Right


class OnvifDeviceQuerySet(OwnedQuerySet):
    right = Right.REGISTER_MANAGE


class OnvifDevice(models.Model):
    """How one camera is spoken to. Address, name and password are encrypted, never shown."""

    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.PROTECT,
        related_name="+",
        verbose_name=_("municipality"),
    )
    camera = models.OneToOneField(
        "cctv.Camera", models.CASCADE, related_name="onvif", verbose_name=_("camera")
    )
    profile = models.CharField(
        _("ONVIF profile"),
        max_length=1,
        choices=OnvifProfile.choices,
        default=OnvifProfile.T,
        help_text=_("S only for cameras that do not know T; its support ends in March 2027"),
    )
    access_secret = models.BinaryField(editable=False)
    main_token = models.CharField(_("profile of the main stream"), max_length=64)
    sub_token = models.CharField(_("profile of the sub-stream"), max_length=64, blank=True)
    maker = models.CharField(_("maker"), max_length=80, blank=True)
    model = models.CharField(_("model"), max_length=80, blank=True)
    firmware = models.CharField(_("firmware"), max_length=80, blank=True)
    clock_offset_s = models.FloatField(_("its clock is ahead (s)"), default=0.0)
    examined_at = models.DateTimeField(_("examined"), default=timezone.now)
    has_ptz = models.BooleanField(_("can turn (PTZ)"), default=False)
    has_events = models.BooleanField(_("reports events"), default=False)
    has_snapshot = models.BooleanField(_("gives single pictures"), default=False)
    # Its ranges: {"pan": [low, high], "tilt": [...], "zoom": [...]}.
    limits = models.JSONField(_("limits of movement"), default=dict, editable=False)
    home_preset = models.CharField(
        _("preset to return to"),
        max_length=64,
        blank=True,
        help_text=_("empty: the camera's own home position"),
    )
    # How its numbers lie in the world, see cctv.onvif.aiming.
    zero_deg = models.FloatField(
        _("bearing at pan 0 (°)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(360)],
        help_text=_("empty: the camera cannot be turned to an incident"),
    )
    deg_per_pan = models.FloatField(_("degrees of one unit of pan"), default=180.0)
    level_tilt = models.FloatField(_("tilt that looks at the horizon"), default=0.0)
    deg_per_tilt = models.FloatField(_("degrees of one unit of tilt"), default=90.0)
    height_m = models.FloatField(
        _("height above ground (m)"), default=5.0, validators=[MinValueValidator(0.5)]
    )
    wide_deg = models.FloatField(
        _("widest field of view (°)"),
        default=60.0,
        validators=[MinValueValidator(1), MaxValueValidator(170)],
    )
    zoom_times = models.FloatField(
        _("optical zoom (times)"), default=20.0, validators=[MinValueValidator(1)]
    )
    pulls_events = models.BooleanField(_("ask it for events"), default=False)
    pull_state = models.CharField(
        _("asking for events"), max_length=10, choices=PullState.choices, default=PullState.OFF
    )
    pull_error = models.CharField(_("why not"), max_length=200, blank=True)
    pull_at = models.DateTimeField(_("last answer"), null=True, blank=True)

    objects = OnvifDeviceQuerySet.as_manager()

    class Meta:
        verbose_name = _("ONVIF camera")
        verbose_name_plural = _("ONVIF cameras")
        constraints = [
            models.CheckConstraint(
                condition=~Q(deg_per_pan=0) & ~Q(deg_per_tilt=0), name="onvif_scale_not_zero"
            )
        ]

    def __str__(self) -> str:
        return str(self.camera)


class PtzLockQuerySet(OwnedQuerySet):
    right = Right.RECORDS_READ


class PtzLock(models.Model):
    """Whose hand was on a camera's motors, for what, from when to when. Never deleted."""

    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    camera = models.ForeignKey(
        "cctv.Camera", models.PROTECT, related_name="ptz_locks", verbose_name=_("camera")
    )
    holder = models.ForeignKey(
        "accounts.User",
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("holder"),
    )
    # An agency's link lives above this app: its id and the name that it is told by.
    link_id = models.BigIntegerField(_("link"), null=True)
    agency = models.CharField(_("agency"), max_length=100, blank=True)
    # Who acts for the agency where it is no person known here, as the agency says.
    person = models.CharField(_("person of the agency"), max_length=60, blank=True)
    rank = models.PositiveSmallIntegerField(_("rank"))
    service = models.SlugField(_("service"), max_length=16)
    incident_id = models.UUIDField(_("incident"), null=True, db_index=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    began_at = models.DateTimeField(_("from"), default=timezone.now)
    until = models.DateTimeField(_("at the latest until"))
    # The hand must be heard of before then: a browser that died holds no camera for long.
    lease_until = models.DateTimeField(_("unless heard of until"))
    ended_at = models.DateTimeField(_("to"), null=True)
    end_reason = models.CharField(
        _("why it ended"), max_length=14, choices=PtzEnd.choices, blank=True
    )
    # A joystick speaks many times a second: its words are counted here, its acts are on record.
    commands = models.PositiveIntegerField(_("commands"), default=0)
    moves = models.PositiveIntegerField(_("moves"), default=0)
    presets = models.PositiveIntegerField(_("presets"), default=0)
    # The move that is under way, and when it must be stopped unless it is asked for again.
    move_began_at = models.DateTimeField(null=True)
    move_commands = models.PositiveIntegerField(default=0)
    stop_at = models.DateTimeField(null=True)
    # The camera owes its way home since then; every failed try waits longer.
    home_due_at = models.DateTimeField(null=True)
    home_tries = models.PositiveSmallIntegerField(default=0)

    objects = PtzLockQuerySet.as_manager()

    class Meta:
        ordering = ["-began_at", "-pk"]
        verbose_name = _("PTZ lock")
        verbose_name_plural = _("PTZ locks")
        constraints = [
            models.UniqueConstraint(
                fields=["camera"], condition=Q(ended_at__isnull=True), name="ptz_lock_once"
            ),
            models.CheckConstraint(
                condition=Q(holder__isnull=False) | Q(link_id__isnull=False),
                name="ptz_lock_has_holder",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end_reason="")
                | (Q(ended_at__isnull=False) & ~Q(end_reason="")),
                name="ptz_lock_end_has_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["until"], condition=Q(ended_at__isnull=True), name="ptz_open"),
            models.Index(fields=["stop_at"], condition=Q(stop_at__isnull=False), name="ptz_moving"),
            models.Index(
                fields=["home_due_at"], condition=Q(home_due_at__isnull=False), name="ptz_home_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M:%S} {self.agency or self.holder} → {self.camera_id}"

    @property
    def holder_name(self) -> str:
        """The person, or the agency and who acts for it."""
        person = str(self.holder) if self.holder else self.person
        return " · ".join(part for part in (self.agency, person) if part)

    def is_over(self, now: datetime) -> bool:
        return min(self.until, self.lease_until) <= now


class CameraEventQuerySet(OwnedQuerySet):
    right = Right.REGISTER_MANAGE


class CameraEvent(models.Model):
    """What a camera itself reported: only changes, newest first, for some weeks."""

    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    camera = models.ForeignKey(
        "cctv.Camera", models.CASCADE, related_name="events", verbose_name=_("camera")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=CameraEventKind.choices)
    source = models.CharField(_("part of the camera"), max_length=64, blank=True)
    is_on = models.BooleanField(_("began"))
    # By the camera's clock, corrected by what is known of it; and by ours.
    at = models.DateTimeField(_("time"))
    seen_at = models.DateTimeField(_("received"), default=timezone.now)

    objects = CameraEventQuerySet.as_manager()

    class Meta:
        ordering = ["-seen_at", "-pk"]
        verbose_name = _("event of a camera")
        verbose_name_plural = _("events of cameras")
        indexes = [
            models.Index(fields=["camera", "kind", "-seen_at"], name="camera_event_last"),
            models.Index(fields=["municipality", "-seen_at"], name="camera_event_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.kind} {'+' if self.is_on else '-'}"
