"""What we owe to links: planned with the fact, leased, delivered outside transactions, recorded.

Everything locks in one order: outbox message, incident, link, journal counter.
Source: reliability_and_console.md A2.8.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from incidents.models import Incident, IncidentEvent
from linkage import agreements, circuit, outbox, owed, retries, routing, transport
from linkage.choices import OFFERED, LinkState, OutboxState, Outcome
from linkage.envelopes import SENT_WITH, cloud_event, encoded, payload_of
from linkage.links import signing_secrets
from linkage.models import Case, DeliveryAttempt, Link, OutboxMessage
from linkage.services.contracts import CONTRACTS, TELLING_VERBS

LEASE = timedelta(seconds=30)
# Below the worker's threads, so that one hanging link leaves room for the others.
IN_FLIGHT_PER_LINK = 3


def plan(*, incident: Incident, event: IncidentEvent) -> list[int]:
    """Write what the fact obliges us to tell, in its transaction; give the links to nudge."""
    if event.verb not in TELLING_VERBS:
        return []
    cases = (
        Case.objects.filter(incident=incident).select_related("link__legal_basis").order_by("pk")
    )
    rows = [row for case in cases if (row := _row(case, incident, event)) is not None]
    OutboxMessage.objects.bulk_create(rows, ignore_conflicts=True)
    return [row.link_id for row in rows if row.link.push_url]


def _row(case: Case, incident: Incident, event: IncidentEvent) -> OutboxMessage | None:
    link = case.link
    contract = CONTRACTS.get(link.service)
    if contract is None:
        return None
    told = routing.told(
        table=contract.told,
        verb=event.verb,
        agent=event.agent,
        link=link.code,
        direction=link.direction,
        suspended=link.state == LinkState.SUSPENDED,
    )
    if told is None or (incident.is_drill and not link.allows_drills):
        return None
    if not agreements.may_send(link, told.message_type):
        return None
    return OutboxMessage(
        municipality_id=case.municipality_id,
        link=link,
        incident=incident,
        event=event,
        message_type=told.message_type,
        case_number=case.external_id,
        priority=incident.priority,
        payload=payload_of(case=case, incident=incident, event=event, told=told),
    )


@dataclass(frozen=True)
class Claim:
    message: OutboxMessage
    attempt: DeliveryAttempt


@transaction.atomic
def claim(*, link_id: int) -> Claim | None:
    """Lease the next due message of a link: priority first, but in order within an incident.

    Locks: the link's claims for this short transaction; the message by its lease.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('linkage.claim', %s))", [link_id]
        )
    now = timezone.now()
    link = Link.objects.get(pk=link_id)
    if not circuit.may_send(link, now) or _in_flight(link, now) >= _in_flight_limit(link):
        return None
    message = _due(link, now).order_by("priority", "pk").first()
    if message is None:
        return None
    message.lease_until = now + LEASE
    message.attempts += 1
    message.save(update_fields=["lease_until", "attempts"])
    attempt = DeliveryAttempt.objects.create(
        message=message, number=message.attempts, started_at=now
    )
    return Claim(message, attempt)


def _in_flight(link: Link, now: datetime) -> int:
    leased: int = OutboxMessage.objects.filter(link=link, lease_until__gt=now).offered().count()
    return leased


def _in_flight_limit(link: Link) -> int:
    """A link that fails gets one try at a time, so that it holds no worker of the others."""
    return IN_FLIGHT_PER_LINK if link.failures == 0 else 1


def _due(link: Link, now: datetime) -> Any:
    earlier = OutboxMessage.objects.filter(
        link=OuterRef("link"),
        incident=OuterRef("incident"),
        pk__lt=OuterRef("pk"),
        state__in=OFFERED,
        is_offered=True,
    )
    return (
        OutboxMessage.objects.filter(link=link)
        .due(now)
        .filter(Q(lease_until__isnull=True) | Q(lease_until__lte=now))
        .filter(~Exists(earlier))
        .select_related(*SENT_WITH)
        .select_for_update(skip_locked=True, of=("self",), no_key=True)
    )


def deliver_next(*, link_id: int) -> bool:
    """Deliver one due message of the link; False when there was none.

    Raises: RuntimeError inside a transaction, which would hold locks while an agency thinks.
    """
    if connection.in_atomic_block:
        raise RuntimeError("delivery must not run inside a transaction")
    claimed = claim(link_id=link_id)
    if claimed is None:
        return False
    finish(claim=claimed, receipt=_send(claimed.message))
    return True


def _send(message: OutboxMessage) -> transport.Receipt:
    link = message.link
    try:
        return transport.post(
            destination=transport.Destination(
                link.push_url, link.push_host, link.allow_private_address
            ),
            secrets=signing_secrets(link),
            message_id=str(message.uid),
            body=encoded(cloud_event(message)),
        )
    except transport.TransportError as error:
        outcome = Outcome.TEMPORARY
        if error.permanent:
            outcome = Outcome.PERMANENT
        elif error.unknown:
            outcome = Outcome.UNKNOWN
        return transport.Receipt(outcome, error.http_status, str(error)[:300])


@transaction.atomic
def finish(*, claim: Claim, receipt: transport.Receipt) -> OutboxMessage:
    """Record what an attempt brought, and when the next one is.

    Locks: the message, the link, then the journal's counter.
    """
    now = timezone.now()
    DeliveryAttempt.objects.filter(pk=claim.attempt.pk).update(
        finished_at=now,
        outcome=receipt.outcome,
        http_status=receipt.http_status,
        error=receipt.error,
    )
    message = owed.locked(claim.message.pk)
    circuit.note(link_id=message.link_id, outcome=receipt.outcome, now=now)
    if message.state not in OFFERED:
        return message
    before = message.state
    message.lease_until = None
    message.last_error = receipt.error
    if receipt.outcome == Outcome.ACKED:
        outbox.confirm(message, now)
        return message
    following = _following(message, receipt, now)
    if following is None:
        outbox.end_of_line(message)
        return message
    message.next_try_at = following
    message.state = _waiting_state(message, receipt)
    message.save()
    if message.state != before:
        owed.announce(message)
    return message


def _following(
    message: OutboxMessage, receipt: transport.Receipt, now: datetime
) -> datetime | None:
    """Say when a message without an acknowledgement is tried again; None: never."""
    link = message.link
    following = retries.next_try(
        now=now,
        created_at=message.created_at,
        attempts=message.attempts,
        policy=retries.Policy(link.retry_longest_gap_s, timedelta(hours=link.retry_life_h)),
    )
    if receipt.outcome == Outcome.PERMANENT or following is None:
        return None
    if receipt.outcome == Outcome.TAKEN:
        message.sent_at = message.sent_at or now
        return now + timedelta(seconds=link.ack_deadline_s_for(message.priority))
    return following


def _waiting_state(message: OutboxMessage, receipt: transport.Receipt) -> str:
    if message.state == OutboxState.MANUAL_FALLBACK:
        return message.state
    return OutboxState.SENT if receipt.outcome == Outcome.TAKEN else OutboxState.RETRYING


def links_with_due() -> Iterable[int]:
    """Give the links that a sweep must look at: something is due and may be pushed."""
    now = timezone.now()
    due = OutboxMessage.objects.due(now).filter(
        Q(lease_until__isnull=True) | Q(lease_until__lte=now),
        ~Q(link__push_url=""),
        Q(link__paused_until__isnull=True) | Q(link__paused_until__lte=now),
    )
    return list(due.order_by().values_list("link_id", flat=True).distinct())
