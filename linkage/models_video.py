"""What video a link was given or asks for: grants by camera and case, requests that wait."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from controlroom.municipalities.querysets import OwnedQuerySet
from linkage.policy import words


class GrantQuerySet(OwnedQuerySet):
    def in_force(self, now: datetime) -> Self:
        return self.filter(ended_at__isnull=True, expires_at__gt=now)


class GrantEnd(models.TextChoices):
    """Why a grant ended (domain.md 2.2, VideoSession)."""

    AGENCY_CLOSE = "agency_close", pgettext_lazy("grant", "closed by the agency")
    INCIDENT_CLOSED = "incident_closed", pgettext_lazy("grant", "the incident ended")
    TTL = "ttl", pgettext_lazy("grant", "its time ran out")
    REVOKED = "revoked", pgettext_lazy("grant", "withdrawn by the centre")
    SOURCE_LOST = "source_lost", pgettext_lazy("grant", "the camera gives no picture")
    LINK_SUSPENDED = "link_suspended", pgettext_lazy("grant", "the link was suspended")
    BASIS_LOST = "basis_lost", pgettext_lazy("grant", "the legal basis carries no video any more")
    PLACE_MOVED = "place_moved", pgettext_lazy("grant", "the place moved away from the camera")


class Trigger(models.TextChoices):
    REQUEST = words.Trigger.REQUEST.value, pgettext_lazy("grant", "asked for by the agency")
    AUTOMATIC = words.Trigger.AUTOMATIC.value, pgettext_lazy("grant", "automatic")
    OPERATOR = words.Trigger.OPERATOR.value, pgettext_lazy("grant", "by the operator")


class Access(models.TextChoices):
    LIVE = words.Access.LIVE.value, pgettext_lazy("grant", "live")
    RECORDED = words.Access.RECORDED.value, pgettext_lazy("grant", "recorded")
    PTZ = words.Access.PTZ.value, pgettext_lazy("grant", "turning the camera")


def live() -> list[str]:
    return [words.Access.LIVE.value]


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
    rights = ArrayField(
        models.CharField(max_length=8, choices=Access.choices),
        verbose_name=_("rights"),
        default=live,
    )
    trigger = models.CharField(
        _("set off by"), max_length=10, choices=Trigger.choices, default=Trigger.REQUEST
    )
    given_by = models.ForeignKey(
        "accounts.User",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("given by"),
    )
    # Around the incident's place, wherever it moves; empty: this camera and no other.
    radius_m = models.FloatField(_("around the place (m)"), null=True, blank=True)
    # The message that asked, as the agency named it; empty: nobody asked.
    request_id = models.CharField(_("request"), max_length=80, blank=True)
    granted_at = models.DateTimeField(_("granted"), default=timezone.now)
    expires_at = models.DateTimeField(_("ends at the latest"))
    # With every extension; the policy of the day when it was given.
    not_after = models.DateTimeField(_("never beyond"))
    extensions = models.JSONField(_("extensions"), default=list)
    ended_at = models.DateTimeField(_("ended"), null=True)
    end_reason = models.CharField(
        _("why it ended"), max_length=16, choices=GrantEnd.choices, blank=True
    )
    end_text = models.CharField(_("reason given"), max_length=300, blank=True)
    # Since when its camera gives no picture, as its health was last told.
    source_lost_at = models.DateTimeField(_("without a picture since"), null=True)
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
            ),
            # Without a purpose, a basis, a right and a clock there is no grant; without an open
            # incident neither, which triggers hold (migration 0038).
            models.CheckConstraint(
                condition=~Q(purpose="") & ~Q(basis="") & ~Q(case_number="") & Q(rights__len__gt=0),
                name="grant_has_purpose_and_basis",
            ),
            models.CheckConstraint(
                condition=Q(rights__contained_by=[one.value for one in words.Access]),
                name="grant_rights_known",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__lte=F("not_after")),
                name="grant_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, end_reason="")
                | (Q(ended_at__isnull=False) & ~Q(end_reason="")),
                name="grant_end_has_reason",
            ),
            models.CheckConstraint(
                condition=~Q(trigger=Trigger.OPERATOR) | Q(given_by__isnull=False),
                name="grant_operator_is_named",
            ),
        ]
        indexes = [
            models.Index(fields=["incident", "-granted_at"], name="grant_by_incident"),
            models.Index(
                fields=["expires_at"], condition=Q(ended_at__isnull=True), name="grant_open"
            ),
        ]

    def __str__(self) -> str:
        return str(self.reference)


class RequestState(models.TextChoices):
    """What became of a request that waited for a person's word."""

    PENDING = "pending", pgettext_lazy("video request", "waits for your word")
    ALLOWED = "allowed", pgettext_lazy("video request", "allowed")
    REFUSED = "refused", pgettext_lazy("video request", "refused")
    LAPSED = "lapsed", pgettext_lazy("video request", "nobody answered in time")
    # The case, its incident or the link ended first.
    OVER = "over", pgettext_lazy("video request", "over before it was answered")


