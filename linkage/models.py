"""Agencies, links, what they sent (inbox) and what we owe them (outbox)."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from incidents.choices import Priority, Service
from linkage.choices import (
    OFFERED,
    AgencyKind,
    Direction,
    InboxResult,
    LinkState,
    MessageType,
    OutboxState,
    Outcome,
)
from linkage.models_agreements import Agreed
from linkage.querysets import CaseQuerySet, InboxQuerySet, LinkQuerySet, OutboxQuerySet


class Agency(models.Model):
    """Whom we exchange with: a police agency, a fire headquarters, a city system."""

    kind = models.CharField(_("kind of agency"), max_length=10, choices=AgencyKind.choices)
    organisation_code = models.CharField(
        _("organisation code"), max_length=7, unique=True, validators=[RegexValidator(r"^\d{7}$")]
    )
    name_ko = models.CharField(_("name (Korean)"), max_length=80)
    name_en = models.CharField(_("name (English)"), max_length=100, blank=True)
    duty_phone = models.CharField(
        _("telephone of the duty desk"),
        max_length=30,
        blank=True,
        help_text=_("whom to call when the line is down"),
    )
    technical_contact = models.CharField(_("technical contact"), max_length=120, blank=True)

    class Meta:
        ordering = ["kind", "organisation_code"]
        verbose_name = _("agency")
        verbose_name_plural = _("agencies")

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self.name_en if get_language() == "en" and self.name_en else self.name_ko


class Link(Agreed):
    """One agency × one service × one municipality, and how the two speak."""

    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="links"
    )
    agency = models.ForeignKey(
        Agency, models.PROTECT, related_name="links", verbose_name=_("agency")
    )
    service = models.CharField(_("service"), max_length=16, choices=Service.choices)
    code = models.SlugField(_("code"), max_length=60, unique=True)
    direction = models.CharField(
        _("direction"), max_length=4, choices=Direction.choices, default=Direction.BOTH
    )
    application = models.ForeignKey(
        settings.OAUTH2_PROVIDER_APPLICATION_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="links",
        verbose_name=_("OAuth client"),
    )
    push_url = models.URLField(
        _("push address"),
        blank=True,
        help_text=_("where we post; empty: the agency fetches by itself"),
    )
    push_host = models.CharField(
        _("registered host"),
        max_length=253,
        blank=True,
        help_text=_("the only host that this link may reach"),
    )
    allow_private_address = models.BooleanField(
        _("private address allowed"),
        default=False,
        help_text=_("the agency is reached inside the administrative network"),
    )
    secret = models.BinaryField(null=True, editable=False)
    previous_secret = models.BinaryField(null=True, editable=False)
    previous_secret_until = models.DateTimeField(null=True, editable=False)  # both sign till then
    allowed_kinds = models.JSONField(
        _("allowed kinds"), default=list, blank=True, help_text=_("kind codes; empty means all")
    )
    # A drill must never reach an agency that has not agreed to them.
    allows_drills = models.BooleanField(_("takes drills"), default=False)
    ack_deadline_s = models.PositiveIntegerField(
        _("acknowledgement deadline (s)"), default=30, validators=[MinValueValidator(1)]
    )
    phone_upto_priority = models.PositiveSmallIntegerField(
        _("by telephone up to priority"),
        default=1,
        validators=[MaxValueValidator(4)],
        help_text=_("what is this urgent is told by telephone when the line is silent; 0: never"),
    )
    phone_after_s = models.PositiveIntegerField(
        _("by telephone after (s)"), default=60, validators=[MinValueValidator(1)]
    )
    rate_per_s = models.FloatField(
        _("messages per second"), default=50, validators=[MinValueValidator(0.01)]
    )
    burst = models.PositiveIntegerField(
        _("messages at once"), default=500, validators=[MinValueValidator(1)]
    )
    state = models.CharField(
        _("link state"), max_length=12, choices=LinkState.choices, default=LinkState.UP
    )
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    # The breaker: nothing is sent before this moment; people's states stand above it.
    paused_until = models.DateTimeField(_("paused until"), null=True, editable=False)
    # The same of the sources that we ask by it, as linkage.sources counts them for the state.
    source_failures = models.PositiveIntegerField(
        _("failures of its sources in a row"), default=0, editable=False
    )
    last_success_at = models.DateTimeField(_("last delivery"), null=True, editable=False)
    silent_after_s = models.PositiveIntegerField(
        _("silent after (s)"),
        null=True,
        blank=True,
        default=900,
        validators=[MinValueValidator(10)],
        help_text=_("alarm when nothing has come for so long, heartbeats included; empty: never"),
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = LinkQuerySet.as_manager()

    class Meta:
        ordering = ["municipality", "service", "code"]
        verbose_name = _("link")
        verbose_name_plural = _("links")
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "service", "municipality"], name="link_once_per_service"
            )
        ]

    def __str__(self) -> str:
        return self.code

    def serving_ids(self) -> list[int]:
        """Give the municipalities that it serves: its own and its region's, in order."""
        members = self.region.members.values_list("pk", flat=True) if self.region else ()
        return sorted({self.municipality_id, *members})


