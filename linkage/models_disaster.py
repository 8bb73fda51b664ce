"""Disaster situations: an area at a level, its report cycle, its cameras, who was told onward."""

from __future__ import annotations

from django.conf import settings
from django.contrib.gis.db import models
from django.core.validators import MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from controlroom.municipalities.querysets import OwnedQuerySet


class CrisisLevel(models.IntegerChoices):
    """The four levels of a crisis alert (위기경보)."""

    ATTENTION = 1, pgettext_lazy("crisis level", "attention")
    CAUTION = 2, pgettext_lazy("crisis level", "caution")
    ALERT = 3, pgettext_lazy("crisis level", "alert")
    SERIOUS = 4, pgettext_lazy("crisis level", "serious")


class Channel(models.TextChoices):
    """How somebody is told onward."""

    PHONE = "phone", _("telephone")
    RADIO = "radio", _("radio")
    MESSENGER = "messenger", _("disaster messenger")
    FAX = "fax", _("fax")
    BROADCAST = "broadcast", _("village broadcast")
    IN_PERSON = "in_person", _("in person")


class Situation(models.Model):
    """What is going on over an area; changed only by the verbs of services.disaster.situations."""

    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.PROTECT,
        related_name="situations",
        verbose_name=_("municipality"),
    )
    incident = models.OneToOneField(
        "incidents.Incident",
        models.PROTECT,
        related_name="situation",
        verbose_name=_("incident"),
    )
    level = models.PositiveSmallIntegerField(
        _("crisis level"), choices=CrisisLevel.choices, default=CrisisLevel.ATTENTION
    )
    issuer = models.CharField(_("issued by"), max_length=120, blank=True)
    # The whole area, also beyond our border; None while only its name is known.
    area = models.MultiPolygonField(_("area"), geography=True, null=True, blank=True)
    area_names = models.JSONField(_("names of the area"), default=list, blank=True)
    # The cameras inside the area when it was last set, as picks of the camera choice.
    cameras = models.JSONField(_("camera group"), default=list, blank=True)
    casualties = models.CharField(_("casualties"), max_length=300, blank=True)
    actions = models.CharField(_("measures"), max_length=1000, blank=True)
    report_every_min = models.PositiveIntegerField(
        _("report every (min)"), null=True, blank=True, validators=[MinValueValidator(5)]
    )
    next_report_at = models.DateTimeField(_("next report"), null=True, blank=True)
    # A public situation stands in our own index of alerts.
    is_public = models.BooleanField(_("published as an alert"), default=False)
    started_at = models.DateTimeField(_("began"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-pk"]
        verbose_name = _("disaster situation")
        verbose_name_plural = _("disaster situations")
        indexes = [
            models.Index(
                fields=["next_report_at"],
                condition=models.Q(ended_at=None, next_report_at__isnull=False),
                name="situation_report_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.get_level_display()}"


class SituationReport(models.Model):
    """One report of the cycle: what was known then."""

    situation = models.ForeignKey(
        Situation, models.CASCADE, related_name="reports", verbose_name=_("disaster situation")
    )
    at = models.DateTimeField(_("when"), default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("who")
    )
    agent = models.CharField(_("machine"), max_length=100, blank=True)
    level = models.PositiveSmallIntegerField(_("crisis level"), choices=CrisisLevel.choices)
    text = models.CharField(_("text"), max_length=2000)

    class Meta:
        ordering = ["situation", "-pk"]
        verbose_name = _("situation report")
        verbose_name_plural = _("situation reports")

    def __str__(self) -> str:
        return f"{self.situation_id} {self.at:%H:%M}"


class OnwardContact(models.Model):
    """Whom a city tells onward from a level on: the template of the checklist."""

    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.CASCADE,
        related_name="onward_contacts",
        verbose_name=_("municipality"),
    )
    whom = models.CharField(_("whom"), max_length=120)
    channel = models.CharField(
        _("how"), max_length=10, choices=Channel.choices, default=Channel.PHONE
    )
    number = models.CharField(_("number or address"), max_length=60, blank=True)
    from_level = models.PositiveSmallIntegerField(
        _("from level"), choices=CrisisLevel.choices, default=CrisisLevel.ATTENTION
    )
    position = models.PositiveSmallIntegerField(_("order"), default=0)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["municipality", "position", "pk"]
        verbose_name = _("onward contact")
        verbose_name_plural = _("onward contacts")
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "whom", "channel"], name="onward_contact_once"
            )
        ]

    def __str__(self) -> str:
        return self.whom


class OnwardNotice(models.Model):
    """One row of the checklist: told when, by whom, acknowledged when, by whom."""

    situation = models.ForeignKey(
        Situation, models.CASCADE, related_name="notices", verbose_name=_("disaster situation")
    )
    whom = models.CharField(_("whom"), max_length=120)
    channel = models.CharField(
        _("how"), max_length=10, choices=Channel.choices, default=Channel.PHONE
    )
    number = models.CharField(_("number or address"), max_length=60, blank=True)
    added_at = models.DateTimeField(_("added"), default=timezone.now)
    told_at = models.DateTimeField(_("told"), null=True)
    told_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("told by"),
    )
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True)
    # The person at the other end who said that it was understood.
    acknowledged_by = models.CharField(_("acknowledged by"), max_length=80, blank=True)

    class Meta:
        ordering = ["situation", "pk"]
        verbose_name = _("onward notice")
        verbose_name_plural = _("onward notices")
        constraints = [
            models.UniqueConstraint(
                fields=["situation", "whom", "channel"], name="onward_notice_once"
            ),
            models.CheckConstraint(
                condition=models.Q(acknowledged_at=None) | models.Q(told_at__isnull=False),
                name="onward_told_before_acknowledged",
            ),
        ]

    def __str__(self) -> str:
        return self.whom
