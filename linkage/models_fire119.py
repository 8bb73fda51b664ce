"""What the 119 room tells beyond its report: the case's state, every time stamp, the engines."""

from __future__ import annotations

from django.contrib.gis.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from controlroom.municipalities.querysets import OwnedQuerySet
from linkage.services.fire119.sequence import CaseState


class FireCaseState(models.TextChoices):
    OPEN = CaseState.OPEN.value, pgettext_lazy("119 case", "open")
    CANCELLED = CaseState.CANCELLED.value, pgettext_lazy("119 case", "taken back")
    ENDED = CaseState.ENDED.value, pgettext_lazy("119 case", "ended by 119")


class FireStep(models.TextChoices):
    RECEIVED = "received", pgettext_lazy("119 step", "report received")
    ORDERED = "ordered", pgettext_lazy("119 step", "ordered out")
    DEPARTED = "departed", pgettext_lazy("119 step", "departed")
    ARRIVED = "arrived", pgettext_lazy("119 step", "arrived")
    UNDER_CONTROL = "under_control", pgettext_lazy("119 step", "under control")
    WITHDRAWN = "withdrawn", pgettext_lazy("119 step", "withdrawn")


class FireCase(models.Model):
    """Where a 119 case stands; its newest report is in Case.payload."""

    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    case = models.OneToOneField("linkage.Case", models.PROTECT, related_name="fire")
    state = models.CharField(
        _("state"), max_length=10, choices=FireCaseState.choices, default=FireCaseState.OPEN
    )
    closing_code = models.CharField(_("closing code"), max_length=20, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    # When positions were last told to the consoles: a stream of them is one fact in a while.
    announced_at = models.DateTimeField(null=True, editable=False)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("119 case")
        verbose_name_plural = _("119 cases")

    def __str__(self) -> str:
        return str(self.case_id)


class FireTime(models.Model):
    """One time stamp as it was told; of several for one step the one told last counts."""

    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    case = models.ForeignKey("linkage.Case", models.PROTECT, related_name="fire_times")
    # Empty: a step of the whole case.
    unit = models.CharField(_("call sign"), max_length=30, blank=True)
    step = models.CharField(_("step"), max_length=14, choices=FireStep.choices)
    at = models.DateTimeField(_("when"))
    told_at = models.DateTimeField(_("told"))

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["case", "at", "pk"]
        verbose_name = _("119 time stamp")
        verbose_name_plural = _("119 time stamps")
        constraints = [
            models.UniqueConstraint(
                fields=["case", "unit", "step", "at"], name="fire_time_told_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.unit} {self.step} {self.at:%H:%M:%S}".strip()


class Engine(models.Model):
    """An engine or crew of a case, and where it was last."""

    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    case = models.ForeignKey("linkage.Case", models.PROTECT, related_name="engines")
    call_sign = models.CharField(_("call sign"), max_length=30)
    vehicle = models.CharField(_("vehicle"), max_length=12, blank=True)
    location = models.PointField(_("place"), geography=True, null=True, blank=True)
    speed_kmh = models.FloatField(_("speed (km/h)"), null=True, blank=True)
    heading_deg = models.FloatField(_("heading (°)"), null=True, blank=True)
    located_at = models.DateTimeField(_("was there at"), null=True, blank=True)
    received_at = models.DateTimeField(_("received"), default=timezone.now)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["case", "call_sign"]
        verbose_name = _("engine")
        verbose_name_plural = _("engines")
        constraints = [
            models.UniqueConstraint(fields=["case", "call_sign"], name="engine_once_per_case")
        ]

    def __str__(self) -> str:
        return self.call_sign
