"""The CAP alerts that links brought, and how a link's alerts are read."""

from __future__ import annotations

from django.contrib.gis.db import models
from django.core.validators import MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from controlroom.municipalities.querysets import OwnedQuerySet


class CapRoute(models.TextChoices):
    """Whether an alert concerns this city."""

    OURS = "ours", _("concerns us")
    ELSEWHERE = "elsewhere", _("another area")
    NOT_ADDRESSED = "not_addressed", _("not addressed to us")
    NO_AREA = "no_area", _("public without an area: ignored")
    NOT_REAL = "not_real", _("test, draft or system message")


class CapSource(models.Model):
    """What a link's alerts must be: its profile, and in whose name it may speak."""

    link = models.OneToOneField(
        "linkage.Link", models.CASCADE, related_name="cap_source", verbose_name=_("link")
    )
    requires_profile = models.BooleanField(
        _("Korean profile required"), default=False, help_text=_("refuse alerts without it")
    )
    senders = models.JSONField(
        _("senders"),
        default=list,
        blank=True,
        help_text=_(
            "allowed CAP senders; empty: the link may open alerts in anybody's name, "
            "so list them before it is used in earnest"
        ),
    )
    feed_url = models.URLField(
        _("address of a feed"), blank=True, help_text=_("an Atom or RSS index that we fetch")
    )
    allow_private_address = models.BooleanField(
        _("private address allowed"), default=False, help_text=_("the feed is in a closed network")
    )
    interval_s = models.PositiveIntegerField(
        _("asked every (s)"), default=60, validators=[MinValueValidator(15)]
    )
    next_fetch_at = models.DateTimeField(default=timezone.now, editable=False)
    # When its index was last answered, also by "not modified".
    fetched_at = models.DateTimeField(_("fetched"), null=True, editable=False)
    etag = models.CharField(max_length=300, blank=True, editable=False)
    last_modified = models.CharField(max_length=100, blank=True, editable=False)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    last_error = models.CharField(_("last error"), max_length=300, blank=True, editable=False)

    class Meta:
        verbose_name = _("CAP settings of a link")
        verbose_name_plural = _("CAP settings of links")

    def __str__(self) -> str:
        return f"CAP {self.link_id}"


class CapFeedEntry(models.Model):
    """One entry of a feed in one of its forms, and what became of it: each is fetched once."""

    source = models.ForeignKey(
        CapSource, models.CASCADE, related_name="entries", verbose_name=_("CAP settings of a link")
    )
    # Of its id, its time of change and its address.
    digest = models.CharField(max_length=64)
    name = models.CharField(_("entry"), max_length=300)
    href = models.CharField(_("address"), max_length=1000)
    # Empty when it was taken in; else the code of the refusal (linkage/cap/errors.py).
    refusal = models.CharField(_("refused because"), max_length=40, blank=True)
    fetched_at = models.DateTimeField(_("fetched"), default=timezone.now)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("entry of a CAP feed")
        verbose_name_plural = _("entries of CAP feeds")
        constraints = [
            models.UniqueConstraint(fields=["source", "digest"], name="cap_feed_entry_once")
        ]

    def __str__(self) -> str:
        return self.name


