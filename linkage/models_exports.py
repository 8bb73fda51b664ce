"""Requests for recorded video, their films, to whom they were released and who looked at them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from controlroom.municipalities.querysets import OwnedQuerySet
from controlroom.municipalities.roles import Right
from linkage.choices import AgencyKind
from linkage.exports.states import OVER, WORKING, State


class ExportState(models.TextChoices):
    DRAFT = State.DRAFT.value, pgettext_lazy("export", "draft")
    SUBMITTED = State.SUBMITTED.value, pgettext_lazy("export", "submitted")
    REVIEWED = State.REVIEWED.value, pgettext_lazy("export", "reviewed")
    APPROVED = State.APPROVED.value, pgettext_lazy("export", "approved")
    EXTRACTING = State.EXTRACTING.value, pgettext_lazy("export", "being extracted")
    FAILED = State.FAILED.value, pgettext_lazy("export", "extraction failed")
    EXTRACTED = State.EXTRACTED.value, pgettext_lazy("export", "to be masked")
    MASKING = State.MASKING.value, pgettext_lazy("export", "being masked")
    MASKED = State.MASKED.value, pgettext_lazy("export", "masked")
    RELEASED = State.RELEASED.value, pgettext_lazy("export", "released")
    EXPIRED = State.EXPIRED.value, pgettext_lazy("export", "expired")
    DESTROYED = State.DESTROYED.value, pgettext_lazy("export", "destroyed")
    REJECTED = State.REJECTED.value, pgettext_lazy("export", "rejected")
    LAPSED = State.LAPSED.value, pgettext_lazy("export", "lapsed")
    WITHDRAWN = State.WITHDRAWN.value, pgettext_lazy("export", "withdrawn")


class ExportQuerySet(OwnedQuerySet):
    right = Right.EXPORT_DRAFT

    def visible_to(self, user: Any, right: Right | None = None) -> Self:
        """Keep those of one's municipalities: who works on them, and who reads the records."""
        if right is not None:
            return super().visible_to(user, right)
        return super().visible_to(user) | super().visible_to(user, Right.RECORDS_READ)

    def with_names(self) -> Self:
        return self.select_related(
            "link__agency", "basis", "requested_by", "approved_by", "release", "incident"
        ).defer("letter")

    def standing(self) -> Self:
        return self.exclude(state__in=[str(state) for state in OVER])

    def unworked(self, now: datetime) -> Self:
        """Keep what waits for a machine, and whose last worker gave no sign."""
        free = Q(lease_until=None) | Q(lease_until__lte=now)
        return self.filter(free, next_try_at__lte=now, state__in=[str(one) for one in WORKING])


