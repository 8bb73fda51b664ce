"""The AsyncAPI 3 document: every message by service and type, from the schemas that we use."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from linkage.api.events import CONTENT_TYPE, EVENTS, PUSH_HEADERS, ToldEvent
from linkage.choices import DataKind
from linkage.services.contracts import CONTRACTS, Contract

TITLE = "통합관제센터 연계 메시지 · Messages with the agencies"


def document() -> dict[str, Any]:
    """Build the whole document: what agencies send us, and what they are pushed or fetch."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for service, contract in CONTRACTS.items():
        incoming = {f"{service}.{name}": _received(contract, name) for name in contract.schemas}
        outgoing = {event.name: _told(event) for event in EVENTS if event.service == service}
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


def _told(event: ToldEvent) -> dict[str, Any]:
    return {
        "name": event.message_type,
        "title": event.type,
        "contentType": CONTENT_TYPE,
        "headers": PUSH_HEADERS,
        "payload": event.schema,
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
