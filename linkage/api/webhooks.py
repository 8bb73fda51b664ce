"""The pushes to an agency's own address, as `webhooks` of the OpenAPI document."""

from typing import Any

from linkage.api.events import CONTENT_TYPE, EVENTS, PUSH_HEADERS, ToldEvent

_HEADERS = [
    {
        "name": name,
        "in": "header",
        "required": name in PUSH_HEADERS["required"],
        "schema": schema,
        "description": PUSH_HEADERS["description"],
    }
    for name, schema in PUSH_HEADERS["properties"].items()
]


def _answer(description: str, component: str = "") -> dict[str, Any]:
    if not component:
        return {"description": description}
    schema = {"$ref": f"#/components/schemas/{component}"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_REFUSED = "Refused for good: not sent again, and a person here is told."
# As linkage.transport judges them.
_ANSWERS = {
    "200": _answer(
        "Stored. Without `ack` it is no acknowledgement, and the message comes again under its id.",
        "PushAcknowledgement",
    ),
    "202": _answer("Taken: it stays owed until you acknowledge it by acknowledgeOutbound."),
    "400": _answer(_REFUSED, "PushRefusal"),
    "422": _answer(_REFUSED, "PushRefusal"),
    "4XX": _answer("Tried again later, unless `permanent` is true.", "PushRefusal"),
    "5XX": _answer("Tried again later, unless `permanent` is true.", "PushRefusal"),
    "default": _answer("Tried again later. Redirects are not followed."),
}


def webhooks() -> dict[str, Any]:
    """Give one for every service and type, by the name that the AsyncAPI document gives it."""
    return {event.name: {"post": _push(event)} for event in EVENTS}


def _push(event: ToldEvent) -> dict[str, Any]:
    return {
        "operationId": f"push{event.component}",
        "tags": [f"push-{event.service}"],
        "summary": f"{event.message_type} 통보 · We tell you {event.message_type}",
        "description": "Posted to the address that the link names. Answer within 5 seconds.",
        # Nothing of the API's own: the signature says who it is.
        "security": [],
        "parameters": _HEADERS,
        "requestBody": {
            "required": True,
            "content": {
                CONTENT_TYPE: {"schema": {"$ref": f"#/components/schemas/{event.component}"}}
            },
        },
        "responses": _ANSWERS,
    }
