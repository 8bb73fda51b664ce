"""What the police 112 room may say: the payloads of its messages, with no Django.

Source: domain.md 3.1 (fields of 112 긴급영상).
"""

from linkage.services.video.messages import STREAM_REQUEST
from linkage.wire import (
    CLOSE_TAKEN,
    PLACE,
    RECEIPT_NO,
    REPORT_TAKEN,
    TOGETHER,
    VERSION,
    Schema,
    moment,
    record,
    text,
    token,
)

REPORT_FIELDS: dict[str, Schema] = {
    "kind_code": token(30, "사건종별: the agency's code; an unknown one is taken in as unmapped"),
    "kind_name": text(60, "Name of the kind, used when the code is not yet mapped"),
    "urgency": {"enum": ["0", "1", "2", "3", "4"], "description": "긴급코드, 0 is the most urgent"},
    "place": PLACE,
    "address": text(200, "Road or lot address"),
    "summary": text(500, "신고내용; no names, no telephone numbers"),
    "station": text(60, "관할서/지구대"),
    "units": {
        "type": "array",
        "maxItems": 20,
        "items": text(30, "Call sign"),
        "description": "출동차량",
    },
}
PAYLOADS: dict[str, Schema] = {
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
                "enum": ["DISPATCHED", "ARRIVED", "WITHDRAWN", "CLOSED"],
                "description": "출동, 도착, 출동 해제 (of the unit), 종결",
            },
            "unit": text(30, "Call sign of the unit"),
            "text": text(500, "Remark"),
            "closing_code": token(20, "종결코드"),
        },
    },
    "CANCEL": {
        "type": "object",
        "additionalProperties": False,
        "required": ["receipt_no", "version"],
        "properties": {
            "receipt_no": RECEIPT_NO,
            "version": VERSION,
            "reason": text(200, "Why the report is taken back"),
        },
    },
    "STREAM_REQUEST": STREAM_REQUEST,
    "UNIT_POSITION": record(
        "receipt_no",
        "unit",
        "at",
        "lon",
        "lat",
        receipt_no=RECEIPT_NO,
        unit=text(30, "Call sign"),
        at=moment("When the unit was there, by its own clock"),
        lon=PLACE["properties"]["lon"],
        lat=PLACE["properties"]["lat"],
        speed_kmh={"type": "number", "minimum": 0, "maximum": 400},
        heading_deg={"type": "number", "minimum": 0, "maximum": 360},
    ),
    "CLOSE": record(
        "receipt_no",
        receipt_no=RECEIPT_NO,
        closing_code=token(20, "종결코드"),
        text=text(500, "Remark"),
    ),
    "CLOSE_ACK": CLOSE_TAKEN,
    "ACK": REPORT_TAKEN,
    "CO_RESPONSE": TOGETHER,
    "TRANSFER": TOGETHER,
}

# A partial correction of an own case, by PATCH.
CORRECTION: Schema = {
    "type": "object",
    "title": "Police112Correction",
    "additionalProperties": False,
    "minProperties": 1,
    "properties": REPORT_FIELDS,
}
