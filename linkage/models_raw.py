"""What came by a link outside the inbox, byte for byte: answers, batches, bundles of alerts."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from linkage.querysets import OfLinkQuerySet


class RawIntake(models.Model):
    """One content as it came; the same content next time is only counted. Kept as the inbox is."""

    link = models.ForeignKey(
        "linkage.Link", models.PROTECT, related_name="raw_intakes", verbose_name=_("link")
    )
    # Empty for what was sent to us.
    feed = models.ForeignKey(
        "linkage.Feed",
        models.PROTECT,
        null=True,
        related_name="raw_intakes",
        verbose_name=_("feed"),
    )
    raw = models.BinaryField(_("as received"))
    sha256 = models.CharField(max_length=64)
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    # When the same content came last, and how often it did.
    again_at = models.DateTimeField(_("last the same"), default=timezone.now)
    times = models.PositiveIntegerField(_("times"), default=1)

    objects = OfLinkQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("raw answer or batch")
        verbose_name_plural = _("raw answers and batches")
        indexes = [
            models.Index(fields=["feed", "-id"], name="raw_newest_by_feed"),
            models.Index(fields=["link", "-id"], name="raw_newest_by_link"),
        ]

    def __str__(self) -> str:
        return f"{self.link_id} {self.received_at:%Y-%m-%d %H:%M:%S}"
