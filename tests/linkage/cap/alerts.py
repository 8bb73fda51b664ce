"""CAP alerts written by hand for tests: plain, of the Korean profile, and hostile."""

from datetime import UTC, datetime

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
SQUARE = "36.35,127.35 36.35,127.45 36.45,127.45 36.45,127.35 36.35,127.35"
AREA = f"<area><areaDesc>한빛시</areaDesc><polygon>{SQUARE}</polygon></area>"
KR_AREA = (
    "<area><areaDesc>한빛시</areaDesc><geocode><valueName>KRDSTGeocode</valueName>"
    "<value>9001000000</value></geocode></area>"
)
KR = {
    "identifier": "행정안전부0000000042",
    "sender": "cap.mois.example",
    "extra": "<code>대한민국정부1.1</code>",
    "event_code": "<eventCode><valueName>TTAS.KO-07.0046/R5</valueName><value>HRA</value>"
    "</eventCode>",
    "area": KR_AREA,
}


def info(*, area=AREA, event_code="", language="ko-KR", category="Met", more=""):
    return (
        f"<info><language>{language}</language><category>{category}</category>"
        f"<event>호우</event><urgency>Immediate</urgency><severity>Severe</severity>"
        f"<certainty>Observed</certainty>{event_code}{more}<headline>호우 경보</headline>"
        f"<description>하천 주변 접근 금지</description>{area}</info>"
    )


def alert(
    *,
    identifier="KR-0000000001",
    sender="cap.agency.example",
    sent="2026-11-22T11:55:00+09:00",
    status="Actual",
    msg_type="Alert",
    scope="Public",
    extra="",
    after="",
    infos=None,
    area=AREA,
    event_code="",
    head=HEAD,
    namespace="urn:oasis:names:tc:emergency:cap:1.2",
) -> bytes:
    """`extra` stands between scope and the references, `after` before the infos."""
    body = info(area=area, event_code=event_code) if infos is None else infos
    return (
        f'{head}<alert xmlns="{namespace}"><identifier>{identifier}</identifier>'
        f"<sender>{sender}</sender><sent>{sent}</sent><status>{status}</status>"
        f"<msgType>{msg_type}</msgType><scope>{scope}</scope>{extra}{after}{body}</alert>"
    ).encode()


def references(*named: tuple[str, str, str]) -> str:
    return "<references>" + " ".join(",".join(one) for one in named) + "</references>"


XXE = alert(
    head='<?xml version="1.0"?><!DOCTYPE alert [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    extra="<note>&x;</note>",
)
_LOL = '<!ENTITY a0 "lol">' + "".join(
    f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)
)
LAUGHS = alert(head=f'<?xml version="1.0"?><!DOCTYPE alert [{_LOL}]>', extra="<note>&a9;</note>")
UTF7 = alert(head='<?xml version="1.0" encoding="UTF-7"?>+ADw-!DOCTYPE alert+AD4-')
UTF16 = alert(head='<?xml version="1.0" encoding="UTF-16"?>').decode().encode("utf-16")
DEEP = HEAD.encode() + b"<a>" * 5000 + b"</a>" * 5000
WIDE = HEAD.encode() + b"<alerts>" + b"<a/>" * 400_000 + b"</alerts>"
HUGE = alert(extra=f"<note>{'x' * 50_000_000}</note>")


def with_polygon(text: str) -> bytes:
    return alert(area=f"<area><areaDesc>곳</areaDesc><polygon>{text}</polygon></area>")


def with_circle(text: str) -> bytes:
    return alert(area=f"<area><areaDesc>곳</areaDesc><circle>{text}</circle></area>")


