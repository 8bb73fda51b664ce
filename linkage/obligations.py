"""Owe a link one message for one fact, beside what every fact is told by its contract."""

from typing import Any

from django.dispatch import Signal

from incidents.choices import Priority
from incidents.models import Incident, IncidentEvent
from linkage import agreements
from linkage.choices import Direction, LinkState
from linkage.models import Link, OutboxMessage
from linkage.services.contracts import CONTRACTS

# Sent in the transaction with link_id and is_urgent when something new is to be pushed.
owed = Signal()


def owe(
    *,
    link: Link,
    incident: Incident,
    event: IncidentEvent,
    message_type: str,
    case_number: str,
    payload: dict[str, Any],
) -> OutboxMessage | None:
    """Write the obligation with its fact; None when this link may not be told, or was already.

    A drill reaches no link without drills, nothing reaches a suspended or inbound link, and
    nothing leaves that the link's legal basis does not cover.
    Emits: owed, in the transaction.
    Raises: LookupError for a type that the service's contract does not publish.
    """
    if message_type not in CONTRACTS[link.service].tells:
        raise LookupError(f"{link.service} is told no {message_type}: see services/contracts.py")
    closed = link.state == LinkState.SUSPENDED or link.direction == Direction.IN
    if closed or (incident.is_drill and not link.allows_drills):
        return None
    if not agreements.may_send(link, message_type):
        return None
    row = OutboxMessage(
        municipality_id=incident.municipality_id,
        link=link,
        incident=incident,
        event=event,
        message_type=message_type,
        case_number=case_number,
        priority=incident.priority,
        payload=payload,
    )
    OutboxMessage.objects.bulk_create([row], ignore_conflicts=True)
    kept: OutboxMessage | None = OutboxMessage.objects.filter(uid=row.uid).first()
    if kept is not None:
        is_urgent = incident.priority == Priority.P1
        owed.send(sender=OutboxMessage, link_id=link.pk, is_urgent=is_urgent)
    return kept
