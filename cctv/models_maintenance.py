"""Maintenance: tickets for cameras that need a hand, what was done, rules and planned work."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cctv.choices import TicketCause, TicketState
from controlroom.municipalities.querysets import OwnedQuerySet
from controlroom.municipalities.roles import Right

_PRIORITY = [MinValueValidator(1), MaxValueValidator(4)]


class TicketQuerySet(OwnedQuerySet):
    right = Right.OPERATIONS_VIEW


class RuleQuerySet(OwnedQuerySet):
    right = Right.REGISTER_MANAGE


class MaintenanceTicket(models.Model):
    """A camera, or several that fail together, needs a hand. Changed only by cctv.maintenance."""

    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.PROTECT,
        related_name="+",
        verbose_name=_("municipality"),
    )
    cause = models.CharField(_("cause"), max_length=10, choices=TicketCause.choices)
    state = models.CharField(
        _("state"), max_length=10, choices=TicketState.choices, default=TicketState.OPEN
    )
    priority = models.PositiveSmallIntegerField(_("priority"), validators=_PRIORITY)
    cameras = models.ManyToManyField("cctv.Camera", related_name="+", verbose_name=_("cameras"))
    # Set when the system grouped the cameras of one host; it adds to its own ticket.
    host_key = models.CharField(max_length=16, blank=True, editable=False)
    contractor = models.CharField(_("contractor"), max_length=120, blank=True)
    # Nobody: the system opened it.
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("opened by"),
    )
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    state_at = models.DateTimeField(_("state since"), default=timezone.now)

    objects = TicketQuerySet.as_manager()

    class Meta:
        ordering = ["priority", "-opened_at"]
        verbose_name = _("maintenance ticket")
        verbose_name_plural = _("maintenance tickets")
        indexes = [
            models.Index(
                fields=["municipality", "priority"],
                condition=~Q(state="closed"),
                name="ticket_standing",
            )
        ]

    def __str__(self) -> str:
        return f"M{self.pk} {self.get_cause_display()}"


class MaintenanceNote(models.Model):
    """What was done with a ticket, by whom and when. Rows are only added."""

    ticket = models.ForeignKey(MaintenanceTicket, models.PROTECT, related_name="notes")
    verb = models.CharField(_("act"), max_length=10)
    state = models.CharField(_("state"), max_length=10, choices=TicketState.choices)
    text = models.CharField(_("note"), max_length=500, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = _("note on a ticket")
        verbose_name_plural = _("notes on tickets")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.verb}"


class TicketRule(models.Model):
    """A city's own word on when a state opens a ticket (cctv.maintenance_states.RULES)."""

    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.CASCADE,
        related_name="+",
        verbose_name=_("municipality"),
    )
    cause = models.CharField(_("cause"), max_length=10, choices=TicketCause.automatic())
    is_active = models.BooleanField(_("opens tickets by itself"), default=True)
    after_min = models.PositiveIntegerField(_("after (minutes)"))
    priority = models.PositiveSmallIntegerField(_("priority"), validators=_PRIORITY)

    objects = RuleQuerySet.as_manager()

    class Meta:
        ordering = ["municipality", "cause"]
        verbose_name = _("rule for automatic tickets")
        verbose_name_plural = _("rules for automatic tickets")
        constraints = [
            models.UniqueConstraint(fields=["municipality", "cause"], name="ticket_rule_once")
        ]

    def __str__(self) -> str:
        return f"{self.municipality_id} {self.cause}"


class PlannedWork(models.Model):
    """Time in which cameras may fail without alarm or ticket: of one site, or of the whole city."""

    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.CASCADE,
        related_name="+",
        verbose_name=_("municipality"),
    )
    site = models.ForeignKey(
        "cctv.Site",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("camera site"),
        help_text=_("empty means every camera of the municipality"),
    )
    begins_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("to"))
    reason = models.CharField(_("reason"), max_length=200)

    objects = RuleQuerySet.as_manager()

    class Meta:
        ordering = ["-begins_at"]
        verbose_name = _("planned maintenance")
        verbose_name_plural = _("planned maintenance")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("begins_at")), name="planned_work_ends_after_it_begins"
            )
        ]

    def __str__(self) -> str:
        return f"{self.begins_at:%Y-%m-%d %H:%M} {self.reason}"
