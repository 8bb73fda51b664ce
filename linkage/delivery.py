"""What we owe to links: planned with the fact, leased, delivered outside transactions, recorded.

Everything locks in one order: outbox message, incident, link, journal counter.
Source: reliability_and_console.md A2.8.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Count, Exists, F, OuterRef, Q
from django.utils import timezone

from incidents.choices import Priority
from incidents.models import Incident, IncidentEvent
from linkage import agreements, circuit, mutual_tls, routing, settling, transport
from linkage.choices import OFFERED, LinkState, Outcome
from linkage.envelopes import cloud_event, encoded, payload_of
from linkage.lanes import lanes
from linkage.links import signing_secrets
from linkage.models import Case, DeliveryAttempt, Link, OutboxMessage
from linkage.services.contracts import CONTRACTS, TELLING_VERBS
from linkage.settling import Claim, Ended

LEASE = timedelta(seconds=30)
# Below the worker's threads, so that one hanging link leaves room for the others.
TURNS_PER_LINK = 3
# Messages of one claim, sent in turn. The turn ends soon, for what is urgent waits for it, and
# with the longest answer well before its lease.
AT_ONCE = 25
LONGEST_TURN_S = 0.5
URGENT = Priority.P1
# Of those that wait behind, so many are looked at.
MOST_BEHIND = 4 * AT_ONCE
# What an envelope needs of its link, fetched once for a whole claim.
LINK_WITH = ("agency", "purpose", "legal_basis", "tls")

log = structlog.get_logger(__name__)


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


@transaction.atomic
def claim(*, link_id: int, at_most: int = 1, urgent: bool = False) -> list[Claim]:
    """Lease the next due messages of a link: priority first, but in order within an incident.

    What is urgent shares its turn with nothing else, and has one turn of its own beside the others.

    Locks: the link's claims for this short transaction; the messages by their lease.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('linkage.claim', %s))", [link_id]
        )
    now = timezone.now()
    link = Link.objects.select_related(*LINK_WITH).get(pk=link_id)
    turns, limit = _turns(link, now), _turns_at_most(link, urgent=urgent)
    if not circuit.may_send(link, now) or turns >= limit:
        return []
    if link.failures:
        at_most = 1
    heads = _heads(link, now, at_most, urgent=urgent)
    if not heads:
        return []
    messages = _with_followers(link, heads, now, at_most)
    lease_until = now + LEASE
    OutboxMessage.objects.filter(pk__in=[row.pk for row in messages]).update(
        lease_until=lease_until, attempts=F("attempts") + 1
    )
    for message in messages:
        message.link, message.lease_until = link, lease_until
        message.attempts += 1
    attempts = DeliveryAttempt.objects.bulk_create(
        [DeliveryAttempt(message=row, number=row.attempts, started_at=now) for row in messages]
    )
    was_last = turns + 1 >= _turns_at_most(link)
    return [Claim(*pair, was_last) for pair in zip(messages, attempts, strict=True)]


def _heads(link: Link, now: datetime, at_most: int, *, urgent: bool) -> list[OutboxMessage]:
    """Give the first due message of each incident, the urgent ones alone when there are any."""
    if urgent:
        # An incident that became urgent takes what it was owed before along.
        news = OutboxMessage.objects.filter(link=link, priority__lte=URGENT, resent_at=None)
        waiting = news.offered()
        due = _due(link, now).filter(incident__in=waiting.order_by().values("incident"))
        return list(due.order_by("pk")[:at_most])
    heads = list(_due(link, now).order_by("priority", "pk")[:at_most])
    return [head for head in heads if head.priority <= URGENT] or heads


def _with_followers(
    link: Link, heads: list[OutboxMessage], now: datetime, at_most: int
) -> list[OutboxMessage]:
    """Let what is due behind a head of the same incident follow it in the same turn, in order."""
    if len(heads) == at_most:
        return heads
    incidents = {head.incident_id for head in heads if head.incident_id}
    free = {row.pk: row for row in _free(link, now).filter(incident__in=incidents)[:MOST_BEHIND]}
    line = OutboxMessage.objects.filter(link=link, incident__in=incidents).offered()
    queues: dict[Any, list[OutboxMessage]] = {
        head.incident_id or head.uid: [] if head.incident_id else [head] for head in heads
    }
    stopped: set[Any] = set()
    for pk, incident in line.order_by("pk").values_list("pk", "incident_id")[:MOST_BEHIND]:
        if pk in free and incident not in stopped:
            queues[incident].append(free[pk])
        else:
            # Nothing passes one that has to wait.
            stopped.add(incident)
    return [row for queue in queues.values() for row in queue][:at_most]


def _turns(link: Link, now: datetime) -> int:
    """Count the deliveries under way: all that one claim leases ends at one moment of its own."""
    leased = OutboxMessage.objects.filter(link=link, lease_until__gt=now)
    found = leased.order_by().aggregate(turns=Count("lease_until", distinct=True))
    return int(found["turns"])


