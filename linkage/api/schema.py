"""The parts of the OpenAPI document that views cannot say by themselves."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from linkage.api.events import ACKNOWLEDGEMENT, EVENTS, REFUSAL
from linkage.api.webhooks import webhooks
from linkage.choices import InboxResult, MessageType
from linkage.services.city.messages import READINGS
from linkage.services.contracts import CONTRACTS
from linkage.wire import RECEIPT_NO

PROBLEM = "application/problem+json"
PATH_PREFIX = "/api/v1/"

# What each status means everywhere in this API; the codes are in docs/agency-api.md.
MEANING = {
    400: "The request is malformed; `errors` names each field.",
    401: "No valid bearer token.",
    403: "The token lacks the scope, or the link is closed.",
    404: "No such resource of this client.",
    406: "Only JSON is served.",
    409: "In conflict with what is known; `code` says how.",
    412: "If-Match is not the current ETag.",
    413: "The body is too large.",
    415: "The body must be application/json.",
    422: "This Idempotency-Key was used for another request.",
    428: "If-Match is required.",
    429: "Held back; try again after Retry-After seconds.",
    503: "Not now; nothing was accepted. Try again after Retry-After seconds.",
}


PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457 problem details with a stable `code`",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {
            "type": "object",
            "description": "The reasons by the name of each offending field",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
}
_MESSAGES = [schema for contract in CONTRACTS.values() for schema in contract.schemas.values()]
_CORRECTIONS = [one.correction for one in CONTRACTS.values() if one.correction]


def component(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


# What is pushed and fetched alike; its `type` says which it is.
TOLD_EVENT: dict[str, Any] = {
    "oneOf": [component(event.component) for event in EVENTS],
    "discriminator": {
        "propertyName": "type",
        "mapping": {event.type: component(event.component)["$ref"] for event in EVENTS},
    },
}
COMPONENTS: dict[str, dict[str, Any]] = {
    "Problem": PROBLEM_SCHEMA,
    "CityReadings": READINGS,
    **{schema["title"]: schema for schema in (*_MESSAGES, *_CORRECTIONS)},
    **{event.component: event.schema for event in EVENTS},
    "ToldEvent": TOLD_EVENT,
    "PushAcknowledgement": ACKNOWLEDGEMENT,
    "PushRefusal": REFUSAL,
}


class IncidentBriefSerializer(serializers.Serializer[Any]):
    number = serializers.CharField()
    status = serializers.CharField()
    version = serializers.IntegerField()


class ResyncAnswerSerializer(serializers.Serializer[Any]):
    messages = serializers.IntegerField()
    first_sequence = serializers.IntegerField(allow_null=True)
    last_sequence = serializers.IntegerField(allow_null=True)
    is_all = serializers.BooleanField()


class TakenInSerializer(serializers.Serializer[Any]):
    municipality_code = serializers.CharField()
    result = serializers.ChoiceField(choices=InboxResult.values)
    incident = IncidentBriefSerializer(allow_null=True)


class MessageAnswerSerializer(serializers.Serializer[Any]):
    msg_id = serializers.CharField()
    msg_type = serializers.ChoiceField(choices=MessageType.values)
    receipt_no = serializers.CharField(allow_blank=True)
    result = serializers.ChoiceField(choices=InboxResult.values)
    received_at = serializers.DateTimeField()
    incident = IncidentBriefSerializer(allow_null=True)
    resync = ResyncAnswerSerializer(required=False, help_text="Of RESYNC: what comes again")
    municipalities = TakenInSerializer(
        many=True,
        required=False,
        help_text="On the link of a region: every municipality that took it in",
    )


def problems(*statuses: int) -> dict[tuple[int, str], OpenApiResponse]:
    """Document these refusals and the ones that every operation has."""
    always = (401, 403, 404, 406, 429, 503)
    return {
        (status, PROBLEM): OpenApiResponse(component("Problem"), description=MEANING[status])
        for status in sorted({*always, *statuses})
    }


# Which of them a link takes is told by its service.
# A TEST or ACK that does not name its service fits those of several.
MESSAGE_BODY: dict[str, Any] = {"anyOf": [component(schema["title"]) for schema in _MESSAGES]}
CORRECTION_BODY: dict[str, Any] = {"oneOf": [component(schema["title"]) for schema in _CORRECTIONS]}
LINK = OpenApiParameter(
    "link",
    {"type": "string", "pattern": "^[-a-zA-Z0-9_]{1,60}$"},
    OpenApiParameter.PATH,
    description="Code of the link, for example police112-90010",
)
LINK_FILTER = OpenApiParameter(
    "link",
    {"type": "string", "pattern": "^[-a-zA-Z0-9_]{1,60}$"},
    OpenApiParameter.QUERY,
    description="Only this link's cases",
)
MUNICIPALITY_PATTERN = "^[0-9A-Za-z]{1,10}$"
MUNICIPALITY = OpenApiParameter(
    "municipality",
    {"type": "string", "pattern": MUNICIPALITY_PATTERN},
    OpenApiParameter.QUERY,
    description="Only this municipality's cases, of a link that serves several",
)
RECEIPT = OpenApiParameter(
    "receipt_no", {k: v for k, v in RECEIPT_NO.items() if k != "description"}, OpenApiParameter.PATH
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": "^[!-~]{1,128}$"},
    OpenApiParameter.HEADER,
    description="Same key and body: the stored answer. Other body: 422. In flight: 409.",
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    {"type": "string"},
    OpenApiParameter.HEADER,
    required=True,
    description="The ETag that was read, or *; 428 without it, 412 when it is not the current one",
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    {"type": "string"},
    OpenApiParameter.HEADER,
    description="304 while the case has not changed",
)

_NOTIFY: dict[str, Any] = {
    "msg_id": "112-20261122-000481-1",
    "msg_type": "EVENT_NOTIFY",
    "schema_ver": "1.0",
    "occurred_at": "2026-11-22T18:59:41+09:00",
    "sent_at": "2026-11-22T18:59:58+09:00",
    "is_drill": False,
    "payload": {
        "receipt_no": "20261122-000481",
        "version": 1,
        "kind_code": "201",
        "kind_name": "폭력",
        "urgency": "1",
        "place": {"lon": 127.3849, "lat": 36.3504, "error_radius_m": 50, "method": "wifi"},
        "address": "한빛시 중앙로 12",
        "summary": "주점 앞 2명이 다툼, 흉기 없음",
        "station": "중앙지구대",
        "units": ["중앙12"],
    },
}
MESSAGE_EXAMPLES = [
    OpenApiExample("신고 (report)", value=_NOTIFY, request_only=True),
    OpenApiExample(
        "출동 상태 (status of a unit)",
        value={
            **_NOTIFY,
            "msg_id": "112-20261122-000481-2",
            "msg_type": "STATUS_UPDATE",
            "payload": {"receipt_no": "20261122-000481", "status": "ARRIVED", "unit": "중앙12"},
        },
        request_only=True,
    ),
    OpenApiExample(
        "신고 취소 (report taken back)",
        value={
            **_NOTIFY,
            "msg_id": "112-20261122-000481-3",
            "msg_type": "CANCEL",
            "payload": {"receipt_no": "20261122-000481", "version": 2, "reason": "오인 신고"},
        },
        request_only=True,
    ),
    OpenApiExample(
        "접수됨 (taken in)",
        value={
            "msg_id": "112-20261122-000481-1",
            "msg_type": "EVENT_NOTIFY",
            "receipt_no": "20261122-000481",
            "result": "applied",
            "received_at": "2026-11-22T18:59:58.412+09:00",
            "incident": {"number": "20261122-0042", "status": "received", "version": 1},
        },
        response_only=True,
        status_codes=["201"],
    ),
]


def only_agency_api(endpoints: list[Any], **_kwargs: Any) -> list[Any]:
    """Keep the agency API; the console's own endpoints are no interface for others."""
    return [entry for entry in endpoints if entry[0].startswith(PATH_PREFIX)]


def with_components(result: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    """Publish the very schemas that the inbox validates with, and what we push."""
    result.setdefault("components", {}).setdefault("schemas", {}).update(COMPONENTS)
    result["webhooks"] = webhooks()
    for path in result["paths"].values():
        for operation in path.values():
            if "requestBody" in operation:
                operation["requestBody"]["required"] = True
    return result
