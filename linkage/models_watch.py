"""What the auditor leaves for the workers, to see whether they live."""

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Canary(models.Model):
    """A row that a worker must process in time: a living process may still take up no work."""

    created_at = models.DateTimeField(default=timezone.now)
    processed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["created_at"], condition=Q(processed_at=None), name="canary_waiting"
            )
        ]

    def __str__(self) -> str:
        return f"{self.pk}"
