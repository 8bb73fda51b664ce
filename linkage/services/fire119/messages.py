"""What the fire service's 119 room may say: the payloads of its messages, with no Django.

Source: domain.md 3.3 (fields of 119 긴급출동).
"""

from linkage.services.video.messages import STREAM_REQUEST
from linkage.wire import (
    CLOSE_TAKEN,
    PLACE,
    RECEIPT_NO,
    TOGETHER,
    VERSION,
    Schema,
    moment,
    record,
    text,
    token,
)

STEPS = ("received", "ordered", "departed", "arrived", "under_control", "withdrawn")
CALL_SIGN = {**text(30, "호출명: call sign of the engine or crew"), "minLength": 1}
VEHICLE = {
    "enum": ["pumper", "tanker", "ladder", "rescue", "ambulance", "chemical", "command", "other"],
    "description": "차종: 펌프, 물탱크, 사다리, 구조, 구급, 화학, 지휘, 기타",
}

REPORT_FIELDS: dict[str, Schema] = {
    "kind_code": token(
        30, "종별: F.. 화재, R.. 구조, E.. 구급; an unknown one is kept as unmapped"
    ),
    "kind_name": text(60, "Name of the kind, used when the code is not yet mapped"),
    "urgency": {"enum": ["1", "2", "3"], "description": "1 긴급, 2 응급, 3 비응급·일반"},
    "response_level": {
        "type": "integer",
        "minimum": 0,
        "maximum": 3,
        "description": "대응단계; 0 until one is declared",
    },
    "place": PLACE,
    "address": text(200, "Road or lot address"),
    "floor": text(20, "층: as spoken, for example 지하 2층, 12층 1203호"),
    "building_ids": {
        "type": "array",
        "maxItems": 20,
        "items": token(40, "건물관리번호 or object number"),
        "description": "Buildings on fire or entered",
    },
    "hazard_ids": {
        "type": "array",
        "maxItems": 50,
        "items": token(40, "Number of a hazardous facility, as in the centre's list"),
        "description": "위험물 시설 that the report names",
    },
    "summary": text(500, "신고내용; no names, no telephone numbers"),
    "received_at": moment("접수: when the report reached 119; the 7 minutes count from here"),
    "headquarters": text(60, "관할 소방서"),
    "units": {
        "type": "array",
        "maxItems": 60,
        "items": record("unit", unit=CALL_SIGN, vehicle=VEHICLE),
        "description": "편성 차량",
    },
}
TIME: Schema = record(
    "step",
    "at",
    step={"enum": list(STEPS), "description": "접수, 지령, 출발, 도착, 초진(통제), 철수"},
    at=moment("When the step was done"),
    unit={**CALL_SIGN, "description": "Whose step; left out: the whole case"},
)
POSITION: Schema = record(
    "unit",
    "lon",
    "lat",
    "at",
    unit=CALL_SIGN,
    vehicle=VEHICLE,
    lon=PLACE["properties"]["lon"],
    lat=PLACE["properties"]["lat"],
    at=moment("When the engine was there"),
    speed_kmh={"type": "number", "minimum": 0, "maximum": 250},
    heading_deg={"type": "number", "minimum": 0, "maximum": 360},
)
PAYLOADS: dict[str, Schema] = {
    "EVENT_NOTIFY": {
        "type": "object",
        "additionalProperties": False,
        "required": ["receipt_no", "version", "kind_code", "urgency", "received_at"],
        "properties": {
            "receipt_no": {**RECEIPT_NO, "description": "재난번호: 119's own number of the case"},
            "version": VERSION,
            **REPORT_FIELDS,
        },
    },
    "STATUS_UPDATE": record(
        "receipt_no",
        "times",
        receipt_no=RECEIPT_NO,
        times={"type": "array", "minItems": 1, "maxItems": 100, "items": TIME},
        text=text(500, "Remark"),
    ),
    "UNIT_POSITION": record(
        "receipt_no",
        "positions",
        receipt_no=RECEIPT_NO,
        positions={"type": "array", "minItems": 1, "maxItems": 60, "items": POSITION},
    ),
    "STREAM_REQUEST": STREAM_REQUEST,
    "CANCEL": record(
        "receipt_no",
        "version",
        receipt_no=RECEIPT_NO,
        version=VERSION,
        reason=text(200, "Why the report is taken back"),
    ),
    "CLOSE": record(
        "receipt_no",
        "closing_code",
        receipt_no=RECEIPT_NO,
        closing_code=token(20, "종결코드 of the 119 room"),
        text=text(500, "Remark"),
    ),
    "CLOSE_ACK": CLOSE_TAKEN,
    "CO_RESPONSE": TOGETHER,
    "TRANSFER": TOGETHER,
}

# A partial correction of an own case, by PATCH.
CORRECTION: Schema = {
    "type": "object",
    "title": "Fire119Correction",
    "additionalProperties": False,
    "minProperties": 1,
    "properties": REPORT_FIELDS,
}
