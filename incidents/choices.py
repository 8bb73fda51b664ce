"""The words of incidents, with their labels."""

from django.db import models
from django.utils.translation import pgettext_lazy

from incidents import statuses


class Status(models.TextChoices):
    RECEIVED = statuses.Status.RECEIVED.value, pgettext_lazy("incident", "received")
    ACKNOWLEDGED = statuses.Status.ACKNOWLEDGED.value, pgettext_lazy("incident", "acknowledged")
    ACCEPTED = statuses.Status.ACCEPTED.value, pgettext_lazy("incident", "accepted")
    RESPONDING = statuses.Status.RESPONDING.value, pgettext_lazy("incident", "responding")
    CLOSED = statuses.Status.CLOSED.value, pgettext_lazy("incident", "closed")
    CANCELLED = statuses.Status.CANCELLED.value, pgettext_lazy("incident", "cancelled")
    FALSE_ALARM = statuses.Status.FALSE_ALARM.value, pgettext_lazy("incident", "false alarm")
    TRANSFERRED = statuses.Status.TRANSFERRED.value, pgettext_lazy("incident", "transferred")
    DUPLICATE = statuses.Status.DUPLICATE.value, pgettext_lazy("incident", "duplicate")


class Priority(models.IntegerChoices):
    """B2's four priorities; lower is more urgent, SYSTEM stands apart."""

    P1 = 1, pgettext_lazy("priority", "urgent")
    P2 = 2, pgettext_lazy("priority", "high")
    P3 = 3, pgettext_lazy("priority", "normal")
    SYSTEM = 4, pgettext_lazy("priority", "system")


class Service(models.TextChoices):
    """Which linked service a report came by."""

    POLICE112 = "police112", pgettext_lazy("service", "police 112")
    FIRE119 = "fire119", pgettext_lazy("service", "fire 119")
    DISASTER = "disaster", pgettext_lazy("service", "disaster")
    CITY = "city", pgettext_lazy("service", "the centre itself")


class KindClass(models.TextChoices):
    """Coarse class by which probable duplicates are compared."""

    VIOLENCE = "violence", pgettext_lazy("kind", "violence")
    PROPERTY = "property", pgettext_lazy("kind", "property crime")
    TRAFFIC = "traffic", pgettext_lazy("kind", "traffic")
    FIRE = "fire", pgettext_lazy("kind", "fire")
    RESCUE = "rescue", pgettext_lazy("kind", "rescue")
    MEDICAL = "medical", pgettext_lazy("kind", "medical")
    MISSING = "missing", pgettext_lazy("kind", "missing person")
    CROWD = "crowd", pgettext_lazy("kind", "crowd")
    DISASTER = "disaster", pgettext_lazy("kind", "disaster")
    ORDER = "order", pgettext_lazy("kind", "public order")
    OTHER = "other", pgettext_lazy("kind", "other")


class ReportState(models.TextChoices):
    """What a report says about its case."""

    NEW = "new", pgettext_lazy("report", "new")
    UPDATE = "update", pgettext_lazy("report", "update")
    CANCEL = "cancel", pgettext_lazy("report", "cancel")


class Result(models.TextChoices):
    RESOLVED = "resolved", pgettext_lazy("result", "resolved on scene")
    ARREST = "arrest", pgettext_lazy("result", "suspect arrested")
    FOUND = "found", pgettext_lazy("result", "person found")
    HANDED_OVER = "handed_over", pgettext_lazy("result", "handed over to the agency")
    NO_TRACE = "no_trace", pgettext_lazy("result", "nothing found")
    FALSE_ALARM = "false_alarm", pgettext_lazy("result", "false alarm")
    CANCELLED = "cancelled", pgettext_lazy("result", "cancelled by the agency")
    OTHER = "other", pgettext_lazy("result", "other")
