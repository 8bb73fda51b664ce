"""What the city's own systems may say: the payloads of their messages, with no Django.

Source: domain.md 3.10 (traffic, crime prevention and disaster systems).
"""

from linkage.wire import (
    CLOSE_TAKEN,
    PLACE,
    RECEIPT_NO,
    VERSION,
    Schema,
    moment,
    record,
    text,
    token,
)

REPORT_FIELDS: dict[str, Schema] = {
    "kind_code": token(30, "사건종별, for example C01 비상벨; an unknown one is kept as unmapped"),
    "kind_name": text(60, "Name of the kind, used when the code is not yet mapped"),
    "urgency": {"enum": ["1", "2", "3", "4"], "description": "단계: 관심, 주의, 경계, 심각"},
    "bell_id": text(60, "관리번호 or 안전비상벨관리번호: the case is where the bell stands"),
    "place": PLACE,
    "address": text(200, "Road or lot address"),
    "summary": text(500, "What happened; no names, no telephone numbers"),
}
PAYLOADS: dict[str, Schema] = {
    "EVENT_NOTIFY": {
        **record("receipt_no", "version", "kind_code", receipt_no=RECEIPT_NO, version=VERSION),
        "properties": {"receipt_no": RECEIPT_NO, "version": VERSION, **REPORT_FIELDS},
    },
    "STATUS_UPDATE": record(
        "receipt_no",
        "text",
        receipt_no=RECEIPT_NO,
        text={
            **text(500, "A remark for the timeline: who answered the bell, what was seen"),
            "minLength": 1,
        },
    ),
    "CANCEL": record(
        "receipt_no",
        "version",
        receipt_no=RECEIPT_NO,
        version=VERSION,
        reason=text(200, "Why it is taken back: a test, a press by mistake"),
    ),
    # The event is over; an incident that nobody owns ends with it.
    "CLOSE": record("receipt_no", receipt_no=RECEIPT_NO, text=text(500, "Remark")),
    "CLOSE_ACK": CLOSE_TAKEN,
}

READING: Schema = record(
    "sensor",
    "at",
    "value",
    sensor=token(40, "Code of the sensor"),
    at=moment("When it was measured, with offset"),
    value={"type": "number", "minimum": -1_000_000, "maximum": 1_000_000},
)
READINGS: Schema = {
    **record("readings"),
    "title": "CityReadings",
    "properties": {"readings": {"type": "array", "minItems": 1, "maxItems": 500, "items": READING}},
}
