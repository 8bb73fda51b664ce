"""What is known of each camera's life: its condition now, its host, and its states over time."""

from typing import Any, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cctv.choices import Health, HostState
from controlroom.municipalities.querysets import OwnedQuerySet
from controlroom.municipalities.roles import Right


class ConditionQuerySet(OwnedQuerySet):
    right = Right.OPERATIONS_VIEW

    def untold(self) -> Self:
        """Keep what the journal has not been told of yet."""
        return self.exclude(told=F("version"))


class CameraCondition(models.Model):
    """One camera's condition. Changed only by the verbs of cctv.health.

    What is believed stands on the camera itself (health, health_at: since when); here is why, when
    it was looked at, what is suspected, and the few numbers that are normal for its picture.
    """

    camera = models.OneToOneField(
        "cctv.Camera", models.CASCADE, primary_key=True, related_name="condition"
    )
    municipality = models.ForeignKey(
        "municipalities.Municipality", models.CASCADE, related_name="+"
    )
    reason = models.CharField(_("reason"), max_length=32, blank=True)
    checked_at = models.DateTimeField(_("last checked"), null=True)
    picture_at = models.DateTimeField(_("last picture"), null=True)
    width = models.PositiveIntegerField(_("width (px)"), null=True)
    height = models.PositiveIntegerField(_("height (px)"), null=True)
    suspect = models.CharField(max_length=10, blank=True)
    suspect_since = models.DateTimeField(null=True)
    suspect_looks = models.PositiveSmallIntegerField(default=0)
    # Since when the camera itself reports tampering; until it or a person says that it is over.
    tampered_since = models.DateTimeField(_("tampering reported since"), null=True)
    # cctv.picture_judgement.Reference: numbers, and no picture.
    reference = models.JSONField(default=dict)
    # Keyed hash of host and port: groups cameras of one recorder without telling where it is.
    host_key = models.CharField(max_length=16, blank=True)
    next_probe_at = models.DateTimeField(null=True)
    clock_skew_ms = models.IntegerField(_("clock differs by (ms)"), null=True)
    clock_source = models.CharField(_("clock read from"), max_length=12, blank=True)
    clock_at = models.DateTimeField(_("clock read at"), null=True)
    clock_wrong_since = models.DateTimeField(_("clock wrong since"), null=True)
    clock_looks = models.PositiveSmallIntegerField(default=0)
    # Every change counts up; the journal was told of the change numbered `told`.
    version = models.PositiveIntegerField(default=0)
    told = models.PositiveIntegerField(default=0)

    objects = ConditionQuerySet.as_manager()

    class Meta:
        verbose_name = _("camera condition")
        verbose_name_plural = _("camera conditions")
        indexes = [
            models.Index(fields=["next_probe_at"], name="condition_due"),
            models.Index(
                fields=["municipality"], condition=~Q(told=F("version")), name="condition_untold"
            ),
            models.Index(fields=["host_key"], condition=~Q(host_key=""), name="condition_by_host"),
        ]

    def __str__(self) -> str:
        return f"{self.camera_id} {self.reason}".strip()


class CameraHost(models.Model):
    """A recorder or camera address whose cameras fail together; its name is not kept."""

    key = models.CharField(max_length=16)
    municipality = models.ForeignKey(
        "municipalities.Municipality", models.CASCADE, related_name="+"
    )
    state = models.CharField(
        _("state"), max_length=8, choices=HostState.choices, default=HostState.UP
    )
    since = models.DateTimeField(_("since"))
    checked_at = models.DateTimeField(_("last checked"))
    failed_looks = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(_("reason"), max_length=32, blank=True)

    class Meta:
        verbose_name = _("camera host")
        verbose_name_plural = _("camera hosts")
        constraints = [
            models.UniqueConstraint(fields=["municipality", "key"], name="camera_host_once")
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """Name it by its hash: enough to tell two apart."""
        return self.key[:6].upper()


class CameraInterval(models.Model):
    """A stretch of time in which a camera had one state; the open one has no end."""

    camera = models.ForeignKey("cctv.Camera", models.CASCADE, related_name="intervals")
    municipality = models.ForeignKey(
        "municipalities.Municipality", models.CASCADE, related_name="+"
    )
    state = models.CharField(_("state"), max_length=10, choices=Health.choices)
    began_at = models.DateTimeField(_("from"))
    ended_at = models.DateTimeField(_("to"), null=True)

    class Meta:
        verbose_name = _("state of a camera over time")
        verbose_name_plural = _("states of cameras over time")
        constraints = [
            models.UniqueConstraint(
                fields=["camera"], condition=Q(ended_at=None), name="interval_open_once"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("began_at")),
                name="interval_ends_after_it_began",
            ),
        ]
        indexes = [
            models.Index(fields=["municipality", "ended_at"], name="interval_by_end"),
            models.Index(fields=["camera", "began_at"], name="interval_by_camera"),
        ]

    def __str__(self) -> str:
        return f"{self.camera_id} {self.state} {self.began_at:%Y-%m-%d %H:%M}"


__all__: list[Any] = ["CameraCondition", "CameraHost", "CameraInterval"]
