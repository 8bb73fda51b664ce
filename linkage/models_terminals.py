"""Police work terminals, and the cases that a 112 room shares with them.

Source: domain.md 3.2 (only police work terminals; bound to case and device; revoked).
"""

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


class Terminal(models.Model):
    """One work terminal of an agency's link; it is known by a key that its browser alone holds.

    Code and key are kept as hashes. A retired terminal stays on record; its number may be
    registered anew, as another terminal.
    """

    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    link = models.ForeignKey(
        "linkage.Link", models.PROTECT, related_name="terminals", verbose_name=_("link")
    )
    number = models.CharField(_("terminal number"), max_length=40)
    call_sign = models.CharField(_("call sign"), max_length=30)
    # Until the terminal's browser has used it: the code for enrolling, once.
    code_digest = models.CharField(max_length=64, blank=True, editable=False)
    code_expires_at = models.DateTimeField(null=True, editable=False)
    key_digest = models.CharField(max_length=64, blank=True, editable=False)
    registered_at = models.DateTimeField(_("registered"), default=timezone.now)
    enrolled_at = models.DateTimeField(_("enrolled"), null=True)
    last_seen_at = models.DateTimeField(_("last seen"), null=True)
    retired_at = models.DateTimeField(_("retired"), null=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["link", "number", "-pk"]
        verbose_name = _("police terminal")
        verbose_name_plural = _("police terminals")
        constraints = [
            models.UniqueConstraint(
                fields=["link", "number"], condition=Q(retired_at=None), name="terminal_once"
            ),
            models.UniqueConstraint(
                fields=["code_digest"], condition=~Q(code_digest=""), name="terminal_code_once"
            ),
            models.UniqueConstraint(
                fields=["key_digest"], condition=~Q(key_digest=""), name="terminal_key_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} · {self.call_sign}"


class ShareEnd(models.TextChoices):
    """Why a shared case is no longer on the terminal."""

    AGENCY_CLOSE = "agency_close", pgettext_lazy("share", "closed by the 112 room")
    TAKEN_BACK = "taken_back", pgettext_lazy("share", "taken back by the 112 room")
    UNIT_LEFT = "unit_left", pgettext_lazy("share", "the unit left the case")
    INCIDENT_ENDED = "incident_ended", pgettext_lazy("share", "the incident ended")
    EXPIRED = "expired", pgettext_lazy("share", "its time ran out")
    REVOKED = "revoked", pgettext_lazy("share", "withdrawn by the centre")
    REPLACED = "replaced", pgettext_lazy("share", "another case was shared with the terminal")
    TERMINAL = "terminal", pgettext_lazy("share", "the terminal was retired or enrolled anew")
    LINK_STOPPED = "link_stopped", pgettext_lazy("share", "the link or its legal basis ended")


class ShareQuerySet(OwnedQuerySet):
    def open(self) -> Self:
        return self.filter(ended_at=None)

    def overdue(self, now: datetime) -> Self:
        return self.open().filter(expires_at__lte=now)


class TerminalShare(models.Model):
    """One case on one terminal, for the unit that drives it: from when to when, and why no more."""

    reference = models.UUIDField(_("reference"), unique=True, default=uuid.uuid4, editable=False)
    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    link = models.ForeignKey(
        "linkage.Link", models.PROTECT, related_name="shares", verbose_name=_("link")
    )
    terminal = models.ForeignKey(
        Terminal, models.PROTECT, related_name="shares", verbose_name=_("police terminal")
    )
    incident = models.ForeignKey(
        "incidents.Incident", models.PROTECT, related_name="shares", verbose_name=_("incident")
    )
    case_number = models.CharField(_("agency's number"), max_length=60)
    unit = models.CharField(_("call sign of the unit"), max_length=30)
    given_at = models.DateTimeField(_("shared"), default=timezone.now)
    expires_at = models.DateTimeField(_("ends at the latest"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    end_reason = models.CharField(
        _("why it ended"), max_length=16, choices=ShareEnd.choices, blank=True
    )
    opened_at = models.DateTimeField(_("first opened"), null=True)
    last_seen_at = models.DateTimeField(_("last seen"), null=True)

    objects = ShareQuerySet.as_manager()

    class Meta:
        ordering = ["-given_at", "-pk"]
        verbose_name = _("case on a terminal")
        verbose_name_plural = _("cases on terminals")
        constraints = [
            # One case at a time on one screen.
            models.UniqueConstraint(
                fields=["terminal"], condition=Q(ended_at=None), name="share_open_once"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, end_reason="")
                | (Q(ended_at__isnull=False) & ~Q(end_reason="")),
                name="share_end_has_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["incident", "-given_at"], name="share_by_incident"),
            models.Index(
                fields=["expires_at"], condition=Q(ended_at__isnull=True), name="share_open"
            ),
        ]

    def __str__(self) -> str:
        return str(self.reference)


class ShareView(models.Model):
    """That a terminal was sent live pictures of a camera; written before the first byte."""

    share = models.ForeignKey(TerminalShare, models.PROTECT, related_name="views")
    camera = models.ForeignKey("cctv.Camera", models.PROTECT, related_name="+")
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["share", "camera"], name="share_view_once"),
        ]

    def __str__(self) -> str:
        return f"{self.share_id} {self.camera_id}"
