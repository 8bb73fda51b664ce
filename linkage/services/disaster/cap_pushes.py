"""Owe our own alerts to the links that they are routed to, and mark what their rooms answered.

A room answers an alert by a CAP Ack or Error of its own: that the line took the message says only
that it arrived, so an urgent alert without an answer is telephoned about (linkage/phone.py).
"""

import hashlib
from collections.abc import Iterable
from typing import Any

from incidents.choices import Service
from incidents.facts import note_fact
from incidents.features import moment
from linkage import outbox, owed
from linkage.cap.alert import Alert
from linkage.choices import MessageType
from linkage.models import Link, OutboxMessage
from linkage.models_cap import CapIssue, CapPush
from linkage.obligations import owe
from linkage.services.disaster import geometry, routes

# On the timeline of the incident: one for each alert of ours.
ISSUED = "cap-issue"


def push(*, issue: CapIssue, alert: Alert, by: Any = None, agent: str = "") -> list[CapPush]:
    """Write the fact that the alert was issued, and owe it to each link that it is routed to.

    Emits: fact_recorded, and obligations.owed for each link, in the transaction.
    Locks: the incident, then the journal's counter.
    """
    incident = issue.situation.incident
    event = note_fact(
        incident=incident,
        verb=ISSUED,
        by=by,
        agent=agent,
        text=issue.title,
        data={"identifier": issue.identifier, "msg_type": issue.msg_type},
    )
    payload = _payload(issue, alert, moment(event.at))
    pushed = []
    for link in _routed(issue, alert):
        message = owe(
            link=link,
            incident=incident,
            event=event,
            message_type=MessageType.CAP_ALERT,
            case_number=issue.identifier[:60],
            payload=payload,
        )
        if message is not None:
            pushed.append(CapPush.objects.create(issue=issue, link=link, message=message))
    return pushed


def _routed(issue: CapIssue, alert: Alert) -> list[Link]:
    links = (
        Link.objects.serving(issue.municipality)
        .filter(service=Service.DISASTER)
        .select_related("agency", "municipality", "region", "legal_basis")
        .order_by("pk")
    )
    area = geometry.of_rings(ring for one in alert.areas for ring in one.rings)
    return [link for link in links if routes.reaches(link, alert, area)]


def _payload(issue: CapIssue, alert: Alert, at: str | None) -> dict[str, Any]:
    body = bytes(issue.body)
    return {
        "identifier": issue.identifier,
        "sender": issue.sender,
        "sent": moment(issue.sent),
        "status": issue.status,
        "msg_type": issue.msg_type,
        "scope": issue.scope,
        "references": [str(one) for one in alert.references],
        "incident_number": issue.situation.incident.number,
        "at": at,
        "sha256": hashlib.sha256(body).hexdigest(),
        "xml": body.decode(),
    }


def lock_answered(*, link: Link, issues: Iterable[CapIssue]) -> list[OutboxMessage]:
    """Lock the messages by which the link was told these alerts, before their incidents.

    Locks: the messages, the oldest first.
    """
    pushes = CapPush.objects.filter(link_id=link.pk, issue__in=list(issues))
    return owed.locked_in_order(pushes.values_list("message_id", flat=True))


def mark_answered(messages: Iterable[OutboxMessage]) -> None:
    """The room has answered the locked messages; no telephone call about them is needed."""
    for message in messages:
        outbox.mark_answered(message=message)
