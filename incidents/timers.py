"""The clock of unacknowledged alarms: who is told when nobody looks in time.

Source: reliability_and_console.md B2 (P1 and P2 within a minute), domain.md 8 (30, 60, 120 s to
the supervisor, then the agency by telephone).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from incidents import events
from incidents.choices import Priority, Status
from incidents.history import write_fact
from incidents.models import Incident
from incidents.statuses import Status as Stage

AGENT = "clock"


@dataclass(frozen=True)
class Step:
    """After this long without an acknowledgement, these are told."""

    level: int
    after_s: int
    to: str


STEPS = (
    Step(1, 30, "operators"),
    Step(2, 60, "supervisor"),
    Step(3, 120, "telephone"),
)
ALARMS = (Priority.P1.value, Priority.P2.value)


def due_step(age_s: float) -> Step | None:
    """Give the last step whose time has come."""
    return max((step for step in STEPS if age_s >= step.after_s), key=_level, default=None)


def _level(step: Step) -> int:
    return step.level


def escalate_overdue(*, now: datetime | None = None) -> int:
    """Escalate every unacknowledged P1 and P2 whose next step is due; return how many were.

    Doing it again, or twice at once, escalates nothing twice. Each incident has its own
    transaction, so that one that fails holds up no other.
    """
    now = now or timezone.now()
    waiting = overdue_escalations(grace=timedelta(0), now=now)
    return sum(_escalate(pk, now) for pk in waiting.values_list("pk", flat=True))


def overdue_escalations(*, grace: timedelta, now: datetime | None = None) -> QuerySet[Incident]:
    """Keep the incidents whose next step was due longer ago than the grace: the clock stands."""
    now = now or timezone.now()
    overdue = Q()
    for step in STEPS:
        late = now - timedelta(seconds=step.after_s) - grace
        overdue |= Q(escalation_level__lt=step.level, rings_since__lte=late)
    return Incident.objects.filter(overdue, status=Status.RECEIVED, priority__in=ALARMS)


@transaction.atomic
def _escalate(pk: UUID, now: datetime) -> bool:
    locked = Incident.objects.select_for_update(no_key=True, skip_locked=True).only("pk")
    if not locked.filter(pk=pk, status=Status.RECEIVED).exists():
        return False
    row = Incident.objects.select_related("kind", "owner", "offered_to").get(pk=pk)
    step = due_step((now - row.rings_since).total_seconds())
    if step is None or step.level <= row.escalation_level:
        return False
    row.escalation_level = step.level
    row.version += 1
    row.save()
    write_fact(
        row,
        events.ESCALATE,
        before=Stage.RECEIVED,
        by=None,
        agent=AGENT,
        text="",
        data={"level": step.level, "after_s": step.after_s, "to": step.to},
    )
    return True
