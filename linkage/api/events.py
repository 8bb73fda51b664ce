"""What agencies are told, as schemas: the one source of the OpenAPI and the AsyncAPI documents."""

from dataclasses import dataclass
from typing import Any

from linkage.services.contracts import CONTRACTS, TOLD_WITHOUT_CASE
from linkage.wire import SCHEMA_VERSION, Schema, moment

CONTENT_TYPE = "application/cloudevents+json"
PUSH_HEADERS: dict[str, Any] = {
    "type": "object",
    "description": "Standard Webhooks; the signature is over id.timestamp.body",
    "required": ["webhook-id", "webhook-timestamp", "webhook-signature"],
    "properties": {
        "webhook-id": {"type": "string"},
        "webhook-timestamp": {"type": "string", "pattern": "^[0-9]+$"},
        "webhook-signature": {"type": "string", "pattern": "^v1,"},
    },
}
# What linkage.transport makes of an agency's answer to a push.
ACKNOWLEDGEMENT: Schema = {
    "type": "object",
    "description": "Only this is an acknowledgement, whatever the status says",
    "required": ["ack"],
    "properties": {
        "ack": {"const": True},
        "id": {"type": "string", "description": "`id` of the event; another one acknowledges not"},
    },
}
REFUSAL: Schema = {
    "type": "object",
    "description": "May be left out: without it 400 and 422 are for good, all else is tried again",
    "properties": {
        "ack": {"const": False},
        "permanent": {"type": "boolean", "description": "true: do not send it again"},
        "error": {"type": "string", "description": "Shown to the centre's people"},
    },
}


@dataclass(frozen=True)
class ToldEvent:
    """One message that a service's agencies are told, pushed or fetched as a CloudEvent."""

    service: str
    message_type: str
    payload: Schema

    @property
    def name(self) -> str:
        return f"{self.service}.told.{self.message_type}"

    @property
    def component(self) -> str:
        """Name the schema as those of what agencies send are named."""
        return f"{self.service.title()}Told{self.message_type.title().replace('_', '')}"

    @property
    def type(self) -> str:
        return _type(self.service, self.message_type)

    @property
    def schema(self) -> Schema:
        return _cloud_event(self.service, self.message_type, self.payload)


def _type(service: str, message_type: str) -> str:
    return f"controlroom.{service}.{message_type.lower()}.v1"


def _cloud_event(service: str, message_type: str, payload: Schema) -> Schema:
    """Describe what linkage.envelopes.cloud_event makes of a message."""
    org = {"type": "string", "pattern": r"^(\d{7})?$"}
    data: Schema = {
        "msg_id": {"type": "string", "format": "uuid"},
        "correlation_id": {"type": "string"},
        "msg_type": {"const": message_type},
        "schema_ver": {"const": SCHEMA_VERSION},
        "sender_org": org,
        "receiver_org": org,
        "municipality_code": {"type": "string", "pattern": r"^\d{2,10}$"},
        "service_code": {"const": service},
        "occurred_at": moment("When it happened here"),
        "sent_at": moment("When this try left"),
        "priority": {"type": "integer", "minimum": 1, "maximum": 4},
        "purpose_code": {"type": "string", "description": "Purpose of the provision"},
        "legal_basis_code": {"type": "string", "description": "Legal basis of the provision"},
        "is_drill": {"type": "boolean"},
        "withheld": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Fields that the legal basis of the link does not allow",
        },
        "told_by_phone_at": moment("A person has told the same by telephone"),
        "resent": {"const": True, "description": "You asked for it again by RESYNC"},
        "payload": payload,
        "payload_hash": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    }
    return {
        "type": "object",
        "required": ["specversion", "id", "source", "type", "subject", "time", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {"type": "string", "format": "uuid"},
            "source": {"type": "string"},
            "type": {"const": _type(service, message_type)},
            "subject": {
                "type": "string",
                "description": "The agency's number of the case, or our `report_no`",
            },
            "time": moment("When it happened here"),
            "datacontenttype": {"const": "application/json"},
            "data": {
                "type": "object",
                "additionalProperties": False,
                "required": sorted(set(data) - {"told_by_phone_at", "resent"}),
                "properties": data,
            },
        },
    }


EVENTS: tuple[ToldEvent, ...] = tuple(
    ToldEvent(service, name, payload)
    for service, contract in CONTRACTS.items()
    for name, payload in sorted({**contract.tells, **TOLD_WITHOUT_CASE}.items())
)
