"""Answers of traffic systems with the field names that they really have; contents made up."""

import json
from xml.sax.saxutils import escape

ITS_ROW = {
    "type": "고속도로",
    "eventType": "교통사고",
    "eventDetailType": "추돌사고",
    "startDate": "20261122093000",
    "coordX": "127.39",
    "coordY": "36.36",
    "linkId": "1870199600",
    "roadName": "경부선",
    "roadNo": "1",
    "roadDrcType": "기점",
    "lanesBlockType": "",
    "lanesBlocked": "1차로 차단",
    "message": "(1차로) 승용차 추돌",
    "endDate": "",
}
UTIC_ROW = {
    "incidentId": "L932817",
    "incidenteTypeCd": "1",
    "incidenteSubTypeCd": "1",
    "addressJibun": "한빛시 가온동 12",
    "addressJibunCd": "9001010100",
    "addressNew": "한빛시 중앙로 12",
    "linkId": "1870199600",
    "locationDataX": "127.39",
    "locationDataY": "36.36",
    "incidentTitle": "[사고] 중앙로 승용차 추돌",
    "startDate": "20261122093000",
    "endDate": "20261122113000",
    "lane": "1차로",
    "roadName": "중앙로",
    "controlType": "부분통제",
    "updateDate": "20261122093500",
}


def its_answer(*rows) -> bytes:
    body = {"totalCount": len(rows), "items": list(rows)}
    return json.dumps({"header": {"resultCode": 0, "resultMsg": "success"}, "body": body}).encode()


def _elements(row) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in row.items())


def its_xml(*rows) -> bytes:
    items = "".join(f"<item>{_elements(row)}</item>" for row in rows)
    return (
        "<response><header><resultCode>0</resultCode></header>"
        f"<body><items>{items}</items></body></response>"
    ).encode()


def utic_answer(*rows) -> bytes:
    inner = "".join(f"<record>{_elements(row)}</record>" for row in rows)
    return f'<?xml version="1.0" encoding="UTF-8"?><result>{inner}</result>'.encode()
