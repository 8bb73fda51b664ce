"""The monthly look at who saw what: who looked, what was found. Rows are only ever added."""

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from controlroom.municipalities.querysets import OwnedQuerySet
from controlroom.municipalities.roles import Right


class ReviewQuerySet(OwnedQuerySet):
    right = Right.RECORDS_READ


class Review(models.Model):
    """One sign-off of a month of a municipality's records; a correction is one more."""

    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.PROTECT,
        related_name="+",
        verbose_name=_("municipality"),
    )
    month = models.CharField(
        _("month"),
        max_length=7,
        validators=[RegexValidator(r"^20\d\d-(0[1-9]|1[0-2])$", _("a month, as 2026-11"))],
        help_text=_("a month that is over, as 2026-11"),
    )
    reviewer = models.ForeignKey(
        "accounts.User", models.PROTECT, related_name="+", verbose_name=_("reviewer")
    )
    at = models.DateTimeField(_("signed off"), auto_now_add=True)
    findings = models.TextField(
        _("findings"),
        help_text=_("what was looked at and what was found; also that nothing was found"),
    )
    # What there was to look at: number of records by action, and where the chain stood.
    counted = models.JSONField(_("records by action"), default=dict)
    chain_number = models.BigIntegerField(_("number of the chain"))

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-month", "-pk"]
        verbose_name = _("access review")
        verbose_name_plural = _("access reviews")

    def __str__(self) -> str:
        return f"{self.month} {self.municipality}"
