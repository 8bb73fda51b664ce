"""What people owe by telephone while a line is silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from linkage.choices import PhoneReason, PhoneState
from linkage.querysets import PhoneTaskQuerySet

if TYPE_CHECKING:
    from linkage.models import OutboxMessage


class PhoneTask(models.Model):
    """One message that the line did not confirm in time: somebody telephones the agency."""

    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    message: models.OneToOneField[OutboxMessage] = models.OneToOneField(
        "linkage.OutboxMessage",
        models.PROTECT,
        related_name="phone_task",
        verbose_name=_("outbox message"),
    )
    state = models.CharField(
        _("task state"), max_length=12, choices=PhoneState.choices, default=PhoneState.OPEN
    )
    reason = models.CharField(_("reason"), max_length=16, choices=PhoneReason.choices)
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    called_at = models.DateTimeField(_("time of the call"), null=True)
    spoke_to = models.CharField(_("spoken to"), max_length=80, blank=True)
    said = models.CharField(_("what was said"), max_length=1000, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("recorded by"),
    )
    recorded_at = models.DateTimeField(_("recorded"), null=True)
    # The moment at which the line brought the agency's own acknowledgement after all.
    reconciled_at = models.DateTimeField(_("acknowledged"), null=True)

    objects = PhoneTaskQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("telephone task")
        verbose_name_plural = _("telephone tasks")
        indexes = [
            models.Index(fields=["municipality", "state", "-id"], name="phone_task_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} {self.state}"
