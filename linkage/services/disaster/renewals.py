"""Keep our own alerts in force: a situation that stays public is said again before they expire."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from incidents.features import moment
from incidents.models import Incident
from linkage.models_cap import CapIssue
from linkage.models_disaster import Situation
from linkage.services.disaster import own_alerts

# So long before its end an alert is followed by another: who was away for a night still hears it.
RENEW_BEFORE = timedelta(hours=6)
# So much later the auditor says that nobody did it; hours are left to publish by hand.
LATE_AFTER = timedelta(minutes=5)
EXPIRING = "cap.expiring"
log = structlog.get_logger(__name__)


def due(now: datetime) -> QuerySet[Situation]:
    """Give the situations that are public and go on, and whose newest alert runs out."""
    newest = CapIssue.objects.filter(situation=OuterRef("pk")).order_by("-pk")
    rows: Any = Situation.objects.filter(is_public=True, ended_at=None)
    rows = rows.annotate(alert_expires=Subquery(newest.values("expires")[:1]))
    runs_out = Q(alert_expires=None) | Q(alert_expires__lt=now + RENEW_BEFORE)
    rows = rows.filter(runs_out).order_by("alert_expires", "pk")
    found: QuerySet[Situation] = rows.select_related("incident")
    return found


@transaction.atomic
def renew(*, situation: Situation) -> CapIssue | None:
    """Issue what the situation is now as an Update of the last alert; None when it was done.

    Locks: the incident, the situation, then what owing the alert locks (cap_pushes).
    """
    Incident.objects.select_for_update(no_key=True).only("pk").get(pk=situation.incident_id)
    Situation.objects.select_for_update(no_key=True).only("pk").get(pk=situation.pk)
    # Looked at only now: somebody may have ended it, taken it back or told the news meanwhile.
    row = due(timezone.now()).select_related("municipality", "incident__kind")
    current = row.filter(pk=situation.pk).first()
    return own_alerts.issue(current) if current else None


def renew_due() -> int:
    """Renew what runs out; give how many. One that cannot be renewed keeps no other from it."""
    renewed = 0
    for row in due(timezone.now()):
        try:
            renewed += renew(situation=row) is not None
        except Exception as error:
            log.exception("cap_renewal_failed", situation=row.pk, error=type(error).__name__)
    return renewed


def late() -> QuerySet[Situation]:
    """Give the situations whose alert nobody has renewed in time."""
    return due(timezone.now() - LATE_AFTER)


def late_detail(row: Situation) -> dict[str, Any]:
    return {
        "number": row.incident.number,
        "expires": moment(getattr(row, "alert_expires", None)),
        "is_drill": row.incident.is_drill,
    }
