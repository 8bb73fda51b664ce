"""The AsyncAPI 3 document: every message by service and type, from the schemas that we use."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from linkage.choices import DataKind
from linkage.services.contracts import CONTRACTS, TOLD_WITHOUT_CASE, Contract
from linkage.wire import SCHEMA_VERSION, Schema, moment

TITLE = "통합관제센터 연계 메시지 · Messages with the agencies"
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


def told_event(*, service: str, message_type: str, payload: Schema) -> Schema:
    """Describe the event that linkage.envelopes.cloud_event makes of a message."""
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
            "type": {"const": f"controlroom.{service}.{message_type.lower()}.v1"},
            "subject": {
                "type": "string",
                "description": "The agency's number of the case, or our `report_no`",
            },
            "time": moment("When it was owed"),
            "datacontenttype": {"const": "application/json"},
            "data": {
                "type": "object",
                "additionalProperties": False,
                "required": sorted(set(data) - {"told_by_phone_at", "resent"}),
                "properties": data,
            },
        },
    }


def document() -> dict[str, Any]:
    """Build the whole document: what agencies send us, and what they are pushed or fetch."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for service, contract in CONTRACTS.items():
        incoming = {f"{service}.{name}": _received(contract, name) for name in contract.schemas}
        outgoing = {
            f"{service}.told.{name}": _told(service, name, payload)
            for name, payload in sorted({**contract.tells, **TOLD_WITHOUT_CASE}.items())
        }
        messages |= incoming | outgoing
        channels[f"{service}-in"] = _channel(
            "/api/v1/links/{link}/messages",
            f"What the agencies of {service} send to the centre",
            incoming,
        )
        channels[f"{service}-out"] = _channel(
            "/api/v1/links/{link}/outbound",
            f"What the agencies of {service} are told: posted to their own address as a signed "
            "webhook, or fetched here until acknowledged. Both carry the same event.",
            outgoing,
        )
        operations[f"receive-{service}"] = _operation("receive", f"{service}-in", incoming)
        operations[f"send-{service}"] = _operation("send", f"{service}-out", outgoing)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": TITLE,
            "version": "1.0",
            "description": "The requests themselves are described by /api/v1/schema/. What the "
            f"legal basis of a link does not allow ({', '.join(DataKind.values)}) is left out of "
            "an event, and `withheld` names it.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def _received(contract: Contract, name: str) -> dict[str, Any]:
    schema = contract.schemas[name]
    return {
        "name": name,
        "title": schema["title"],
        "contentType": "application/json",
        "payload": schema,
    }


def _told(service: str, name: str, payload: Schema) -> dict[str, Any]:
    return {
        "name": name,
        "title": f"controlroom.{service}.{name.lower()}.v1",
        "contentType": "application/cloudevents+json",
        "headers": PUSH_HEADERS,
        "payload": told_event(service=service, message_type=name, payload=payload),
    }


def _channel(address: str, text: str, messages: dict[str, Any]) -> dict[str, Any]:
    return {
        "address": address,
        "description": text,
        "parameters": {"link": {"description": "Code of the link, for example police112-90010"}},
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
    }


def _operation(action: str, channel: str, messages: dict[str, Any]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in messages],
    }


@extend_schema(exclude=True)
class AsyncApiView(APIView):
    authentication_classes: Any = ()
    permission_classes: Any = (AllowAny,)

    def get(self, _request: Request) -> Response:
        return Response(document())
