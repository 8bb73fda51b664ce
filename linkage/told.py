"""The payloads of what agencies are told: schema pieces that services share, with no Django.

A field that the link's legal basis may withhold (linkage.agreements.FIELD_DATA) is never required.
"""

from collections.abc import Mapping

from linkage.routing import Told
from linkage.wire import CASE_NO, PLACE, RECEIPT_NO, REPORT_TAKEN, VERSION, Schema, moment, record

INCIDENT_NUMBER: Schema = {"type": "string", "description": "Our number of the incident"}
IN_REPLY_TO: Schema = {
    "type": "string",
    "description": "`msg_id` of the message that this one answers; as `correlation_id`",
}
AT = moment("When it happened here")
PLACE_OURS: Schema = record(
    "lon",
    "lat",
    "error_radius_m",
    lon=PLACE["properties"]["lon"],
    lat=PLACE["properties"]["lat"],
    error_radius_m={"type": "number", "minimum": 0},
)
CLOSE_ACK: Schema = record(
    "receipt_no",
    "in_reply_to",
    "incident_number",
    "at",
    receipt_no=CASE_NO,
    in_reply_to=IN_REPLY_TO,
    incident_number=INCIDENT_NUMBER,
    at=AT,
)

_STILL_REQUIRED = (
    "picture_at",
    "camera",
    "sha256",
    "bytes",
    "width",
    "height",
    "available_until",
)
_STILL_FIELDS: dict[str, Schema] = {
    "still": {"type": "string", "format": "uuid", "description": "The picture's own name"},
    "picture_at": moment("When the picture reached the centre; also burnt into it"),
    "camera": record(
        "id",
        "name",
        "lon",
        "lat",
        id={"type": "integer", "minimum": 1},
        name={"type": "string"},
        lon=PLACE["properties"]["lon"],
        lat=PLACE["properties"]["lat"],
    ),
    "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "Of the JPEG's bytes"},
    "bytes": {"type": "integer", "minimum": 1},
    "width": {"type": "integer", "minimum": 1},
    "height": {"type": "integer", "minimum": 1},
    "picture": {"type": "string", "description": "Path of the JPEG, with your token"},
    "available_until": moment("From then on the path answers 404"),
}
STILL: Schema = record(
    "receipt_no",
    "incident_number",
    "at",
    *_STILL_REQUIRED,
    receipt_no=RECEIPT_NO,
    incident_number=INCIDENT_NUMBER,
    at=AT,
    text={"type": "string", "description": "What the operator wrote"},
    **_STILL_FIELDS,
)


def _report(relation: str, description: str) -> Schema:
    return record(
        "report_no",
        "relation",
        "incident_number",
        "kind_code",
        "kind_name",
        "at",
        report_no={
            **REPORT_TAKEN["properties"]["report_no"],
            "description": "Number of this report; answer by ACK with it and your `receipt_no`",
        },
        relation={"const": relation, "description": description},
        incident_number=INCIDENT_NUMBER,
        kind_code={"type": "string", "description": "Code of the kind in the centre's table"},
        kind_name={"type": "string"},
        at=AT,
        place={"anyOf": [PLACE_OURS, {"type": "null"}], "description": "null: not known"},
        address={"type": "string"},
        summary={"type": "string", "description": "What the operator wrote"},
        still=record(*_STILL_REQUIRED, **_STILL_FIELDS),
    )


# What the centre reports of its own accord.
REPORTS: dict[str, Schema] = {
    "EVENT_NOTIFY": _report("report", "The centre has seen it first"),
    "CO_RESPONSE": _report("co_response", "To be answered together with another agency"),
    "TRANSFER": _report("transfer", "Handed over: it is yours"),
}

# Without a case: the line itself is tried.
TEST: Schema = record(
    "receipt_no",
    "status",
    "at",
    "asked_by",
    receipt_no={**RECEIPT_NO, "description": "A number of the test alone"},
    status={"const": "TEST"},
    at=AT,
    asked_by={"enum": ["agency", "centre"]},
)
# Without a case: the centre has lost what the agency sent it.
RESYNC_ASKED: Schema = record(
    "since",
    "reason",
    "at",
    since=moment("Send again, each under its own `msg_id`, what you sent from this moment on"),
    reason={"type": "string", "description": "Why the centre asks"},
    at=AT,
)


# Without a case of ours: what became of a request for recorded video. States and numbers only.
EXPORT: Schema = record(
    "export",
    "export_no",
    "state",
    "at",
    "reason",
    export={"type": "string", "format": "uuid", "description": "As the request was answered"},
    export_no={"type": "string", "description": "Our number of the request, to be told by voice"},
    receipt_no={**RECEIPT_NO, "description": "Your number of the case, where the request named it"},
    state={
        "enum": [
            *("SUBMITTED", "REVIEWED", "APPROVED", "REJECTED"),
            *("LAPSED", "RELEASED", "EXPIRED", "DESTROYED"),
        ],
        "description": "How the request stands now",
    },
    at=AT,
    reason={"type": "string", "description": "Why; LAPSED: `video` is no longer kept, or `time`"},
    page={"type": "string", "description": "RELEASED: path of the page on which it is seen"},
    available_until=moment("RELEASED: from then on nothing is shown"),
    views={"type": "integer", "minimum": 1, "description": "RELEASED: how often it may be seen"},
    may_download={"type": "boolean", "description": "RELEASED: as an encrypted package, too"},
)


def facts(told: Mapping[str, Told]) -> dict[str, Schema]:
    """Describe what linkage.envelopes.payload_of makes of the facts in this table, by type."""
    return {
        name: _fact(name, sorted({row.status for row in told.values() if row.message_type == name}))
        for name in dict.fromkeys(row.message_type for row in told.values())
    }


def _fact(message_type: str, statuses: list[str]) -> Schema:
    fields: dict[str, Schema] = {
        "receipt_no": CASE_NO,
        "status": {"enum": statuses, "description": "What became of the case"},
        "incident_number": INCIDENT_NUMBER,
        "incident_version": {**VERSION, "description": "Raised with every fact of the incident"},
        "at": AT,
    }
    required = list(fields)
    if message_type == "CLOSE":
        fields["result"] = {"type": "string", "description": "Result code of the centre"}
        required.append("result")
    if "PLACE_CORRECTED" in statuses:
        fields["place"] = {**PLACE_OURS, "description": "With PLACE_CORRECTED: where it is"}
    return record(*required, **fields)