def _turns_at_most(link: Link, *, urgent: bool = False) -> int:
    """A link that fails gets one try at a time, so that it holds no worker of the others."""
    if link.failures:
        return 1
    return TURNS_PER_LINK + 1 if urgent else TURNS_PER_LINK


def _due(link: Link, now: datetime) -> Any:
    earlier = OutboxMessage.objects.filter(
        link=OuterRef("link"),
        incident=OuterRef("incident"),
        pk__lt=OuterRef("pk"),
        state__in=OFFERED,
        is_offered=True,
    )
    return _free(link, now).filter(~Exists(earlier))


def _free(link: Link, now: datetime) -> Any:
    return (
        OutboxMessage.objects.filter(link=link)
        .due(now)
        .filter(Q(lease_until__isnull=True) | Q(lease_until__lte=now))
        .select_related("municipality", "incident")
        .defer("municipality__boundary")
        .select_for_update(skip_locked=True, of=("self",), no_key=True)
    )


def deliver_next(*, link_id: int) -> bool:
    """Deliver one due message of the link; False when there was none."""
    return deliver_some(link_id=link_id, at_most=1) > 0


@dataclass(frozen=True)
class Turn:
    """How many were tried, and whether more may be due at once: what came up since rings anew."""

    tried: int
    may_be_more: bool


def deliver_some(*, link_id: int, at_most: int = AT_ONCE, urgent: bool = False) -> int:
    """Deliver what is due for the link, up to a number and a time; give how many were tried."""
    return take_turn(link_id=link_id, at_most=at_most, urgent=urgent).tried


def take_turn(*, link_id: int, at_most: int = AT_ONCE, urgent: bool = False) -> Turn:
    """Deliver what is due for the link, up to a number and a time.

    `urgent`: only what is urgent, and what must go before it.
    Raises: RuntimeError inside a transaction, which would hold locks while an agency thinks.
    """
    if connection.in_atomic_block:
        raise RuntimeError("delivery must not run inside a transaction")
    claims = claim(link_id=link_id, at_most=at_most, urgent=urgent)
    if not claims:
        return Turn(0, may_be_more=False)
    ended = _send_in_turn(claims)
    sent = {end.claim.message.pk for end in ended}
    unsent = [claimed for claimed in claims if claimed.message.pk not in sent]
    settling.settle(ended=ended, unsent=unsent)
    first = claims[0].message
    was_all = len(claims) < at_most and not unsent and not claims[0].was_last
    was_all = was_all and (urgent or first.priority > URGENT)
    failed = any(end.receipt.outcome in circuit.FAILURES for end in ended)
    return Turn(len(ended), may_be_more=failed or not was_all)


def _send_in_turn(claims: list[Claim]) -> list[Ended]:
    """Send one after the other, and no more once the agency fails or takes its time."""
    ends = time.monotonic() + LONGEST_TURN_S
    secrets = signing_secrets(claims[0].message.link)
    ended: list[Ended] = []
    unconfirmed: set[Any] = set()
    for claimed in claims:
        incident = claimed.message.incident_id or claimed.message.uid
        if incident in unconfirmed:
            continue
        lanes.give_way(urgent=claimed.message.is_urgent_news)
        with lanes.timed(claimed.message.link_id):
            receipt = send(claimed.message, secrets)
        ended.append(Ended(claimed, receipt, timezone.now()))
        if receipt.outcome == Outcome.TAKEN:
            unconfirmed.add(incident)
        if receipt.outcome in circuit.FAILURES or time.monotonic() > ends:
            break
    return ended


def send(message: OutboxMessage, secrets: list[str]) -> transport.Receipt:
    """Post one message; whatever happens becomes a receipt."""
    link = message.link
    try:
        return transport.post(
            destination=transport.Destination(
                link.push_url,
                link.push_host,
                link.allow_private_address,
                mutual_tls.identity_of(link),
            ),
            secrets=secrets,
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
    except Exception as error:
        # One message that cannot be written must not stop those behind it.
        log.exception("delivery_failed", link=link.code, message=str(message.uid))
        return transport.Receipt(Outcome.TEMPORARY, None, f"unsent: {type(error).__name__}")


def links_with_due(*, urgent: bool = False) -> Iterable[int]:
    """Give the links that a sweep must look at: something is due and may be pushed."""
    now = timezone.now()
    due = OutboxMessage.objects.due(now).filter(
        Q(lease_until__isnull=True) | Q(lease_until__lte=now),
        ~Q(link__push_url=""),
        Q(link__paused_until__isnull=True) | Q(link__paused_until__lte=now),
    )
    if urgent:
        due = due.filter(priority__lte=URGENT, resent_at=None)
    return list(due.order_by().values_list("link_id", flat=True).distinct())
