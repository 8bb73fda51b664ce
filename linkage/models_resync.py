"""Who asked to have everything again over a link, since when, why, and how much it was."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from linkage.querysets import OfLinkQuerySet


class Asker(models.TextChoices):
    AGENCY = "agency", _("the agency")
    CENTRE = "centre", _("the centre")


class Resync(models.Model):
    """One wish for what went over the link before: the agency's for ours, or ours for theirs."""

    link = models.ForeignKey(
        "linkage.Link", models.PROTECT, related_name="resyncs", verbose_name=_("link")
    )
    asker = models.CharField(_("asked by"), max_length=6, choices=Asker.choices)
    # The person, of the agency or of the centre; none when the agency's system asked.
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("person"),
    )
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    from_sequence = models.BigIntegerField(_("from sequence"), null=True)
    since = models.DateTimeField(_("since"), null=True)
    reason = models.CharField(_("reason"), max_length=300)
    # The agency's wish: how many messages are offered again. Ours: the message that carries it.
    offered = models.PositiveIntegerField(_("messages offered again"), default=0)
    message = models.OneToOneField(
        "linkage.OutboxMessage", models.PROTECT, null=True, related_name="resync"
    )

    objects = OfLinkQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("resynchronisation")
        verbose_name_plural = _("resynchronisations")
        indexes = [models.Index(fields=["link", "-id"], name="resync_newest_by_link")]

    def __str__(self) -> str:
        return f"{self.link_id} {self.asked_at:%Y-%m-%d %H:%M}"