class CapAlert(models.Model):
    """One alert as read; its bytes are its inbox message's."""

    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    link = models.ForeignKey(
        "linkage.Link", models.PROTECT, related_name="cap_alerts", verbose_name=_("link")
    )
    message = models.OneToOneField(
        "linkage.InboxMessage",
        models.PROTECT,
        related_name="cap_alert",
        verbose_name=_("inbox message"),
    )
    # What it came in with others, byte for byte; empty where the message has all that came.
    document = models.ForeignKey(
        "linkage.RawIntake",
        models.PROTECT,
        null=True,
        related_name="cap_alerts",
        verbose_name=_("document"),
    )
    identifier = models.CharField(_("identifier"), max_length=300)
    sender = models.CharField(_("sender"), max_length=300)
    sent = models.DateTimeField(_("sent"))
    status = models.CharField(_("status"), max_length=10)
    msg_type = models.CharField(_("type"), max_length=10)
    scope = models.CharField(_("scope"), max_length=12)
    edition = models.CharField(_("profile"), max_length=30, blank=True)
    is_signed = models.BooleanField(_("signed"), default=False)
    references = models.JSONField(_("references"), default=list)
    # [{language, event, headline, description, instruction, severity, ...}]
    infos = models.JSONField(_("texts"), default=list)
    # [{description, geocodes, rings}]: the names and codes of every area, drawn ones with rings
    areas = models.JSONField(_("areas"), default=list)
    expires = models.DateTimeField(_("expires"), null=True)
    route = models.CharField(_("concerns"), max_length=14, choices=CapRoute.choices)
    # The first alert of the chain of updates.
    root = models.ForeignKey("self", models.PROTECT, null=True, related_name="chain")
    incident = models.ForeignKey(
        "incidents.Incident",
        models.PROTECT,
        null=True,
        related_name="cap_alerts",
        verbose_name=_("incident"),
    )
    # Of an Ack or an Error: what it says, and which alerts of our own it answers.
    note = models.CharField(_("note"), max_length=300, blank=True)
    replied = models.ManyToManyField(
        "linkage.CapIssue", related_name="replies", verbose_name=_("answers our alerts")
    )
    received_at = models.DateTimeField(_("received"), default=timezone.now)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("CAP alert")
        verbose_name_plural = _("CAP alerts")
        constraints = [
            models.UniqueConstraint(
                fields=["link", "identifier", "sender", "sent", "municipality"],
                name="cap_alert_once_per_city",
            )
        ]
        indexes = [
            models.Index(fields=["municipality", "-id"], name="cap_alert_newest"),
            models.Index(fields=["municipality", "-received_at"], name="cap_alert_by_time"),
            models.Index(fields=["incident", "id"], name="cap_alert_by_incident"),
        ]

    def __str__(self) -> str:
        return self.identifier


class CapIssue(models.Model):
    """An alert of our own, as it was published; never changed, only followed by another."""

    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    situation = models.ForeignKey(
        "linkage.Situation",
        models.PROTECT,
        related_name="issues",
        verbose_name=_("disaster situation"),
    )
    identifier = models.CharField(_("identifier"), max_length=120, unique=True)
    sender = models.CharField(_("sender"), max_length=120)
    sent = models.DateTimeField(_("sent"))
    # A drill is an Exercise: pushed to links that take drills, and on no public index.
    status = models.CharField(_("status"), max_length=10, default="Actual")
    msg_type = models.CharField(_("type"), max_length=10)
    scope = models.CharField(_("scope"), max_length=12, default="Public")
    title = models.CharField(_("title"), max_length=200)
    # Before then it is renewed while its situation is public and goes on.
    expires = models.DateTimeField(_("expires"))
    body = models.BinaryField()

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("own CAP alert")
        verbose_name_plural = _("own CAP alerts")

    def __str__(self) -> str:
        return self.identifier


class CapPush(models.Model):
    """That an alert of ours is owed to a link: once, by this message."""

    issue = models.ForeignKey(
        CapIssue, models.PROTECT, related_name="pushes", verbose_name=_("own CAP alert")
    )
    link = models.ForeignKey(
        "linkage.Link", models.PROTECT, related_name="+", verbose_name=_("link")
    )
    message = models.OneToOneField("linkage.OutboxMessage", models.PROTECT, related_name="cap_push")

    class Meta:
        ordering = ["pk"]
        verbose_name = _("pushed CAP alert")
        verbose_name_plural = _("pushed CAP alerts")
        constraints = [models.UniqueConstraint(fields=["issue", "link"], name="cap_pushed_once")]

    def __str__(self) -> str:
        return f"{self.issue_id} {self.link_id}"
