"""What the centre reports to an agency, and the agency's own number for it."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from controlroom.municipalities.querysets import OwnedQuerySet


class Relation(models.TextChoices):
    """What the report asks of the agency."""

    REPORT = "report", pgettext_lazy("filed", "report")
    CO_RESPONSE = "co_response", pgettext_lazy("filed", "co-response asked for")
    TRANSFER = "transfer", pgettext_lazy("filed", "handed on")


class FiledReport(models.Model):
    """A report of ours to one agency; its number there makes it a case like any other."""

    uid = models.UUIDField(_("report"), unique=True, default=uuid.uuid4, editable=False)
    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    link = models.ForeignKey(
        "linkage.Link", models.PROTECT, related_name="filed", verbose_name=_("link")
    )
    incident = models.ForeignKey(
        "incidents.Incident", models.PROTECT, related_name="filed", verbose_name=_("incident")
    )
    message = models.OneToOneField(
        "linkage.OutboxMessage", models.PROTECT, related_name="filed", verbose_name=_("message")
    )
    relation = models.CharField(_("what is asked"), max_length=12, choices=Relation.choices)
    text = models.CharField(_("text"), max_length=500)
    filed_at = models.DateTimeField(_("reported"), default=timezone.now)
    filed_by = models.ForeignKey(
        "accounts.User", models.PROTECT, related_name="+", verbose_name=_("who")
    )
    case = models.ForeignKey(
        "linkage.Case",
        models.PROTECT,
        null=True,
        related_name="filed",
        verbose_name=_("agency's case"),
    )
    taken_at = models.DateTimeField(_("taken in by the agency"), null=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["-filed_at", "-pk"]
        verbose_name = _("report to an agency")
        verbose_name_plural = _("reports to agencies")

    def __str__(self) -> str:
        return str(self.uid)