class Case(models.Model):
    """An agency's own number for what became one of our incidents."""

    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    link = models.ForeignKey(Link, models.PROTECT, related_name="cases", verbose_name=_("link"))
    external_id = models.CharField(_("agency's number"), max_length=60)
    incident = models.ForeignKey(
        "incidents.Incident", models.PROTECT, related_name="cases", verbose_name=_("incident")
    )
    version = models.PositiveIntegerField(_("version"), default=1)
    # The newest whole report, so that a partial correction can complete itself.
    payload = models.JSONField(default=dict)
    opened_at = models.DateTimeField(_("received"), default=timezone.now)

    objects = CaseQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-pk"]
        verbose_name = _("agency case")
        verbose_name_plural = _("agency cases")
        constraints = [
            # A case whose area reaches several cities of a region is one case of each.
            models.UniqueConstraint(
                fields=["link", "external_id", "municipality"], name="case_once_per_city"
            )
        ]
        indexes = [models.Index(fields=["link", "-opened_at", "-id"], name="case_by_time")]

    def __str__(self) -> str:
        return self.external_id


class InboxMessage(models.Model):
    """What a link sent us, kept byte for byte, once per message id."""

    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    link = models.ForeignKey(Link, models.PROTECT, related_name="inbox", verbose_name=_("link"))
    message_id = models.CharField(_("message id"), max_length=80)
    message_type = models.CharField(_("type"), max_length=24, choices=MessageType.choices)
    case_number = models.CharField(_("agency's number"), max_length=60)
    version = models.PositiveIntegerField(_("version"), default=1)
    raw = models.BinaryField(_("as received"))
    sha256 = models.CharField(max_length=64)
    # Over the content without its send time: a resend is the same message.
    content_sha256 = models.CharField(max_length=64)
    sent_at = models.DateTimeField(_("sent"))
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    skew_ms = models.IntegerField(_("clock difference (ms)"), default=0)
    result = models.CharField(
        _("result"), max_length=10, choices=InboxResult.choices, default=InboxResult.FILED
    )
    incident = models.ForeignKey(
        "incidents.Incident", models.PROTECT, null=True, related_name="inbox_messages"
    )
    response = models.JSONField(default=dict)
    # A message that concerns several cities of a region is kept by each of them: the first has
    # the row that came, the others a copy with what came of it there.
    original = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="copies", db_index=False
    )

    objects = InboxQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("inbox message")
        verbose_name_plural = _("inbox messages")
        constraints = [
            models.UniqueConstraint(
                fields=["link", "message_id"],
                condition=Q(original=None),
                name="inbox_message_once",
            ),
            models.UniqueConstraint(
                fields=["original", "municipality"],
                condition=Q(original__isnull=False),
                name="inbox_copy_once_per_city",
            ),
        ]
        indexes = [
            models.Index(
                fields=["link", "case_number"],
                condition=Q(result=InboxResult.FILED),
                name="inbox_filed_by_case",
            ),
            models.Index(fields=["incident", "id"], name="inbox_by_incident"),
            models.Index(fields=["link", "-id"], name="inbox_newest_by_link"),
        ]

    def __str__(self) -> str:
        return f"{self.link_id} {self.message_id}"