class ExportRequest(models.Model):
    """An agency wants recorded video of some cameras and a period. Changed by verbs only.

    Source: domain.md 2.2; 개인정보 보호법 제18조, 표준 개인정보 보호지침 제42조.
    """

    reference = models.UUIDField(_("reference"), unique=True, default=uuid.uuid4, editable=False)
    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    link = models.ForeignKey(
        "linkage.Link", models.PROTECT, related_name="exports", verbose_name=_("agency")
    )
    incident = models.ForeignKey(
        "incidents.Incident",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="exports",
        verbose_name=_("incident"),
    )
    case_number = models.CharField(_("agency's number"), max_length=60, blank=True)
    purpose = models.CharField(_("purpose"), max_length=300)
    basis = models.ForeignKey(
        "linkage.LegalBasis", models.PROTECT, related_name="+", verbose_name=_("legal basis")
    )
    since = models.DateTimeField(_("from"))
    until = models.DateTimeField(_("to"))
    state = models.CharField(
        _("state"), max_length=12, choices=ExportState.choices, default=ExportState.DRAFT
    )
    state_at = models.DateTimeField(_("since"), default=timezone.now)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("requested"), default=timezone.now)
    # Null: the agency itself asked, by the agency API.
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("requested by"),
    )
    letter_number = models.CharField(_("number of the official letter"), max_length=60, blank=True)
    letter_name = models.CharField(_("file of the letter"), max_length=200, blank=True)
    letter_sha256 = models.CharField(max_length=64, blank=True)
    # Sealed by controlroom.sealing: it names people.
    letter = models.BinaryField(null=True, editable=False)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("approved by"),
    )
    approved_at = models.DateTimeField(_("approved"), null=True)
    override_reason = models.CharField(_("why decided by override"), max_length=300, blank=True)
    masked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    # Only with both does a film leave without masks.
    unmasked_basis = models.ForeignKey(
        "linkage.LegalBasis", models.PROTECT, null=True, related_name="+"
    )
    unmasked_reason = models.CharField(_("why not masked"), max_length=300, blank=True)
    # When nobody has acted until then, it lapses, or its films are destroyed.
    lapses_at = models.DateTimeField(_("lapses"))
    destroyed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    destroyed_at = models.DateTimeField(_("destroyed"), null=True)
    # The recipient's word on its own copies.
    copies_destroyed_at = models.DateTimeField(_("copies destroyed"), null=True)
    copies_destroyed_by = models.CharField(_("confirmed by"), max_length=100, blank=True)
    # A machine at work: who gives no sign until then is taken for dead.
    lease = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    next_try_at = models.DateTimeField(default=timezone.now, editable=False)
    tries = models.PositiveSmallIntegerField(default=0, editable=False)
    progress = models.FloatField(default=0.0, editable=False)
    error = models.CharField(_("last error"), max_length=60, blank=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("request for recorded video")
        verbose_name_plural = _("requests for recorded video")
        constraints = [
            models.CheckConstraint(condition=Q(since__lt=F("until")), name="export_period"),
            models.CheckConstraint(condition=~Q(purpose=""), name="export_has_purpose"),
            models.CheckConstraint(
                condition=Q(approved_by=None)
                | Q(requested_by=None)
                | ~Q(approved_by=F("requested_by")),
                name="export_approved_by_another",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "withdrawn", "lapsed"])
                | (Q(letter__isnull=False) & ~Q(letter_number="")),
                name="export_has_letter",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        *("draft", "submitted", "reviewed"),
                        *("rejected", "lapsed", "withdrawn"),
                    ]
                )
                | Q(approved_by__isnull=False),
                name="export_was_approved",
            ),
            models.CheckConstraint(
                condition=Q(unmasked_basis=None, unmasked_reason="")
                | (Q(unmasked_basis__isnull=False) & ~Q(unmasked_reason="")),
                name="export_unmasked_with_basis",
            ),
            models.CheckConstraint(
                condition=~Q(state="destroyed") | Q(destroyed_at__isnull=False),
                name="export_destroyed_when",
            ),
        ]
        indexes = [
            models.Index(fields=["municipality", "state", "-id"], name="export_by_state"),
            models.Index(fields=["link", "-id"], name="export_by_link"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"E{timezone.localtime(self.created_at):%y%m%d}-{self.pk}"

    @property
    def is_police(self) -> bool:
        return bool(self.link.agency.kind == AgencyKind.POLICE)


class ExportClip(models.Model):
    """One camera of a request: what of its period is there, and what is covered in it."""

    export = models.ForeignKey(ExportRequest, models.CASCADE, related_name="clips")
    camera = models.ForeignKey(
        "cctv.Camera", models.PROTECT, related_name="+", verbose_name=_("camera")
    )
    # Of the film: its first picture's time, its last, and what is missing between them.
    began_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    gaps = models.JSONField(default=list)
    is_missing = models.BooleanField(default=False)
    # As the detector found them, and as people left them; null: not yet looked for.
    found = models.JSONField(null=True)
    boxes = models.JSONField(null=True)
    boxes_version = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["export", "camera"], name="export_camera_once")
        ]

    def __str__(self) -> str:
        return f"{self.export_id} {self.camera_id}"


class FilmKind(models.TextChoices):
    ORIGINAL = "original", _("as recorded")
    MASKED = "masked", _("masked")


class ExportFilm(models.Model):
    """An encrypted film on the disk. The row holds its only key: without it nobody can read it.

    A trigger keeps the row as it was; destroying takes the key, once and for good.
    """

    clip = models.ForeignKey(ExportClip, models.PROTECT, related_name="films")
    kind = models.CharField(max_length=8, choices=FilmKind.choices)
    name = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    # The file's own key, sealed by controlroom.sealing; null: destroyed.
    sealed_key = models.BinaryField(null=True, editable=False)
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    bytes = models.BigIntegerField(_("bytes"))
    length_s = models.FloatField(_("length (s)"), default=0.0)
    made_at = models.DateTimeField(_("made"), default=timezone.now)
    destroyed_at = models.DateTimeField(_("destroyed"), null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(sealed_key__isnull=True) ^ Q(destroyed_at__isnull=True),
                name="film_or_destroyed",
            ),
            models.UniqueConstraint(
                fields=["clip", "kind"], condition=Q(destroyed_at=None), name="film_once"
            ),
        ]

    def __str__(self) -> str:
        return str(self.name)


class ExportRelease(models.Model):
    """To whom the films were given, how often and until when they may be looked at."""

    export = models.OneToOneField(ExportRequest, models.PROTECT, related_name="release")
    recipient = models.CharField(_("recipient"), max_length=100)
    released_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    released_at = models.DateTimeField(_("released"), default=timezone.now)
    available_until = models.DateTimeField(_("to be seen until"))
    views_allowed = models.PositiveSmallIntegerField(_("views at most"))
    views_used = models.PositiveSmallIntegerField(_("views so far"), default=0)
    may_download = models.BooleanField(_("may be downloaded"), default=False)
    # Of the encrypted package; shown once to who releases, who tells it the recipient.
    passphrase = models.BinaryField(null=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(views_used__lte=F("views_allowed")), name="release_views_at_most"
            ),
            models.CheckConstraint(
                condition=Q(may_download=True) | Q(passphrase=None), name="release_passphrase"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.export_id} → {self.recipient}"


class ExportView(models.Model):
    """One look at a release: bound to a person, a sign-in and an address. Never deleted."""

    reference = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    release = models.ForeignKey(ExportRelease, models.PROTECT, related_name="views")
    viewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("viewer")
    )
    session_digest = models.CharField(max_length=64, editable=False)
    address = models.GenericIPAddressField(null=True)
    opened_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    is_download = models.BooleanField(default=False)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return str(self.reference)
