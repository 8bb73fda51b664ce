"""When this server's clock is set back: nothing may wait for a time that lay ahead by mistake.

A message leased, or put off, or a line paused before the step would stand still for as long as the
clock was set back: each has a longest wait, and what waits longer is taken up at once.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F, Q, Value
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from linkage import circuit, delivery, retries
from linkage.models import Link, OutboxMessage

# Clocks that are kept by a time server step by less.
SLACK = timedelta(seconds=60)


@transaction.atomic
def mend(*, now: datetime | None = None) -> int:
    """Make due what waits beyond its longest wait; give how many messages that were.

    A message whose lease is taken away may come twice, under one id.
    Locks: the messages, then the links.
    """
    now = now or timezone.now()
    far = Value(now + SLACK)
    stuck = (
        OutboxMessage.objects.offered()
        .filter(
            Q(lease_until__gt=now + SLACK + delivery.LEASE)
            | Q(next_try_at__gt=far + _longest_wait())
        )
        .select_for_update(skip_locked=True, of=("self",), no_key=True)
    )
    pks = list(stuck.order_by("pk").values_list("pk", flat=True))
    OutboxMessage.objects.filter(pk__in=pks).update(lease_until=None, next_try_at=now)
    longest_pause = timedelta(seconds=circuit.LONGEST_PAUSE_S)
    Link.objects.filter(paused_until__gt=now + SLACK + longest_pause).update(paused_until=None)
    return len(pks)


def _longest_wait() -> Any:
    """Give the longest gap of a link's retries, or its longest time for an acknowledgement."""
    deadlines = [
        Coalesce(F(f"link__ack_deadline_p{priority}_s"), Value(0)) for priority in (1, 2, 3)
    ]
    seconds = Greatest(
        Value(retries.LATER_GAP_S),
        F("link__retry_longest_gap_s"),
        F("link__ack_deadline_s"),
        *deadlines,
    )
    return ExpressionWrapper(seconds * Value(timedelta(seconds=1)), output_field=DurationField())
