"""What video a link was given: one grant per camera and case, from when to when, on what basis."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from controlroom.municipalities.querysets import OwnedQuerySet


class GrantQuerySet(OwnedQuerySet):
    def in_force(self, now: datetime) -> Self:
        return self.filter(ended_at__isnull=True, expires_at__gt=now)


class GrantEnd(models.TextChoices):
    """Why a grant ended (domain.md 2.2, VideoSession)."""

    AGENCY_CLOSE = "agency_close", pgettext_lazy("grant", "closed by the agency")
    INCIDENT_CLOSED = "incident_closed", pgettext_lazy("grant", "the incident ended")
    TTL = "ttl", pgettext_lazy("grant", "its time ran out")
    REVOKED = "revoked", pgettext_lazy("grant", "withdrawn by the centre")


class StreamGrant(models.Model):
    """A link may see one camera for one case until it ends; what it watched is on record."""

    reference = models.UUIDField(_("reference"), unique=True, default=uuid.uuid4, editable=False)
    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    link = models.ForeignKey(
        "linkage.Link", models.PROTECT, related_name="grants", verbose_name=_("link")
    )
    incident = models.ForeignKey(
        "incidents.Incident", models.PROTECT, related_name="grants", verbose_name=_("incident")
    )
    case_number = models.CharField(_("agency's number"), max_length=60)
    camera = models.ForeignKey(
        "cctv.Camera", models.PROTECT, related_name="+", verbose_name=_("camera")
    )
    purpose = models.CharField(_("purpose"), max_length=20)
    basis = models.CharField(_("legal basis"), max_length=40)
    # The message that asked, as the agency named it.
    request_id = models.CharField(_("request"), max_length=80)
    granted_at = models.DateTimeField(_("granted"), default=timezone.now)
    expires_at = models.DateTimeField(_("ends at the latest"))
    extensions = models.JSONField(_("extensions"), default=list)
    ended_at = models.DateTimeField(_("ended"), null=True)
    end_reason = models.CharField(
        _("why it ended"), max_length=16, choices=GrantEnd.choices, blank=True
    )
    first_viewed_at = models.DateTimeField(_("first watched"), null=True)
    last_viewed_at = models.DateTimeField(_("last watched"), null=True)

    objects = GrantQuerySet.as_manager()

    class Meta:
        ordering = ["-granted_at", "-pk"]
        verbose_name = _("video grant")
        verbose_name_plural = _("video grants")
        constraints = [
            models.UniqueConstraint(
                fields=["link", "case_number", "camera"],
                condition=Q(ended_at__isnull=True),
                name="grant_open_once",
            )
        ]
        indexes = [
            models.Index(fields=["incident", "-granted_at"], name="grant_by_incident"),
            models.Index(
                fields=["expires_at"], condition=Q(ended_at__isnull=True), name="grant_open"
            ),
        ]

    def __str__(self) -> str:
        return str(self.reference)
