"""The register of provision (영상정보 제공대장): what left for third parties, what was put right.

Rows are only ever added, which triggers hold; a mistake is put right by a row that says so.
Source: 표준 개인정보 보호지침 제42조, and the columns of its form 개인영상정보 관리대장.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from controlroom.municipalities.querysets import OwnedQuerySet
from controlroom.municipalities.roles import Right


class Form(models.TextChoices):
    """이용·제공의 형태: how the pictures left."""

    LIVE = "live", pgettext_lazy("provision", "watched live")
    RECORDED = "recorded", pgettext_lazy("provision", "recording watched")
    STILL = "still", pgettext_lazy("provision", "still picture")
    FILE = "file", pgettext_lazy("provision", "recording handed over as a file")


class RegisterQuerySet(OwnedQuerySet):
    right = Right.RECORDS_READ


class ProvisionEntry(models.Model):
    """One delivery of pictures to a third party, as it truly happened. Never changed or deleted.

    What it names is kept in words beside the reference, as it was called then.
    """

    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    entered_at = models.DateTimeField(_("entered"), default=timezone.now)
    form = models.CharField(_("form"), max_length=8, choices=Form.choices)
    file_name = models.CharField(_("name of the file"), max_length=300)
    recipient = models.CharField(_("recipient"), max_length=200)
    # The person, system or terminal that the pictures went to.
    received_by = models.CharField(_("who received it"), max_length=200)
    service = models.CharField(_("service"), max_length=20, blank=True)
    purpose = models.CharField(_("purpose"), max_length=300)
    basis = models.CharField(_("legal basis"), max_length=200)
    began_at = models.DateTimeField(_("from"))
    ended_at = models.DateTimeField(_("to"))
    # [from, to] of every pause in between, as ISO 8601: nothing left in them.
    breaks = models.JSONField(_("pauses"), default=list)
    # A small picture of before, shown in the session while the live one was awaited.
    poster_taken_at = models.DateTimeField(_("picture of before: taken"), null=True)
    poster_sent_at = models.DateTimeField(_("picture of before: shown"), null=True)
    end_reason = models.CharField(_("why it ended"), max_length=20, blank=True)
    size = models.BigIntegerField(_("bytes"), default=0)
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True)
    case_number = models.CharField(_("agency's number"), max_length=60, blank=True)
    incident_number = models.CharField(_("number of the incident"), max_length=20, blank=True)
    # The message or letter that asked, as the agency named it.
    request = models.CharField(_("request"), max_length=80, blank=True)
    handled_by = models.CharField(_("person in charge"), max_length=150, blank=True)

    camera = models.ForeignKey(
        "cctv.Camera", models.PROTECT, related_name="+", null=True, verbose_name=_("camera")
    )
    incident = models.ForeignKey(
        "incidents.Incident",
        models.PROTECT,
        related_name="provisions",
        null=True,
        verbose_name=_("incident"),
    )
    link = models.ForeignKey(
        "linkage.Link", models.PROTECT, related_name="+", null=True, verbose_name=_("link")
    )
    grant = models.ForeignKey(
        "linkage.StreamGrant",
        models.PROTECT,
        related_name="provisions",
        null=True,
        verbose_name=_("video grant"),
    )
    # What it was made of: exactly one.
    session = models.OneToOneField(
        "cctv.ViewRecord",
        models.PROTECT,
        related_name="provision",
        null=True,
        verbose_name=_("view record"),
    )
    still = models.ForeignKey(
        "linkage.StillRelease",
        models.PROTECT,
        related_name="provisions",
        null=True,
        verbose_name=_("still sent to an agency"),
    )
    export = models.UUIDField(_("released file"), null=True)

    objects = RegisterQuerySet.as_manager()

    class Meta:
        ordering = ["-began_at", "-pk"]
        verbose_name = _("entry of the register of provision")
        verbose_name_plural = _("register of provision")
        constraints = [
            models.CheckConstraint(
                condition=Q(session__isnull=False, still=None, export=None)
                | Q(session=None, still__isnull=False, export=None)
                | Q(session=None, still=None, export__isnull=False),
                name="provision_of_one_thing",
            ),
            models.CheckConstraint(
                condition=~Q(purpose="") & ~Q(basis="") & ~Q(recipient=""),
                name="provision_says_to_whom_and_why",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__gte=models.F("began_at")), name="provision_ends_after_begin"
            ),
        ]
        indexes = [
            models.Index(fields=["municipality", "-began_at"], name="provision_by_time"),
            models.Index(fields=["incident"], name="provision_by_incident"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.recipient}"


class Corrected(models.TextChoices):
    """What of an entry a correction may put right; what was measured is not among them."""

    FILE_NAME = "file_name", _("name of the file")
    RECIPIENT = "recipient", _("recipient")
    RECEIVED_BY = "received_by", _("who received it")
    PURPOSE = "purpose", _("purpose")
    BASIS = "basis", _("legal basis")
    HANDLED_BY = "handled_by", _("person in charge")
    REQUEST = "request", _("request")
    REMARK = "remark", _("remark")


class ProvisionCorrection(models.Model):
    """What an entry should have said, who says so and why. Never changed or deleted."""

    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    entry = models.ForeignKey(
        ProvisionEntry, models.PROTECT, related_name="corrections", verbose_name=_("entry")
    )
    field = models.CharField(_("column"), max_length=12, choices=Corrected.choices)
    value = models.CharField(_("correct text"), max_length=300)
    reason = models.CharField(_("reason"), max_length=300)
    by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+", verbose_name=_("who"))
    at = models.DateTimeField(_("time"), default=timezone.now)

    objects = RegisterQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("correction of the register of provision")
        verbose_name_plural = _("corrections of the register of provision")
        constraints = [
            models.CheckConstraint(
                condition=~Q(value="") & ~Q(reason=""), name="correction_says_why"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entry_id} {self.field}"
