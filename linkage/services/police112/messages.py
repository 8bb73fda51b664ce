"""The messages of the police 112 room: their JSON Schemas and what they mean, with no Django.

Source: domain.md 2.1 (envelope) and 3.1 (fields of 112 긴급영상); the official interface text is
not public, so the field list is this project's own and versioned by `schema_ver`.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

SCHEMA_VERSION = "1.0"
# No control characters: they cannot be stored and mean an encoding fault.
_TEXT = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f]*$"


def _text(length: int, description: str) -> dict[str, Any]:
    return {"type": "string", "maxLength": length, "pattern": _TEXT, "description": description}


def _token(length: int, description: str) -> dict[str, Any]:
    pattern = rf"^[0-9A-Za-z_-]{{1,{length}}}$"
    return {"type": "string", "pattern": pattern, "description": description}


RECEIPT_NO = _token(40, "112 접수번호: the agency's own number of the case")
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
REPORT_FIELDS: dict[str, Any] = {
    "kind_code": _token(30, "사건종별: the agency's code; an unknown one is taken in as unmapped"),
    "kind_name": _text(60, "Name of the kind, used when the code is not yet mapped"),
    "urgency": {"enum": ["0", "1", "2", "3", "4"], "description": "긴급코드, 0 is the most urgent"},
    "place": PLACE,
    "address": _text(200, "Road or lot address"),
    "summary": _text(500, "신고내용; no names, no telephone numbers"),
    "station": _text(60, "관할서/지구대"),
    "units": {
        "type": "array",
        "maxItems": 20,
        "items": _text(30, "Call sign"),
        "description": "출동차량",
    },
}
PAYLOADS: dict[str, dict[str, Any]] = {
    "EVENT_NOTIFY": {
        "type": "object",
        "additionalProperties": False,
        "required": ["receipt_no", "version", "kind_code", "urgency"],
        "properties": {"receipt_no": RECEIPT_NO, "version": VERSION, **REPORT_FIELDS},
    },
    "STATUS_UPDATE": {
        "type": "object",
        "additionalProperties": False,
        "required": ["receipt_no", "status"],
        "properties": {
            "receipt_no": RECEIPT_NO,
            "status": {
                "enum": ["DISPATCHED", "ARRIVED", "CLOSED"],
                "description": "출동, 도착, 종결",
            },
            "unit": _text(30, "Call sign of the unit"),
            "text": _text(500, "Remark"),
            "closing_code": _token(20, "종결코드"),
        },
    },
    "CANCEL": {
        "type": "object",
        "additionalProperties": False,
        "required": ["receipt_no", "version"],
        "properties": {
            "receipt_no": RECEIPT_NO,
            "version": VERSION,
            "reason": _text(200, "Why the report is taken back"),
        },
    },
}


def _envelope(message_type: str) -> dict[str, Any]:
    moment = {"type": "string", "format": "date-time", "maxLength": 40}
    return {
        "type": "object",
        "title": f"Police112{message_type.title().replace('_', '')}",
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
            "service_code": {"const": "police112"},
            "occurred_at": moment | {"description": "When it happened, with offset"},
            "sent_at": moment | {"description": "When this left the sender, within 5 min of us"},
            "priority": {"type": "integer", "minimum": 1, "maximum": 4},
            "purpose_code": _token(20, "Purpose of the provision"),
            "legal_basis_code": _token(20, "Legal basis of the provision"),
            "is_drill": {"type": "boolean", "default": False},
            "payload_hash": {
                "type": "string",
                "pattern": r"^[0-9a-f]{64}$",
                "description": "SHA-256 of the payload as canonical JSON "
                "(sorted keys, no blanks, UTF-8)",
            },
            "payload": PAYLOADS[message_type],
        },
    }


SCHEMAS: dict[str, dict[str, Any]] = {name: _envelope(name) for name in PAYLOADS}

# A partial correction of an own case, by PATCH.
CORRECTION: dict[str, Any] = {
    "type": "object",
    "title": "Correction",
    "additionalProperties": False,
    "minProperties": 1,
    "properties": REPORT_FIELDS,
}


@dataclass(frozen=True)
class Message:
    """A validated message; `payload` is as its schema says."""

    message_id: str
    message_type: str
    receipt_no: str
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
        receipt_no=payload["receipt_no"],
        version=int(payload.get("version", 1)),
        occurred_at=moment_of(document["occurred_at"]),
        sent_at=moment_of(document["sent_at"]),
        is_drill=document.get("is_drill", False),
        correlation_id=document.get("correlation_id", ""),
        payload=payload,
    )


def moment_of(text: str) -> datetime:
    """Read an RFC 3339 time; a leap second becomes the second before it."""
    moment = datetime.fromisoformat(text.upper().replace(":60", ":59"))
    if moment.tzinfo is None:
        raise ValueError("a time needs its offset")
    return moment


def canonical(document: Any) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def content_sha256(document: dict[str, Any]) -> str:
    """Hash the content without its send time, so that a resend is the same message."""
    kept = {name: value for name, value in document.items() if name != "sent_at"}
    return hashlib.sha256(canonical(kept)).hexdigest()
