"""Record what a turn of deliveries brought, in one go: attempts, messages, breaker, journal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from linkage import backlog, bulk, circuit, outbox, owed, phone, retries
from linkage.choices import OFFERED, MessageType, OutboxState, Outcome
from linkage.models import DeliveryAttempt, OutboxMessage
from linkage.transport import Receipt

# All that a delivery can change on a message.
CHANGED = [
    "state",
    "next_try_at",
    "lease_until",
    "sent_at",
    "acked_at",
    "last_error",
    "is_offered",
]


@dataclass(frozen=True)
class Claim:
    """A message on lease, and the row of the attempt, written before anything leaves."""

    message: OutboxMessage
    attempt: DeliveryAttempt
    # No other turn of the link is let in beside this one: who came meanwhile has left his news.
    was_last: bool = False


@dataclass(frozen=True)
class Ended:
    claim: Claim
    receipt: Receipt
    at: datetime


@transaction.atomic
def settle(*, ended: Sequence[Ended], unsent: Sequence[Claim] = ()) -> None:
    """Record a link's attempts and when the next ones are; what was not sent goes back untried.

    Locks: the messages, the link, its alarm, telephone tasks, then the journal's counters.
    """
    now = timezone.now()
    receipts = {end.claim.message.pk: end for end in ended}
    rows = owed.locked_in_order([*receipts, *(claim.message.pk for claim in unsent)])
    _finish_attempts(ended)
    _give_back(unsent)
    link = ended[0].claim.message.link
    turned = circuit.note(link_id=link.pk, outcomes=_telling(ended), now=now)
    open_rows = [row for row in rows if row.pk in receipts and row.state in OFFERED]
    before = {row.pk: row.state for row in open_rows}
    for row in open_rows:
        _apply(row, receipts[row.pk])
    bulk.update(open_rows, CHANGED)
    changed = [row for row in open_rows if row.state != before[row.pk]]
    if any(row.state == OutboxState.DEAD for row in changed):
        backlog.report(link)
    phone.line_confirmed([row for row in changed if row.state in outbox.CONFIRMED])
    owed.announce_all(changed, *([(city, turned) for city in link.serving_ids()] if turned else []))


def _telling(ended: Sequence[Ended]) -> list[str]:
    """Give the outcomes that the breaker counts: a test may show that a line works, never break it.

    Whoever mends an own system by tests would otherwise hold up what is real.
    """
    return [
        end.receipt.outcome
        for end in ended
        if end.claim.message.message_type != MessageType.TEST
        or end.receipt.outcome not in circuit.FAILURES
    ]


def _finish_attempts(ended: Sequence[Ended]) -> None:
    for end in ended:
        attempt, receipt = end.claim.attempt, end.receipt
        attempt.finished_at = end.at
        attempt.outcome, attempt.http_status = receipt.outcome, receipt.http_status
        attempt.error = receipt.error
    attempts = [end.claim.attempt for end in ended]
    bulk.update(attempts, ["finished_at", "outcome", "http_status", "error"])


def _give_back(unsent: Sequence[Claim]) -> None:
    if not unsent:
        return
    DeliveryAttempt.objects.filter(pk__in=[claim.attempt.pk for claim in unsent]).delete()
    OutboxMessage.objects.filter(pk__in=[claim.message.pk for claim in unsent]).update(
        lease_until=None, attempts=F("attempts") - 1
    )


def _apply(message: OutboxMessage, end: Ended) -> None:
    """Set on a locked message what one attempt brought."""
    receipt, now = end.receipt, end.at
    message.lease_until = None
    message.last_error = receipt.error
    if receipt.outcome == Outcome.ACKED:
        outbox.confirmed(message, now)
        if message.resent_at and message.resent_at >= end.claim.attempt.started_at:
            # Asked for again while it was on its way: the agency may have lost this one as well.
            outbox.offer_again(message, now)
        return
    following = _following(message, receipt, now)
    if following is None:
        outbox.end_of_line(message)
        return
    taken = receipt.outcome == Outcome.TAKEN
    message.next_try_at = following
    if taken:
        message.sent_at = message.sent_at or now
    if message.state != OutboxState.MANUAL_FALLBACK:
        message.state = OutboxState.SENT if taken else OutboxState.RETRYING


def _life(message: OutboxMessage) -> timedelta:
    if message.message_type == MessageType.TEST:
        return retries.TEST_LIFE
    return timedelta(hours=message.link.retry_life_h)


def _following(message: OutboxMessage, receipt: Receipt, now: datetime) -> datetime | None:
    """Say when a message without an acknowledgement is tried again; None: never."""
    link = message.link
    following = retries.next_try(
        now=now,
        offered_at=message.offered_since,
        attempts=message.attempts,
        policy=retries.Policy(link.retry_longest_gap_s, _life(message)),
    )
    if receipt.outcome == Outcome.PERMANENT or following is None:
        return None
    if receipt.outcome == Outcome.TAKEN:
        return now + timedelta(seconds=link.ack_deadline_s_for(message.priority))
    return following
