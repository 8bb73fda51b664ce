"""Canaries: the auditor plants a row, a worker must take it; how long the oldest waits."""

from datetime import timedelta

from django.db.models import Min
from django.utils import timezone

from linkage.models import Canary

KEPT_FOR = timedelta(days=1)


def plant() -> None:
    """Leave one row for the workers; none while one waits, so that an outage leaves one."""
    if not Canary.objects.filter(processed_at=None).exists():
        Canary.objects.create()
    Canary.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()


def take() -> int:
    """Process what waits: this is all that a worker has to do to be alive."""
    return Canary.objects.filter(processed_at=None).update(processed_at=timezone.now())


def waiting() -> timedelta:
    """Give how long the oldest row has waited."""
    oldest = Canary.objects.filter(processed_at=None).aggregate(at=Min("created_at"))["at"]
    return timezone.now() - oldest if oldest else timedelta(0)
