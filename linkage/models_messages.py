"""Disaster text messages (긴급재난문자) and where each one landed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from controlroom.municipalities.querysets import OwnedQuerySet


class Landing(models.TextChoices):
    """What became of a message's place."""

    PLACED = "placed", pgettext_lazy("disaster message", "placed")
    AMBIGUOUS = "ambiguous", pgettext_lazy("disaster message", "ambiguous")
    UNPLACED = "unplaced", pgettext_lazy("disaster message", "names no place")


class OpensFrom(models.TextChoices):
    """Which text messages open an incident; a safety notice (안전안내) never does."""

    URGENT = "urgent", _("critical and urgent disaster messages")
    CRITICAL = "critical", _("critical disaster messages only")
    NEVER = "never", _("none")


class MessagePolicy(models.Model):
    """A municipality's own choice; without a row it is OpensFrom.URGENT."""

    municipality = models.OneToOneField(
        "municipalities.Municipality",
        models.CASCADE,
        related_name="message_policy",
        verbose_name=_("municipality"),
    )
    opens_from = models.CharField(
        _("open an incident for"),
        max_length=10,
        choices=OpensFrom.choices,
        default=OpensFrom.URGENT,
    )

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("policy for disaster text messages")
        verbose_name_plural = _("policies for disaster text messages")

    def __str__(self) -> str:
        return f"{self.municipality_id} {self.opens_from}"


class DisasterMessage(models.Model):
    """One text message as the ministry publishes it; one row of SN."""

    number = models.BigIntegerField(_("serial number"), unique=True)
    issued_at = models.DateTimeField(_("issued"), db_index=True)
    agency = models.CharField(_("issued by"), max_length=100, blank=True)
    regions = models.CharField(_("reception areas"), max_length=2000, blank=True)
    category = models.CharField(_("disaster"), max_length=40)
    step = models.CharField(_("urgency"), max_length=20)
    text = models.TextField(_("text"))
    landing = models.CharField(_("landing"), max_length=10, choices=Landing.choices)
    # Why it landed there: a rule of services.disaster.landing.
    rule = models.CharField(_("by the rule"), max_length=20)
    # Codes of ambiguous candidates (5 digits, or 2 for a province).
    candidates = models.JSONField(_("candidates"), default=list)
    # Their names as the gazetteer of the import knew them, in the same order.
    candidate_names = models.JSONField(_("names of the candidates"), default=list)
    imported_at = models.DateTimeField(_("taken in"), default=timezone.now)

    class Meta:
        ordering = ["-issued_at", "-number"]
        verbose_name = _("disaster text message")
        verbose_name_plural = _("disaster text messages")

    def __str__(self) -> str:
        return str(self.number)


class DisasterMessagePlace(models.Model):
    """One place a message landed on: an event of that municipality, if it is one of ours."""

    message = models.ForeignKey(DisasterMessage, models.CASCADE, related_name="places")
    code = models.CharField(_("administrative code"), max_length=5)
    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, null=True, related_name="disaster_messages"
    )
    incident = models.ForeignKey(
        "incidents.Incident", models.PROTECT, null=True, related_name="disaster_messages"
    )

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["message", "code"]
        verbose_name = _("place of a disaster text message")
        verbose_name_plural = _("places of disaster text messages")
        constraints = [
            models.UniqueConstraint(fields=["message", "code"], name="message_lands_once")
        ]

    def __str__(self) -> str:
        return f"{self.message_id} {self.code}"


class MessageDecision(models.Model):
    """Whose a message is, as a person said; changed only by services.disaster.decisions.

    Rows are only added. Without a municipality: it concerns none of this installation.
    """

    message = models.ForeignKey(
        DisasterMessage,
        models.PROTECT,
        related_name="decisions",
        verbose_name=_("disaster text message"),
    )
    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.PROTECT,
        null=True,
        related_name="message_decisions",
        verbose_name=_("municipality"),
    )
    is_ours = models.BooleanField(_("concerns the municipality"))
    at = models.DateTimeField(_("when"), default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("who")
    )

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["message", "pk"]
        verbose_name = _("decision on a disaster text message")
        verbose_name_plural = _("decisions on disaster text messages")
        constraints = [
            models.UniqueConstraint(
                fields=["message", "municipality", "is_ours"],
                nulls_distinct=False,
                name="message_decided_once",
            ),
            models.CheckConstraint(
                condition=models.Q(municipality__isnull=False) | models.Q(is_ours=False),
                name="message_of_none_is_not_ours",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} {self.municipality_id} {self.is_ours}"
