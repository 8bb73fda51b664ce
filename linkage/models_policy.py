"""Changes of the policy on video: proposed by one person, in force by another's word."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from controlroom.municipalities.querysets import OwnedQuerySet
from controlroom.municipalities.roles import Right


class ChangeState(models.TextChoices):
    PROPOSED = "proposed", pgettext_lazy("policy", "waits for a second person")
    APPROVED = "approved", pgettext_lazy("policy", "approved")
    REJECTED = "rejected", pgettext_lazy("policy", "rejected")
    WITHDRAWN = "withdrawn", pgettext_lazy("policy", "withdrawn")
    LAPSED = "lapsed", pgettext_lazy("policy", "nobody decided in time")


class PolicyChangeQuerySet(OwnedQuerySet):
    right = Right.POLICY_MANAGE

    def in_force(self) -> Self:
        """Keep what counts now: of each row of each municipality the change approved last."""
        approved = self.filter(state=ChangeState.APPROVED)
        newest = approved.order_by("municipality_id", "row", "-decided_at", "-pk")
        return newest.distinct("municipality_id", "row")


class PolicyChange(models.Model):
    """One row of the matrix of one municipality, as it should be; the approved ones are the policy.

    The newest approved change of a row is what counts; without one the row of
    linkage.policy.rows does. Changed only by the verbs of linkage.policy_changes.
    """

    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.PROTECT,
        related_name="policy_changes",
        verbose_name=_("municipality"),
    )
    row = models.CharField(_("row"), max_length=40)
    before = models.JSONField(_("before"))
    after = models.JSONField(_("after"))
    reason = models.CharField(_("reason"), max_length=500)
    proposed_by = models.ForeignKey(
        "accounts.User", models.PROTECT, related_name="+", verbose_name=_("proposed by")
    )
    proposed_at = models.DateTimeField(_("proposed"), default=timezone.now)
    lapses_at = models.DateTimeField(_("lapses"))
    state = models.CharField(
        _("state"), max_length=10, choices=ChangeState.choices, default=ChangeState.PROPOSED
    )
    decided_by = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    decision = models.CharField(_("word of the second person"), max_length=500, blank=True)

    objects = PolicyChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-proposed_at", "-pk"]
        verbose_name = _("change of the video policy")
        verbose_name_plural = _("changes of the video policy")
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "row"],
                condition=Q(state=ChangeState.PROPOSED),
                name="policy_change_one_waits",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[ChangeState.APPROVED, ChangeState.REJECTED])
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("proposed_by"))),
                name="policy_change_two_people",
            ),
            models.CheckConstraint(
                condition=Q(state=ChangeState.PROPOSED, decided_at=None)
                | (~Q(state=ChangeState.PROPOSED) & Q(decided_at__isnull=False)),
                name="policy_change_decided",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="policy_change_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.row} {self.get_state_display()}"
