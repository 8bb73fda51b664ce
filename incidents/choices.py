"""The words of incidents, with their labels."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from incidents import statuses


class Status(models.TextChoices):
    RECEIVED = statuses.Status.RECEIVED.value, _("received")
    ACKNOWLEDGED = statuses.Status.ACKNOWLEDGED.value, _("acknowledged")
    ACCEPTED = statuses.Status.ACCEPTED.value, _("accepted")
    RESPONDING = statuses.Status.RESPONDING.value, _("responding")
    CLOSED = statuses.Status.CLOSED.value, _("closed")
    CANCELLED = statuses.Status.CANCELLED.value, _("cancelled")
    FALSE_ALARM = statuses.Status.FALSE_ALARM.value, _("false alarm")
    TRANSFERRED = statuses.Status.TRANSFERRED.value, _("transferred")
    DUPLICATE = statuses.Status.DUPLICATE.value, _("duplicate")


class Priority(models.IntegerChoices):
    """B2's four priorities; lower is more urgent, SYSTEM stands apart."""

    P1 = 1, _("urgent")
    P2 = 2, _("high")
    P3 = 3, _("normal")
    SYSTEM = 4, _("system")


class Service(models.TextChoices):
    """Which linked service a report came by."""

    POLICE112 = "police112", _("police 112")
    FIRE119 = "fire119", _("fire 119")
    DISASTER = "disaster", _("disaster")
    CITY = "city", _("the centre itself")


class KindClass(models.TextChoices):
    """Coarse class by which probable duplicates are compared."""

    VIOLENCE = "violence", _("violence")
    PROPERTY = "property", _("property crime")
    TRAFFIC = "traffic", _("traffic")
    FIRE = "fire", _("fire")
    RESCUE = "rescue", _("rescue")
    MEDICAL = "medical", _("medical")
    MISSING = "missing", _("missing person")
    CROWD = "crowd", _("crowd")
    DISASTER = "disaster", _("disaster")
    ORDER = "order", _("public order")
    OTHER = "other", _("other")


class ReportState(models.TextChoices):
    """What a report says about its case."""

    NEW = "new", _("new")
    UPDATE = "update", _("update")
    CANCEL = "cancel", _("cancel")


class Result(models.TextChoices):
    RESOLVED = "resolved", _("resolved on scene")
    ARREST = "arrest", _("suspect arrested")
    FOUND = "found", _("person found")
    HANDED_OVER = "handed_over", _("handed over to the agency")
    NO_TRACE = "no_trace", _("nothing found")
    FALSE_ALARM = "false_alarm", _("false alarm")
    CANCELLED = "cancelled", _("cancelled by the agency")
    OTHER = "other", _("other")
