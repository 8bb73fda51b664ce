"""Stills of a camera: one picture each, sealed, destroyed in time, and which link may fetch it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from controlroom.municipalities.querysets import OwnedQuerySet
from linkage.choices import LinkState


class StillQuerySet(OwnedQuerySet):
    def without_picture(self) -> Self:
        """Leave the picture where it is: lists need only what is known of it."""
        return self.defer("sealed")

    def overdue(self, now: datetime) -> Self:
        return self.filter(destroyed_at__isnull=True, kept_until__lte=now)


class Still(models.Model):
    """A picture taken for an incident. A trigger keeps it as it was until it is destroyed.

    What remains then is that it was: who took what when, and its hash.
    """

    reference = models.UUIDField(_("reference"), unique=True, default=uuid.uuid4, editable=False)
    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    incident = models.ForeignKey(
        "incidents.Incident", models.PROTECT, related_name="stills", verbose_name=_("incident")
    )
    camera = models.ForeignKey(
        "cctv.Camera", models.PROTECT, related_name="+", verbose_name=_("camera")
    )
    # The JPEG, sealed by controlroom.sealing; null: destroyed.
    sealed = models.BinaryField(null=True, editable=False)
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    size = models.PositiveIntegerField(_("bytes"))
    width = models.PositiveIntegerField(_("width"))
    height = models.PositiveIntegerField(_("height"))
    taken_at = models.DateTimeField(_("time of the picture"))
    taken_by = models.ForeignKey(
        "accounts.User", models.PROTECT, related_name="+", verbose_name=_("who")
    )
    kept_until = models.DateTimeField(_("kept until"))
    destroyed_at = models.DateTimeField(_("destroyed"), null=True)

    objects = StillQuerySet.as_manager()

    class Meta:
        ordering = ["-taken_at", "-pk"]
        verbose_name = _("still picture")
        verbose_name_plural = _("still pictures")
        constraints = [
            models.CheckConstraint(
                condition=Q(sealed__isnull=True) ^ Q(destroyed_at__isnull=True),
                name="still_or_destroyed",
            )
        ]
        indexes = [
            models.Index(
                fields=["kept_until"], condition=Q(destroyed_at__isnull=True), name="still_kept"
            ),
            models.Index(fields=["incident", "-taken_at"], name="still_by_incident"),
        ]

    def __str__(self) -> str:
        return str(self.reference)


class ReleaseQuerySet(OwnedQuerySet):
    def in_force(self, now: datetime) -> Self:
        return self.filter(
            available_until__gt=now, still__kept_until__gt=now, still__destroyed_at__isnull=True
        ).exclude(link__state=LinkState.SUSPENDED)

    def with_still(self) -> Self:
        """Join what is told of a release; the picture stays where it is."""
        return self.select_related(
            "still__camera__site",
            "still__incident",
            "still__taken_by",
            "link__agency",
            "link__legal_basis",
            "message",
        ).defer("still__sealed")


class StillRelease(models.Model):
    """A link may fetch a still for one of its cases until a time; what it fetched is on record."""

    still = models.ForeignKey(Still, models.PROTECT, related_name="releases")
    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    link = models.ForeignKey(
        "linkage.Link", models.PROTECT, related_name="stills", verbose_name=_("link")
    )
    # Of a report of ours: its own number, until the agency gives the case one.
    case_number = models.CharField(_("agency's number"), max_length=60)
    message = models.OneToOneField(
        "linkage.OutboxMessage", models.PROTECT, related_name="released", verbose_name=_("message")
    )
    text = models.CharField(_("text"), max_length=500, blank=True)
    released_at = models.DateTimeField(_("sent"), default=timezone.now)
    available_until = models.DateTimeField(_("to be fetched until"))
    first_viewed_at = models.DateTimeField(_("first fetched"), null=True)
    last_viewed_at = models.DateTimeField(_("last fetched"), null=True)

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        ordering = ["-released_at", "-pk"]
        verbose_name = _("still sent to an agency")
        verbose_name_plural = _("stills sent to agencies")
        indexes = [models.Index(fields=["link", "case_number"], name="release_by_case")]

    def __str__(self) -> str:
        return f"{self.still_id} → {self.link_id}"