class IdempotencyKey(models.Model):
    """An answer kept for a client's Idempotency-Key (A2.11), written with its effect."""

    application = models.ForeignKey(
        settings.OAUTH2_PROVIDER_APPLICATION_MODEL, models.CASCADE, related_name="+"
    )
    key = models.CharField(max_length=128)
    request_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.JSONField()
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["application", "key"], name="idempotency_key_once")
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.status}"


class OutboxMessage(models.Model):
    """An obligation: one message owed to one link for one fact. Changed only by delivery verbs."""

    uid = models.UUIDField(_("message id"), unique=True, default=uuid.uuid4, editable=False)
    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    link = models.ForeignKey(Link, models.PROTECT, related_name="outbox", verbose_name=_("link"))
    incident = models.ForeignKey(
        "incidents.Incident",
        models.PROTECT,
        null=True,
        related_name="outbox_messages",
        verbose_name=_("incident"),
    )
    # Only a test message, our wish to have everything again, and what became of a request for
    # recorded video have neither incident nor fact.
    event = models.ForeignKey(
        "incidents.IncidentEvent", models.PROTECT, null=True, related_name="+"
    )
    message_type = models.CharField(_("type"), max_length=24, choices=MessageType.choices)
    case_number = models.CharField(_("agency's number"), max_length=60)
    priority = models.PositiveSmallIntegerField(_("priority"), default=3)
    payload = models.JSONField(_("content"), default=dict)
    state = models.CharField(
        _("delivery state"), max_length=16, choices=OutboxState.choices, default=OutboxState.QUEUED
    )
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    next_try_at = models.DateTimeField(_("next try"), default=timezone.now)
    lease_until = models.DateTimeField(_("leased until"), null=True)
    # False once the line itself is over for it: refused for good, or older than its link tries.
    is_offered = models.BooleanField(_("still offered to the line"), default=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    sent_at = models.DateTimeField(_("first sent"), null=True)
    acked_at = models.DateTimeField(_("acknowledged"), null=True)
    answered_at = models.DateTimeField(_("answered"), null=True)
    # Asked for again (linkage/resyncs.py): its life begins anew, its first acknowledgement stays.
    resent_at = models.DateTimeField(_("offered again"), null=True)
    last_error = models.CharField(_("last error"), max_length=300, blank=True)

    objects = OutboxQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("outbox message")
        verbose_name_plural = _("outbox messages")
        constraints = [
            models.UniqueConstraint(
                fields=["link", "event", "message_type"], name="outbox_once_per_fact"
            ),
            models.CheckConstraint(
                condition=Q(incident__isnull=False, event__isnull=False)
                | Q(message_type__in=[MessageType.TEST, MessageType.RESYNC, MessageType.EXPORT]),
                name="outbox_has_its_fact",
            ),
        ]
        indexes = [
            models.Index(
                fields=["link", "priority", "id"],
                condition=Q(state__in=OFFERED),
                name="outbox_due",
            ),
            models.Index(
                fields=["link", "lease_until"],
                condition=Q(lease_until__isnull=False),
                name="outbox_leased",
            ),
            models.Index(fields=["incident", "link", "id"], name="outbox_by_incident"),
            models.Index(
                fields=["link", "created_at"],
                condition=Q(state=OutboxState.DEAD),
                name="outbox_given_up",
            ),
            models.Index(fields=["link", "-id"], name="outbox_newest_by_link"),
            # For the last day's acknowledgement times; costs a write next to nothing.
            BrinIndex(fields=["created_at"], name="outbox_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.message_type} {self.uid}"

    @property
    def is_drill(self) -> bool:
        if self.incident is None:
            return self.message_type == MessageType.TEST
        return bool(self.incident.is_drill)

    @property
    def is_urgent_news(self) -> bool:
        """What is offered again is no news: it makes nobody hurry, and nobody telephone."""
        return self.priority <= Priority.P1 and self.resent_at is None

    @property
    def offered_since(self) -> datetime:
        return self.resent_at or self.created_at


class DeliveryAttempt(models.Model):
    """One try to deliver: written before anything leaves, finished by what came back."""

    message = models.ForeignKey(OutboxMessage, models.CASCADE, related_name="deliveries")
    number = models.PositiveIntegerField(_("attempt"))
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True)
    outcome = models.CharField(
        _("outcome"), max_length=10, choices=Outcome.choices, default=Outcome.UNKNOWN
    )
    http_status = models.PositiveSmallIntegerField(_("HTTP status"), null=True)
    error = models.CharField(_("error"), max_length=300, blank=True)

    class Meta:
        ordering = ["message", "number"]
        verbose_name = _("delivery attempt")
        verbose_name_plural = _("delivery attempts")
        constraints = [
            models.UniqueConstraint(fields=["message", "number"], name="attempt_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.message_id} #{self.number}"


class RateBucket(models.Model):
    """A leaky bucket of an API caller; unlogged, so a crash refills it and costs nothing."""

    key = models.CharField(primary_key=True, max_length=80)
    tokens = models.FloatField()
    refilled_at = models.DateTimeField()
    is_held = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.key


from linkage.models_alarm import Alarm as Alarm  # noqa: E402, PLC0414 - found by Django here
from linkage.models_cap import CapAlert as CapAlert  # noqa: E402, PLC0414 - likewise
from linkage.models_city import Feed as Feed  # noqa: E402, PLC0414 - likewise, with its neighbours
from linkage.models_disaster import Situation as Situation  # noqa: E402, PLC0414 - likewise
from linkage.models_exports import ExportRequest as ExportRequest  # noqa: E402, PLC0414 - likewise
from linkage.models_filed import FiledReport as FiledReport  # noqa: E402, PLC0414 - likewise
from linkage.models_fire119 import Engine as Engine  # noqa: E402, PLC0414 - found by Django here
from linkage.models_fire119 import FireCase as FireCase  # noqa: E402, PLC0414 - likewise
from linkage.models_fire119 import FireTime as FireTime  # noqa: E402, PLC0414 - likewise
from linkage.models_life import SignOfLife as SignOfLife  # noqa: E402, PLC0414 - likewise
from linkage.models_messages import DisasterMessage as DisasterMessage  # noqa: E402, PLC0414
from linkage.models_phone import PhoneTask as PhoneTask  # noqa: E402, PLC0414 - likewise
from linkage.models_policy import PolicyChange as PolicyChange  # noqa: E402, PLC0414 - likewise
from linkage.models_provision import ProvisionCorrection as ProvisionCorrection  # noqa: E402, PLC0414
from linkage.models_provision import ProvisionEntry as ProvisionEntry  # noqa: E402, PLC0414
from linkage.models_raw import RawIntake as RawIntake  # noqa: E402, PLC0414 - likewise
from linkage.models_refused import HeldBack as HeldBack  # noqa: E402, PLC0414 - likewise
from linkage.models_refused import RefusalRun as RefusalRun  # noqa: E402, PLC0414 - likewise
from linkage.models_refused import RefusedMessages as RefusedMessages  # noqa: E402, PLC0414
from linkage.models_regions import Region as Region  # noqa: E402, PLC0414
from linkage.models_resync import Resync as Resync  # noqa: E402, PLC0414 - likewise
from linkage.models_seats import AgencySeat as AgencySeat  # noqa: E402, PLC0414 - likewise
from linkage.models_stills import Still as Still  # noqa: E402, PLC0414 - likewise
from linkage.models_stills import StillRelease as StillRelease  # noqa: E402, PLC0414 - likewise
from linkage.models_terminals import Terminal as Terminal  # noqa: E402, PLC0414 - likewise
from linkage.models_terminals import TerminalShare as TerminalShare  # noqa: E402, PLC0414
from linkage.models_tls import LinkTls as LinkTls  # noqa: E402, PLC0414 - likewise
from linkage.models_units import UnitPosition as UnitPosition  # noqa: E402, PLC0414 - likewise
from linkage.models_use import UseVerdict as UseVerdict  # noqa: E402, PLC0414 - likewise
from linkage.models_video import StreamGrant as StreamGrant  # noqa: E402, PLC0414 - likewise
from linkage.models_video import VideoRequest as VideoRequest  # noqa: E402, PLC0414 - likewise
from linkage.models_watch import Canary as Canary  # noqa: E402, PLC0414 - likewise
