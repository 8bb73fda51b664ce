"""The envelope of domain.md 2.1 and the schema pieces that services share; no Django.

The official interface texts are not public, so the fields are this project's own, versioned by
`schema_ver`. A payload carries `receipt_no`, the agency's own number of the case, in every service.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

SCHEMA_VERSION = "1.0"
Schema = dict[str, Any]
# No control characters: they cannot be stored and mean an encoding fault.
_TEXT = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f]*$"


def text(length: int, description: str) -> Schema:
    return {"type": "string", "maxLength": length, "pattern": _TEXT, "description": description}


def token(length: int, description: str) -> Schema:
    pattern = rf"^[0-9A-Za-z_-]{{1,{length}}}$"
    return {"type": "string", "pattern": pattern, "description": description}


def moment(description: str) -> Schema:
    return {
        "type": "string",
        "format": "date-time",
        "maxLength": 40,
        "description": description,
    }


def record(*required: str, **properties: Schema) -> Schema:
    """Describe an object that has these properties and no others."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": properties,
    }


RECEIPT_NO = token(40, "접수번호: the agency's own number of the case")
# A case that a CAP alert began is numbered by the alert, whose name is in the agency's language.
CASE_NO: dict[str, Any] = {
    "type": "string",
    "minLength": 1,
    "maxLength": 60,
    "pattern": _TEXT,
    "description": "The agency's own number of the case, or of the CAP alert that began it",
}
VERSION = {
    "type": "integer",
    "minimum": 1,
    "maximum": 2_147_483_647,
    "description": "Raised by one with every change of the case; older ones are kept, not applied",
}
PLACE: dict[str, Any] = {
    "type": "object",
    "description": "WGS84 degrees; error_radius_m is drawn and widens the camera search",
    "additionalProperties": False,
    "required": ["lon", "lat", "error_radius_m", "method"],
    "properties": {
        "lon": {"type": "number", "minimum": 124, "maximum": 132},
        "lat": {"type": "number", "minimum": 32, "maximum": 39},
        "error_radius_m": {"type": "number", "minimum": 0, "maximum": 50_000},
        "method": {
            "enum": ["gps", "wifi", "cell", "address", "caller"],
            "description": "측위 방식",
        },
    },
}


# An agency's own number for what the centre reported to it, in every service.
REPORT_TAKEN = record(
    "receipt_no",
    "report_no",
    receipt_no=RECEIPT_NO,
    report_no={
        "type": "string",
        "pattern": r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
        "description": "`report_no` of the centre's report",
    },
)

# An agency's answer to our CLOSE, in every service.
CLOSE_TAKEN = record("receipt_no", receipt_no=CASE_NO)

TEST_MESSAGE = record(
    "receipt_no",
    receipt_no={**RECEIPT_NO, "description": "A number of your own for the test"},
    text=text(200, "What is tested"),
)
LARGEST_SEQUENCE = 2**63 - 1
RESYNC: Schema = {
    **record(
        "reason",
        from_sequence={
            "type": "integer",
            "minimum": 0,
            "maximum": LARGEST_SEQUENCE,
            "description": "Every message from this `sequence` of the fetch transport on",
        },
        since=moment("Or every message that was owed from this moment on"),
        reason={**text(300, "Why; put on record"), "minLength": 2},
    ),
    "oneOf": [{"required": ["from_sequence"]}, {"required": ["since"]}],
}


def envelope(*, service: str, message_type: str, payload: Schema) -> Schema:
    """Wrap the schema of a payload as a whole message of the service."""
    return {
        "type": "object",
        "title": f"{service.title()}{message_type.title().replace('_', '')}",
        "additionalProperties": False,
        "required": ["msg_id", "msg_type", "schema_ver", "occurred_at", "sent_at", "payload"],
        "properties": {
            "msg_id": {
                "type": "string",
                "pattern": r"^[0-9A-Za-z_.:-]{1,64}$",
                "description": "Unique per link; the same id again gets the same answer",
            },
            "msg_type": {"const": message_type},
            "schema_ver": {"const": SCHEMA_VERSION},
            "correlation_id": {
                "type": "string",
                "pattern": r"^[0-9A-Za-z_.:-]{1,64}$",
                "description": "The id of our message that this one answers",
            },
            "sender_org": {"type": "string", "pattern": r"^\d{7}$"},
            "receiver_org": {"type": "string", "pattern": r"^\d{7}$"},
            "municipality_code": {"type": "string", "pattern": r"^\d{2,10}$"},
            "service_code": {"const": service},
            "occurred_at": moment("When it happened, with offset"),
            "sent_at": moment("When this left the sender, within 5 min of us"),
            "priority": {"type": "integer", "minimum": 1, "maximum": 4},
            "purpose_code": token(20, "Purpose of the provision"),
            "legal_basis_code": token(20, "Legal basis of the provision"),
            "is_drill": {"type": "boolean", "default": False},
            "payload_hash": {
                "type": "string",
                "pattern": r"^[0-9a-f]{64}$",
                "description": "SHA-256 of the payload as canonical JSON "
                "(sorted keys, no blanks, UTF-8)",
            },
            "payload": payload,
        },
    }


@dataclass(frozen=True)
class Message:
    """A validated message; `payload` is as its schema says."""

    message_id: str
    message_type: str
    case_number: str
    version: int
    occurred_at: datetime
    sent_at: datetime
    is_drill: bool
    correlation_id: str
    payload: dict[str, Any]


def read(document: dict[str, Any]) -> Message:
    """Read a document that its schema has admitted."""
    payload = document["payload"]
    return Message(
        message_id=document["msg_id"],
        message_type=document["msg_type"],
        # Only a RESYNC is about no number at all.
        case_number=payload.get("receipt_no", ""),
        version=int(payload.get("version", 1)),
        occurred_at=moment_of(document["occurred_at"]),
        sent_at=moment_of(document["sent_at"]),
        is_drill=document.get("is_drill", False),
        correlation_id=document.get("correlation_id", ""),
        payload=payload,
    )


def moment_of(text: str) -> datetime:
    """Read an RFC 3339 time as UTC; a leap second becomes the second before it.

    Raises: ValueError, OverflowError for what no clock shows.
    """
    moment = datetime.fromisoformat(text.upper().replace(":60", ":59"))
    if moment.tzinfo is None:
        raise ValueError("a time needs its offset")
    # An offset that is no time zone's is admitted by the RFC and by no database.
    return moment.astimezone(UTC)


def canonical(document: Any) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def content_sha256(document: dict[str, Any]) -> str:
    """Hash the content without its send time, so that a resend is the same message."""
    kept = {name: value for name, value in document.items() if name != "sent_at"}
    return hashlib.sha256(canonical(kept)).hexdigest()
