"""What is recorded, for how long, and what must stay: policies, parts of recordings, holds."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cctv.choices import PartEnd, Purpose
from controlroom.municipalities.querysets import OwnedQuerySet
from controlroom.municipalities.roles import Right

# 표준 개인정보 보호지침 제41조: thirty days where the purpose does not need another time.
USUAL_HOURS = 30 * 24
LONGEST_HOURS = 365 * 24


class RecordingPolicyQuerySet(OwnedQuerySet):
    right = Right.POLICY_MANAGE


class RecordingPolicy(models.Model):
    """A city's word on recording: of one purpose of its cameras, or of one camera. Default: none.

    The word on the camera itself counts before that on its purpose.
    """

    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.CASCADE,
        related_name="recording_policies",
        verbose_name=_("municipality"),
    )
    purpose = models.CharField(_("purpose"), max_length=12, choices=Purpose.choices, blank=True)
    camera = models.ForeignKey(
        "cctv.Camera",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("camera"),
    )
    is_on = models.BooleanField(_("record"), default=False)
    retention_hours = models.PositiveIntegerField(
        _("kept for (hours)"),
        default=USUAL_HOURS,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_HOURS)],
        help_text=_("720 is the usual limit of 30 days"),
    )
    basis = models.CharField(
        _("legal basis"), max_length=200, help_text=_("the law, agreement or decision behind it")
    )
    # Beyond the usual time it must be said why so long.
    justification = models.CharField(
        _("why longer than 30 days"), max_length=300, blank=True, default=""
    )

    objects = RecordingPolicyQuerySet.as_manager()

    class Meta:
        ordering = ["municipality", "purpose", "camera"]
        verbose_name = _("recording policy")
        verbose_name_plural = _("recording policies")
        constraints = [
            models.CheckConstraint(
                condition=Q(purpose="", camera__isnull=False) | (~Q(purpose="") & Q(camera=None)),
                name="recording_policy_of_one",
                violation_error_message=_("name a purpose or a camera, not both"),
            ),
            models.UniqueConstraint(
                fields=["municipality", "purpose"],
                condition=Q(camera=None),
                name="recording_policy_once_a_purpose",
            ),
            models.UniqueConstraint(
                fields=["camera"],
                condition=Q(camera__isnull=False),
                name="recording_policy_once_a_camera",
            ),
            models.CheckConstraint(condition=~Q(basis=""), name="recording_policy_has_basis"),
            models.CheckConstraint(
                condition=Q(retention_hours__range=(1, LONGEST_HOURS)),
                name="recording_policy_hours",
            ),
            models.CheckConstraint(
                condition=Q(retention_hours__lte=USUAL_HOURS) | ~Q(justification=""),
                name="recording_policy_long_has_why",
                violation_error_message=_("more than 720 hours need a reason"),
            ),
        ]

    def __str__(self) -> str:
        return str(self.camera) if self.camera_id else self.get_purpose_display()


class RecordingPartQuerySet(OwnedQuerySet):
    right = Right.VIDEO_WATCH

    def touching(self, camera_id: int, since: datetime, until: datetime) -> Self:
        """Keep the parts of a camera that may hold something of a period, as recorded."""
        within = Q(began_at__lt=until) & (Q(ended_at=None) | Q(ended_at__gt=since))
        return self.filter(within, camera_id=camera_id).order_by("pk")

    def held(self, now: datetime) -> Self:
        """Keep what lies under a legal hold."""
        return self.filter(models.Exists(LegalHold.objects.covering_part(now)))

    def free(self, now: datetime) -> Self:
        """Leave out what lies under a legal hold."""
        return self.filter(~models.Exists(LegalHold.objects.covering_part(now)))


class RecordingPart(models.Model):
    """One file of a recording, about a minute of one camera. The row holds its only key.

    The row is committed before the file's first byte, and deleted before the file is: what has no
    row cannot be read by anybody.
    """

    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    camera = models.ForeignKey(
        "cctv.Camera",
        models.PROTECT,
        related_name="recording_parts",
        db_index=False,
        verbose_name=_("camera"),
    )
    name = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    # Of the relay: pieces of another run have other times in them.
    run = models.CharField(max_length=8, editable=False)
    # The file's own key, encrypted with settings.RECORDING_KEYS.
    sealed_key = models.BinaryField(editable=False)
    began_at = models.DateTimeField(_("from"))
    # Null while it is being written; the file itself says how far it has come.
    ended_at = models.DateTimeField(_("to"), null=True)
    end = models.CharField(_("why it ended"), max_length=10, choices=PartEnd.choices, blank=True)
    bytes = models.BigIntegerField(_("bytes"), default=0)
    # As the policy stood at the time; a shorter policy of today counts, a longer one does not.
    keep_until = models.DateTimeField(_("kept until"), db_index=True)

    objects = RecordingPartQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("part of a recording")
        verbose_name_plural = _("parts of recordings")
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None, end="") | (Q(ended_at__isnull=False) & ~Q(end="")),
                name="part_end_has_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["camera", "began_at"], name="part_by_time"),
            models.Index(fields=["began_at"], name="part_oldest"),
            models.Index(fields=["camera"], condition=Q(ended_at=None), name="part_open"),
        ]

    def __str__(self) -> str:
        return f"{self.camera_id} {self.began_at:%Y-%m-%d %H:%M:%S}"


class LegalHoldQuerySet(OwnedQuerySet):
    right = Right.POLICY_MANAGE

    def in_force(self, now: datetime) -> Self:
        return self.filter(released_at=None, kept_until__gt=now)

    def covering_part(self, now: datetime) -> Self:
        """Keep the holds that cover the finished part of the query around this one."""
        return self.in_force(now).filter(
            until__gt=models.OuterRef("began_at"),
            since__lt=models.OuterRef("ended_at"),
            camera_id=models.OuterRef("camera_id"),
        )


class LegalHold(models.Model):
    """A period of one camera that no retention and no full disk destroys. Never deleted."""

    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    camera = models.ForeignKey(
        "cctv.Camera", models.PROTECT, related_name="legal_holds", verbose_name=_("camera")
    )
    since = models.DateTimeField(_("from"))
    until = models.DateTimeField(_("to"))
    kept_until = models.DateTimeField(_("held until"))
    reason = models.CharField(_("reason"), max_length=300)
    letter_number = models.CharField(_("number of the letter"), max_length=60)
    placed_by = models.ForeignKey(
        "accounts.User", models.PROTECT, related_name="+", verbose_name=_("placed by")
    )
    placed_at = models.DateTimeField(_("placed"), default=timezone.now)
    released_by = models.ForeignKey(
        "accounts.User",
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("released by"),
    )
    released_at = models.DateTimeField(_("released"), null=True)
    release_reason = models.CharField(_("why released"), max_length=300, blank=True)

    objects = LegalHoldQuerySet.as_manager()

    class Meta:
        ordering = ["-placed_at", "-pk"]
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        constraints = [
            models.CheckConstraint(condition=Q(since__lt=F("until")), name="hold_period"),
            models.CheckConstraint(
                condition=~Q(reason="") & ~Q(letter_number=""), name="hold_has_reason"
            ),
            models.CheckConstraint(
                condition=Q(released_at=None, released_by=None)
                | (
                    Q(released_at__isnull=False)
                    & Q(released_by__isnull=False)
                    & ~Q(released_by=F("placed_by"))
                ),
                name="hold_released_by_another",
            ),
        ]
        indexes = [
            models.Index(
                fields=["camera"], condition=Q(released_at=None), name="hold_in_force_by_camera"
            )
        ]

    def __str__(self) -> str:
        return f"{self.letter_number} {self.camera_id}"


class Playback(models.Model):
    """What a ticket for recorded video opens: a period, and nothing live."""

    ticket = models.OneToOneField("cctv.VideoTicket", models.CASCADE, related_name="playback")
    since = models.DateTimeField()
    until = models.DateTimeField()

    objects: models.Manager[Any] = models.Manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(since__lt=F("until")), name="playback_period")
        ]

    def __str__(self) -> str:
        return f"{self.since:%Y-%m-%d %H:%M:%S} – {self.until:%H:%M:%S}"