MILLION = with_polygon("36.35,127.35 " * 1_000_000 + "36.35,127.35")
# Within the limit of bytes, beyond the one of corners.
MANY = with_polygon("36.3,127.3 " * 150_000 + "36.3,127.3")
HOSTILE: dict[str, tuple[bytes, str, str]] = {
    "external entity": (XXE, "cap_unreadable", "210"),
    "billion laughs": (LAUGHS, "cap_unreadable", "210"),
    "utf-7 disguise": (UTF7, "cap_unreadable", "210"),
    "utf-16 disguise": (UTF16, "cap_unreadable", "210"),
    "5,000 levels": (DEEP, "cap_unreadable", "210"),
    "400,000 elements": (WIDE, "cap_unreadable", "210"),
    "50 MB": (HUGE, "too_large", "210"),
    "1,000,000 corners": (MILLION, "too_large", "210"),
    "150,000 corners": (MANY, "cap_meaning", "210"),
    "NaN": (
        with_polygon("NaN,127.35 36.35,127.45 36.45,127.45 NaN,127.35"),
        "cap_meaning",
        "210",
    ),
    "infinity": (
        with_polygon("inf,127.35 36.35,127.45 36.45,127.45 inf,127.35"),
        "cap_meaning",
        "210",
    ),
    "overflow": (
        with_polygon("1e999,127.35 36.35,127.45 36.45,127.45 1e999,127.35"),
        "cap_meaning",
        "210",
    ),
    "swapped": (
        with_polygon("127.35,36.35 127.45,36.35 127.45,36.45 127.35,36.35"),
        "cap_meaning",
        "210",
    ),
    "antimeridian": (
        with_polygon("10,179.5 10,-179.5 11,-179.5 11,179.5 10,179.5"),
        "cap_meaning",
        "210",
    ),
    "open ring": (
        with_polygon("36.35,127.35 36.35,127.45 36.45,127.45 36.4,127.3"),
        "cap_meaning",
        "210",
    ),
    "three corners": (with_polygon("36.3,127.3 36.4,127.4 36.3,127.3"), "cap_meaning", "210"),
    "words": (with_polygon("here there here here"), "cap_meaning", "210"),
    "negative radius": (with_circle("36.3,127.3 -5"), "cap_meaning", "210"),
    "NaN radius": (with_circle("36.3,127.3 NaN"), "cap_meaning", "210"),
    "radius of the world": (with_circle("36.3,127.3 40000"), "cap_meaning", "210"),
    "not XML": (b"hello", "cap_unreadable", "210"),
    "empty": (b"", "cap_unreadable", "210"),
    "half": (alert()[:200], "cap_unreadable", "210"),
    "other namespace": (alert(namespace="urn:x"), "cap_schema", "210"),
    "no alert": (b"<kml/>", "cap_not_an_alert", "210"),
    "the 31st of February": (alert(sent="2026-02-31T11:55:00+09:00"), "cap_schema", "210"),
    "time without offset": (alert(sent="2026-11-22T11:55:00"), "cap_schema", "210"),
    "next year": (alert(sent="2027-11-22T11:55:00+09:00"), "cap_meaning", "210"),
    "unknown status": (alert(status="Maybe"), "cap_schema", "210"),
    "no references": (alert(msg_type="Cancel"), "cap_meaning", "210"),
    "broken references": (
        alert(msg_type="Cancel", extra="<references>a,b</references>"),
        "cap_meaning",
        "210",
    ),
    "comma in the name": (alert(identifier="A,B"), "cap_meaning", "210"),
    "alert of nothing": (alert(infos=""), "cap_meaning", "210"),
    "private to nobody": (alert(scope="Private"), "cap_meaning", "210"),
    "ends before it begins": (
        alert(
            infos=info(
                more="<effective>2026-11-22T12:00:00+09:00</effective>"
                "<expires>2026-11-22T11:00:00+09:00</expires>"
            )
        ),
        "cap_meaning",
        "210",
    ),
    "two infos of one language": (
        alert(
            **{k: v for k, v in KR.items() if k not in {"event_code", "area"}},
            infos=info(event_code=KR["event_code"]) * 2,
        ),
        "cap_profile",
        "220",
    ),
    "other event codes by language": (
        alert(
            **{k: v for k, v in KR.items() if k not in {"event_code", "area"}},
            infos=info(event_code=KR["event_code"])
            + info(event_code=KR["event_code"].replace("HRA", "TYP"), language="en-US"),
        ),
        "cap_profile",
        "220",
    ),
    "code of five digits": (
        alert(**{**KR, "area": KR_AREA.replace("9001000000", "90010")}),
        "cap_profile",
        "220",
    ),
    "R1 with an e-mail": (alert(**{**KR, "sender": "a@mois.example"}), "cap_profile", "220"),
    "R1 without ten digits": (alert(**{**KR, "identifier": "행정안전부"}), "cap_profile", "220"),
    "R1 with the old name": (
        alert(**{**KR, "area": KR_AREA.replace("KRDSTGeocode", "행정구역코드")}),
        "cap_profile",
        "220",
    ),
    "unknown note": (
        alert(
            **{**KR, "extra": f"{KR['extra']}<note>999</note>"},
            msg_type="Ack",
            after=references(("a", "b", "2026-11-22T11:55:00+09:00")),
        ),
        "cap_profile",
        "220",
    ),
}
