"""Owe a link one message for one fact, beside what every fact is told by its contract."""

from collections.abc import Mapping
from typing import Any

from django.dispatch import Signal

from incidents.choices import Priority
from incidents.features import moment
from incidents.models import Incident, IncidentEvent
from linkage import agreements
from linkage.agreements import Decision
from linkage.choices import Direction
from linkage.models import Case, Link, OutboxMessage
from linkage.services.contracts import CONTRACTS

# Sent in the transaction with link_id and is_urgent when something new is to be pushed.
owed = Signal()
INBOUND = "inbound_only"
NO_DRILLS = "no_drills"


def may_owe(*, link: Link, incident: Incident, message_type: str) -> Decision:
    """Say whether the link may be told this of the incident now, and if not, by which rule."""
    if link.direction == Direction.IN:
        return Decision(allowed=False, reason=INBOUND)
    if incident.is_drill and not link.allows_drills:
        return Decision(allowed=False, reason=NO_DRILLS)
    return agreements.may_send(link, message_type)


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
    if not may_owe(link=link, incident=incident, message_type=message_type):
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


def owe_of_case(
    *,
    case: Case,
    incident: Incident,
    event: IncidentEvent,
    message_type: str,
    content: Mapping[str, Any],
) -> OutboxMessage | None:
    """Owe the agency of a case a message about it: its own number, ours, the moment, the content.

    `incident` is the one worked on, which may not be the case's own. Otherwise as `owe`.
    """
    return owe(
        link=case.link,
        incident=incident,
        event=event,
        message_type=message_type,
        case_number=case.external_id,
        payload={
            "receipt_no": case.external_id,
            "incident_number": incident.number,
            "at": moment(event.at),
            **content,
        },
    )
