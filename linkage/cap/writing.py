"""Alerts, acknowledgements and errors as CAP 1.2 in edition R1 of the Korean profile."""

from collections.abc import Iterable
from typing import Any

from lxml import etree

from linkage.cap.alert import KR_R1, Alert, Area, Info, Reference, cap_time
from linkage.cap.reading import CAP_12
from linkage.cap.xml import Element


def to_xml(alert: Alert) -> bytes:
    """Write the elements in the order of the OASIS schema."""
    root = etree.Element(f"{{{CAP_12}}}alert", nsmap={None: CAP_12})
    _add(root, "identifier", alert.identifier)
    _add(root, "sender", alert.sender)
    _add(root, "sent", cap_time(alert.sent))
    _add(root, "status", alert.status)
    _add(root, "msgType", alert.msg_type)
    _add(root, "source", alert.source)
    _add(root, "scope", alert.scope)
    _add(root, "restriction", alert.restriction)
    _add(root, "addresses", alert.addresses)
    for code in alert.codes:
        _add(root, "code", code)
    _add(root, "note", alert.note)
    _add(root, "references", " ".join(map(str, alert.references)))
    for info in alert.infos:
        _info(root, info)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return written


def reply(
    *,
    identifier: str,
    sender: str,
    sent: Any,
    note: str,
    references: Iterable[Reference],
    is_error: bool,
) -> bytes:
    """Acknowledge, or refuse with the note of the profile; a reply names no author."""
    return to_xml(
        Alert(
            identifier=identifier,
            sender=sender,
            sent=sent,
            status="Actual",
            msg_type="Error" if is_error else "Ack",
            scope="Private",
            addresses=" ".join(dict.fromkeys(one.sender for one in references)) or "unknown",
            codes=(KR_R1,),
            note=note,
            references=tuple(references),
        )
    )


def _info(root: Element, info: Info) -> None:
    into = etree.SubElement(root, f"{{{CAP_12}}}info")
    _add(into, "language", info.language)
    for category in info.category:
        _add(into, "category", category)
    _add(into, "event", info.event)
    for response in info.response_types:
        _add(into, "responseType", response)
    _add(into, "urgency", info.urgency)
    _add(into, "severity", info.severity)
    _add(into, "certainty", info.certainty)
    _pairs(into, "eventCode", info.event_codes)
    for name, moment in (
        ("effective", info.effective),
        ("onset", info.onset),
        ("expires", info.expires),
    ):
        _add(into, name, cap_time(moment) if moment else "")
    _add(into, "senderName", info.sender_name)
    _add(into, "headline", info.headline)
    _add(into, "description", info.description)
    _add(into, "instruction", info.instruction)
    _pairs(into, "parameter", info.parameters)
    for area in info.areas:
        _area(into, area)


def _area(info: Element, area: Area) -> None:
    into = etree.SubElement(info, f"{{{CAP_12}}}area")
    _add(into, "areaDesc", area.description or "-")
    for ring in area.rings:
        _add(into, "polygon", " ".join(f"{lat:.6f},{lon:.6f}" for lon, lat in ring))
    _pairs(into, "geocode", area.geocodes)


def _pairs(parent: Element, name: str, pairs: Iterable[tuple[str, str]]) -> None:
    for value_name, value in pairs:
        into = etree.SubElement(parent, f"{{{CAP_12}}}{name}")
        _add(into, "valueName", value_name)
        _add(into, "value", value)


def _add(parent: Element, name: str, text: str) -> None:
    if text:
        etree.SubElement(parent, f"{{{CAP_12}}}{name}").text = text
