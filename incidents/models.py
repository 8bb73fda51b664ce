"""Reports (what an agency sent) and incidents (what the centre works on)."""

import uuid

from django.contrib.gis.db import models
from django.core.validators import MinValueValidator
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from controlroom.municipalities.querysets import OwnedQuerySet
from incidents.choices import KindClass, Priority, ReportState, Result, Service, Status
from incidents.querysets import IncidentQuerySet


class Kind(models.Model):
    """A kind of event in a service's own code list, and what it means to us."""

    service = models.CharField(_("service"), max_length=16, choices=Service.choices)
    code = models.CharField(_("code"), max_length=30)
    name_ko = models.CharField(_("name (Korean)"), max_length=60)
    name_en = models.CharField(_("name (English)"), max_length=80)
    kind_class = models.CharField(
        _("class"), max_length=12, choices=KindClass.choices, default=KindClass.OTHER
    )
    is_mapped = models.BooleanField(
        _("mapped"), default=True, help_text=_("no: arrived from an agency and awaits mapping")
    )

    class Meta:
        ordering = ["service", "code"]
        verbose_name = _("incident kind")
        verbose_name_plural = _("incident kinds")
        constraints = [models.UniqueConstraint(fields=["service", "code"], name="kind_code_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self.name_en if get_language() == "en" and self.name_en else self.name_ko


class PriorityRule(models.Model):
    """Maps service, kind and urgency code to a priority; the most specific rule wins."""

    service = models.CharField(_("service"), max_length=16, choices=Service.choices)
    kind = models.ForeignKey(
        Kind,
        models.CASCADE,
        verbose_name=_("kind"),
        null=True,
        blank=True,
        help_text=_("empty: every kind of the service"),
    )
    urgency = models.CharField(
        _("urgency code"), max_length=4, blank=True, help_text=_("empty: every code")
    )
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority.choices)

    class Meta:
        ordering = ["service", "kind", "urgency"]
        verbose_name = _("priority rule")
        verbose_name_plural = _("priority rules")
        constraints = [
            models.UniqueConstraint(
                fields=["service", "kind", "urgency"],
                nulls_distinct=False,
                name="priority_rule_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.service} {self.kind or '*'} {self.urgency or '*'} → P{self.priority}"


class Incident(models.Model):
    """What the centre works on. Changed only by the verbs of incidents.lifecycle."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.PROTECT,
        verbose_name=_("municipality"),
        related_name="incidents",
    )
    number = models.CharField(_("number"), max_length=20)
    service = models.CharField(_("service"), max_length=16, choices=Service.choices)
    kind = models.ForeignKey(Kind, models.PROTECT, verbose_name=_("kind"))
    urgency = models.CharField(_("urgency code"), max_length=4, blank=True)
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority.choices)
    status = models.CharField(
        _("status"), max_length=14, choices=Status.choices, default=Status.RECEIVED
    )
    location = models.PointField(_("place"), geography=True, null=True, blank=True)
    error_radius_m = models.FloatField(
        _("error radius (m)"), default=0, validators=[MinValueValidator(0)]
    )
    address = models.CharField(_("address"), max_length=200, blank=True)
    summary = models.CharField(_("summary"), max_length=500, blank=True)
    is_drill = models.BooleanField(_("drill"), default=False)
    occurred_at = models.DateTimeField(_("occurred"))
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        "accounts.User",
        models.PROTECT,
        verbose_name=_("acknowledged by"),
        null=True,
        blank=True,
        related_name="+",
    )
    owner = models.ForeignKey(
        "accounts.User",
        models.PROTECT,
        verbose_name=_("owner"),
        null=True,
        blank=True,
        related_name="owned_incidents",
    )
    claimed_at = models.DateTimeField(_("claimed"), null=True, blank=True)
    # Set while a transfer waits for this person's consent.
    offered_to = models.ForeignKey(
        "accounts.User",
        models.PROTECT,
        verbose_name=_("offered to"),
        null=True,
        blank=True,
        related_name="+",
    )
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    result = models.CharField(_("result"), max_length=14, choices=Result.choices, blank=True)
    duplicate_of = models.ForeignKey(
        "self",
        models.PROTECT,
        verbose_name=_("duplicate of"),
        null=True,
        blank=True,
        related_name="duplicates",
    )
    # The clock of timers.py: since when it rings (received, taken up again, raised to an alarm),
    # and how often it was escalated because nobody acknowledged it.
    rings_since = models.DateTimeField(_("rings since"), default=timezone.now)
    escalation_level = models.PositiveSmallIntegerField(_("escalation"), default=0)
    version = models.PositiveIntegerField(_("version"), default=1)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at", "-id"]
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        constraints = [
            models.UniqueConstraint(fields=["municipality", "number"], name="incident_number_once"),
            models.CheckConstraint(
                condition=~Q(status=Status.CLOSED) | ~Q(result=""), name="closed_has_result"
            ),
        ]
        indexes = [
            models.Index(fields=["municipality", "status", "priority"], name="incident_by_status"),
            models.Index(fields=["municipality", "received_at"], name="incident_by_time"),
            models.Index(
                fields=["rings_since"],
                condition=Q(status=Status.RECEIVED),
                name="incident_unacknowledged",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class NumberCounter(models.Model):
    """The last incident number given in a municipality and year; locked while one is taken."""

    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.PROTECT,
        verbose_name=_("municipality"),
        related_name="+",
    )
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "year"], name="number_counter_once_per_year"
            )
        ]

    def __str__(self) -> str:
        return f"{self.year}-{self.last:06d}"


class Report(models.Model):
    """What an agency said, kept as it came: a row a message that opened or changed an incident."""

    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.PROTECT,
        verbose_name=_("municipality"),
        related_name="reports",
    )
    incident = models.ForeignKey(
        Incident, models.PROTECT, verbose_name=_("incident"), related_name="reports"
    )
    service = models.CharField(_("service"), max_length=16, choices=Service.choices)
    # The agency's own number of the case (112 접수번호); one incident a case.
    external_id = models.CharField(_("agency's number"), max_length=60, blank=True)
    source = models.CharField(_("link"), max_length=60, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1)
    state = models.CharField(
        _("state"), max_length=6, choices=ReportState.choices, default=ReportState.NEW
    )
    # A late older version is kept, but changes nothing.
    is_applied = models.BooleanField(_("applied"), default=True)
    # The report that opened the incident: at most one a case.
    is_opening = models.BooleanField(_("opened the incident"), default=False)
    occurred_at = models.DateTimeField(_("occurred"))
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    raw = models.JSONField(_("as received"), default=dict)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["incident_id", "received_at", "pk"]
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "source", "external_id", "version"],
                condition=~Q(external_id=""),
                name="report_version_once",
            ),
            models.UniqueConstraint(
                fields=["municipality", "source", "external_id"],
                condition=~Q(external_id="") & Q(is_opening=True),
                name="report_opens_one_incident",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.external_id} v{self.version}"


class IncidentEvent(models.Model):
    """The append-only history of an incident: its timeline."""

    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.PROTECT,
        verbose_name=_("municipality"),
        related_name="+",
    )
    incident = models.ForeignKey(
        Incident, models.PROTECT, verbose_name=_("incident"), related_name="events"
    )
    verb = models.CharField(_("what"), max_length=30)
    at = models.DateTimeField(_("when"), default=timezone.now)
    actor = models.ForeignKey(
        "accounts.User",
        models.PROTECT,
        verbose_name=_("who"),
        null=True,
        blank=True,
        related_name="+",
    )
    agent = models.CharField(_("machine"), max_length=100, blank=True)
    from_status = models.CharField(_("from status"), max_length=14, blank=True)
    to_status = models.CharField(_("to status"), max_length=14, blank=True)
    text = models.CharField(_("text"), max_length=2000, blank=True)
    data = models.JSONField(_("details"), default=dict)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["incident_id", "pk"]
        verbose_name = _("incident event")
        verbose_name_plural = _("incident events")

    def __str__(self) -> str:
        return f"{self.incident_id} {self.verb}"


class CameraChoice(models.Model):
    """Which cameras were proposed for an incident, with every reason; the newest one counts."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="camera_choices")
    chosen_at = models.DateTimeField(default=timezone.now)
    radius_m = models.FloatField()
    picks = models.JSONField(default=list)
    skipped = models.JSONField(default=list)

    class Meta:
        ordering = ["incident_id", "-pk"]

    def __str__(self) -> str:
        return f"{self.incident_id}: {len(self.picks)}"


from incidents.models_clusters import ClusterAlarm as ClusterAlarm  # noqa: E402, PLC0414 - found here
from incidents.models_clusters import ClusterLook as ClusterLook  # noqa: E402, PLC0414 - likewise
from incidents.models_concerns import SiteOfConcern as SiteOfConcern  # noqa: E402, PLC0414 - found by Django here
from incidents.models_correlation import Distinction as Distinction  # noqa: E402, PLC0414 - likewise
from incidents.models_joins import IncidentLink as IncidentLink  # noqa: E402, PLC0414 - likewise
from incidents.models_screens import WallScreen as WallScreen  # noqa: E402, PLC0414 - likewise
