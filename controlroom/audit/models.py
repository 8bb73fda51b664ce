"""Who saw or did what, and why. Rows are only ever added."""

from django.db import models
from django.db.models.fields.json import KeyTextTransform
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from controlroom.audit.models_chain import ChainLink, ChainState
from controlroom.audit.models_review import Review
from controlroom.municipalities.querysets import OwnedQuerySet
from controlroom.municipalities.roles import Right


class RecordQuerySet(OwnedQuerySet):
    right = Right.RECORDS_READ


class Record(models.Model):
    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("municipality"),
    )
    at = models.DateTimeField(_("time"), default=timezone.now, db_index=True)
    actor = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, related_name="+", verbose_name=_("person")
    )
    # A machine that acted: the OAuth client or the process name.
    agent = models.CharField(_("machine"), max_length=100, blank=True)
    action = models.CharField(_("action"), max_length=60, db_index=True)
    subject_kind = models.CharField(_("subject kind"), max_length=40)
    subject_id = models.CharField(_("subject"), max_length=60)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    detail = models.JSONField(_("detail"), default=dict)

    objects = RecordQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("audit record")
        verbose_name_plural = _("audit records")
        indexes = [
            models.Index(fields=["subject_kind", "subject_id"], name="record_by_subject"),
            models.Index(KeyTextTransform("incident", "detail"), name="record_by_incident"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.action} {self.subject_kind} {self.subject_id}"


__all__ = ["ChainLink", "ChainState", "Record", "Review"]
