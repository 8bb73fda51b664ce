"""What a disaster room may say in the JSON envelope: the payloads of its messages, no Django.

Source: domain.md 3.4 (fields of 재난안전상황).
"""

from linkage.services.video.messages import STREAM_REQUEST_ON_GROUND
from linkage.wire import CLOSE_TAKEN, PLACE, RECEIPT_NO, VERSION, Schema, record, text, token

LEVEL: Schema = {
    "enum": [1, 2, 3, 4],
    "description": "위기경보: 1 관심, 2 주의, 3 경계, 4 심각",
}
_PAIR: Schema = {
    "type": "array",
    "minItems": 2,
    "maxItems": 2,
    "items": {"type": "number", "minimum": -180, "maximum": 180},
}
# How many corners there may be is bounded by the size of a message.
_RING: Schema = {"type": "array", "minItems": 4, "items": _PAIR}
_RINGS: Schema = {"type": "array", "minItems": 1, "maxItems": 20, "items": _RING}


def _geometry(kind: str, coordinates: Schema) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["type", "coordinates"],
        "properties": {"type": {"const": kind}, "coordinates": coordinates},
    }


AREA: Schema = {
    "description": "GeoJSON in WGS84 (lon, lat); a ring that is left open is closed",
    "anyOf": [
        _geometry("Polygon", _RINGS),
        _geometry(
            "MultiPolygon", {"type": "array", "minItems": 1, "maxItems": 20, "items": _RINGS}
        ),
    ],
}
SITUATION_FIELDS: dict[str, Schema] = {
    "kind_code": token(30, "재난유형: the agency's code; an unknown one is taken in as unmapped"),
    "kind_name": text(60, "Name of the kind, used when the code is not yet mapped"),
    "level": LEVEL,
    "area": AREA,
    "area_codes": {
        "type": "array",
        "maxItems": 50,
        "items": {"type": "string", "pattern": r"^\d{10}$"},
        "description": "10-digit administrative codes of the area",
    },
    "area_names": {"type": "array", "maxItems": 50, "items": text(80, "Name of a part")},
    "place": PLACE,
    "address": text(200, "Where it began"),
    "summary": text(500, "What is going on; no names, no telephone numbers"),
    "issuer": text(120, "발표기관"),
    "casualties": text(300, "피해현황"),
    "actions": text(1000, "조치사항"),
    "report_every_min": {
        "type": "integer",
        "minimum": 5,
        "maximum": 10_080,
        "description": "보고주기 in minutes",
    },
}
PAYLOADS: dict[str, Schema] = {
    "EVENT_NOTIFY": record(
        "receipt_no",
        "version",
        "kind_code",
        "level",
        receipt_no=RECEIPT_NO,
        version=VERSION,
        **SITUATION_FIELDS,
    ),
    "STATUS_UPDATE": record(
        "receipt_no",
        "text",
        receipt_no=RECEIPT_NO,
        level=LEVEL,
        text=text(1000, "상황보고"),
        casualties=SITUATION_FIELDS["casualties"],
        actions=SITUATION_FIELDS["actions"],
    ),
    "STREAM_REQUEST": STREAM_REQUEST_ON_GROUND,
    "CANCEL": record(
        "receipt_no",
        "version",
        receipt_no=RECEIPT_NO,
        version=VERSION,
        reason=text(200, "Why it is taken back"),
    ),
    "CLOSE": record("receipt_no", receipt_no=RECEIPT_NO, text=text(500, "How the situation ended")),
    "CLOSE_ACK": CLOSE_TAKEN,
}
CORRECTION: Schema = {
    "type": "object",
    "title": "DisasterCorrection",
    "additionalProperties": False,
    "minProperties": 1,
    "properties": SITUATION_FIELDS,
}
