"""What came on a link and was not taken: refused with a code, or held back for its rate."""

from __future__ import annotations

from django.db import models

from linkage.querysets import OfLinkQuerySet


class RefusedMessages(models.Model):
    """The refusals of one link by one code within one hour: a count, and what the last one was.

    A flood of bad messages is one row. Neither content nor personal data is kept.
    """

    link = models.ForeignKey("linkage.Link", models.CASCADE, related_name="refused")
    code = models.CharField(max_length=40)
    hour = models.DateTimeField()
    count = models.PositiveIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    message_id = models.CharField(max_length=80, blank=True)
    # The names of the fields at fault.
    reason = models.CharField(max_length=200, blank=True)

    objects = OfLinkQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["link", "code", "hour"], name="refused_once_an_hour"),
        ]
        indexes = [models.Index(fields=["code", "last_at"], name="refused_by_code")]

    def __str__(self) -> str:
        return f"{self.link_id} {self.code} {self.count}"


class RefusalRun(models.Model):
    """How many messages of a link were refused in a row since one was taken."""

    link = models.OneToOneField(
        "linkage.Link", models.CASCADE, primary_key=True, related_name="refusal_run"
    )
    in_a_row = models.PositiveIntegerField()
    began_at = models.DateTimeField()
    last_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.link_id} {self.in_a_row}"


class HeldBack(models.Model):
    """The requests of an API caller held back within one minute; unlogged as its bucket."""

    key = models.CharField(max_length=80)
    minute = models.DateTimeField()
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "minute"], name="held_back_once_a_minute"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.count}"