class VideoRequest(models.Model):
    """A request for video that the policy leaves to a person's word; nobody's silence allows it."""

    reference = models.UUIDField(_("reference"), unique=True, default=uuid.uuid4, editable=False)
    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    link = models.ForeignKey(
        "linkage.Link", models.PROTECT, related_name="video_requests", verbose_name=_("link")
    )
    incident = models.ForeignKey(
        "incidents.Incident",
        models.PROTECT,
        related_name="video_requests",
        verbose_name=_("incident"),
    )
    case_number = models.CharField(_("agency's number"), max_length=60)
    request_id = models.CharField(_("request"), max_length=80)
    purpose = models.CharField(_("purpose"), max_length=20)
    basis = models.CharField(_("legal basis"), max_length=40)
    ground = models.CharField(_("ground"), max_length=20, blank=True)
    access = models.CharField(_("right"), max_length=8, choices=Access.choices, default=Access.LIVE)
    cameras = ArrayField(models.BigIntegerField(), verbose_name=_("cameras"))
    minutes = models.PositiveIntegerField(_("minutes"), null=True)
    # Why a grant held must last longer; empty: it is no extension.
    extension = models.CharField(_("reason of the extension"), max_length=200, blank=True)
    # The row of the policy that left it to a person.
    policy_row = models.CharField(_("row of the policy"), max_length=40)
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    answer_by = models.DateTimeField(_("to be answered by"))
    state = models.CharField(
        _("state"), max_length=8, choices=RequestState.choices, default=RequestState.PENDING
    )
    answered_at = models.DateTimeField(_("answered"), null=True)
    answered_by = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, related_name="+", verbose_name=_("answered by")
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    rule = models.CharField(_("rule"), max_length=32, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "-pk"]
        verbose_name = _("request for video")
        verbose_name_plural = _("requests for video")
        constraints = [
            models.UniqueConstraint(
                fields=["link", "request_id", "incident"], name="video_request_once"
            ),
            models.CheckConstraint(
                condition=~Q(purpose="") & ~Q(basis="") & Q(cameras__len__gt=0),
                name="video_request_has_purpose_and_basis",
            ),
            models.CheckConstraint(
                condition=Q(state=RequestState.PENDING, answered_at=None)
                | (~Q(state=RequestState.PENDING) & Q(answered_at__isnull=False)),
                name="video_request_answered",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[RequestState.ALLOWED, RequestState.REFUSED])
                | Q(answered_by__isnull=False),
                name="video_request_by_a_person",
            ),
        ]
        indexes = [
            models.Index(fields=["incident", "-asked_at"], name="video_request_by_incident"),
            models.Index(
                fields=["answer_by"], condition=Q(state="pending"), name="video_request_pending"
            ),
        ]

    def __str__(self) -> str:
        return str(self.reference)
