"""The one shape of an outbound message: CloudEvents around the envelope of domain.md 2.1."""

import hashlib
import json
from typing import Any

from django.utils import timezone

from incidents.features import moment
from linkage import agreements
from linkage.choices import OutboxState
from linkage.models import Case, OutboxMessage, PhoneTask
from linkage.routing import Told
from linkage.wire import SCHEMA_VERSION, canonical

# The rows that cloud_event reads.
SENT_WITH = (
    "municipality",
    "link__municipality",
    "link__agency",
    "link__purpose",
    "link__legal_basis",
    "incident",
)


def payload_of(*, case: Case, incident: Any, event: Any, told: Told) -> dict[str, Any]:
    """Say what the agency may know of the fact: no names of operators, no notes."""
    payload: dict[str, Any] = {
        "receipt_no": case.external_id,
        "status": told.status,
        "incident_number": incident.number,
        "incident_version": incident.version,
        "at": moment(event.at),
    }
    if told.message_type == "CLOSE":
        payload["result"] = str(incident.result)
    if told.status == "PLACE_CORRECTED" and incident.location:
        payload["place"] = {
            "lon": incident.location.x,
            "lat": incident.location.y,
            "error_radius_m": incident.error_radius_m,
        }
    return payload


def cloud_event(message: OutboxMessage) -> dict[str, Any]:
    """Wrap the message as it goes out, by push and by fetch alike.

    Whatever the payload holds, only what the link's legal basis allows leaves here; `withheld`
    names what was left out.
    """
    link, city = message.link, message.municipality
    payload, withheld = agreements.permitted(link, message.payload)
    kind = message.message_type.lower()
    sent_at = moment(timezone.now())
    # The fact's own time: it stays the same however often the message is sent.
    occurred_at = message.payload.get("at") or moment(message.created_at)
    return _marked(
        message,
        {
            "specversion": "1.0",
            "id": str(message.uid),
            "source": f"/municipalities/{city.code}/links/{link.code}",
            "type": f"controlroom.{link.service}.{kind}.v1",
            "subject": message.case_number,
            "time": occurred_at,
            "datacontenttype": "application/json",
            "data": {
                "msg_id": str(message.uid),
                "correlation_id": message.payload.get("in_reply_to", ""),
                "msg_type": message.message_type,
                "schema_ver": SCHEMA_VERSION,
                "sender_org": city.organisation_code,
                "receiver_org": link.agency.organisation_code,
                "municipality_code": city.code,
                "service_code": link.service,
                "occurred_at": occurred_at,
                "sent_at": sent_at,
                "priority": message.priority,
                "purpose_code": link.purpose.code if link.purpose else "",
                "legal_basis_code": link.legal_basis.code if link.legal_basis else "",
                "is_drill": message.is_drill,
                "withheld": withheld,
                "payload": payload,
                "payload_hash": hashlib.sha256(canonical(payload)).hexdigest(),
            },
        },
    )


def _marked(message: OutboxMessage, event: dict[str, Any]) -> dict[str, Any]:
    """Say what makes it no news: the agency was told by telephone, or asked for it again."""
    if message.resent_at is not None:
        event["data"]["resent"] = True
    if message.state == OutboxState.MANUAL_FALLBACK:
        task = PhoneTask.objects.filter(message=message).first()
        if task is not None:
            event["data"]["told_by_phone_at"] = moment(task.called_at)
    return event


def encoded(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
