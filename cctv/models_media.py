"""The sessions that a media server opened for our views: what must be kicked when a view ends."""

from django.db import models
from django.db.models import Q
from django.utils import timezone


class MediaSession(models.Model):
    """A reader that we let in once; its view is the record of watching."""

    view = models.ForeignKey("cctv.ViewRecord", models.CASCADE, related_name="media_sessions")
    kind = models.CharField(max_length=20)
    session_id = models.CharField(max_length=64)
    # A pass into the server opens one session.
    pass_digest = models.CharField(max_length=64, unique=True, editable=False)
    bytes_sent = models.BigIntegerField(default=0)
    admitted_at = models.DateTimeField(default=timezone.now)
    # When `bytes_sent` was read last: what the server sent since then it sent after this.
    looked_at = models.DateTimeField(default=timezone.now)
    kicked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "session_id"], name="media_session_once"),
        ]
        indexes = [
            models.Index(
                fields=["view"], condition=Q(kicked_at__isnull=True), name="media_session_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.session_id}"
