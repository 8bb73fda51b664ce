"""The third layer: the Korean profile of CAP, its two editions taken in, R1 emitted.

Source: TTAK.OT-06.0055/R1 (2015) and its first edition.
"""

import re
from typing import Any

from django.utils.translation import gettext as _

from linkage.cap.alert import GEOCODE_1, GEOCODES, KR_EDITIONS, KR_R1, Alert
from linkage.cap.errors import AgainstProfile

ACK_NOTES = frozenset({"000", "200", "300", "400", "600", "800"})
ERROR_NOTES = frozenset({"010", "210", "220", "410", "510", "520", "610", "810"})
_NOTES = {"Ack": ACK_NOTES, "Error": ERROR_NOTES}
# 800 and 810 are followed by how many were told, well and badly: "800 30,19,11".
_COUNTED = re.compile(r"^(800|810)( \d+,\d+,\d+)?$")
_IDENTIFIER = re.compile(r"^.*\D\d{10}$")
_SENDER = re.compile(
    r"^(\d{1,3}(\.\d{1,3}){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:]+|[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)+)$"
)
_LEGAL_CODE = re.compile(r"^\d{10}$")


def edition(codes: tuple[str, ...]) -> str:
    """Give the edition that an alert claims; nothing when it claims none."""
    return next((code for code in codes if code in KR_EDITIONS), "")


def check(alert: Alert, *, required: bool) -> None:
    """Raises: AgainstProfile."""
    if not alert.edition:
        if required:
            raise _refuse({"code": [_("must be %(code)s") % {"code": KR_R1}]})
        return
    wrong = _replies(alert) if alert.msg_type in _NOTES else _infos(alert)
    if alert.edition == KR_R1:
        wrong |= _names_of_r1(alert)
    if wrong:
        raise _refuse(wrong)


def _refuse(wrong: dict[str, list[Any]]) -> AgainstProfile:
    return AgainstProfile(_("the alert does not follow the Korean profile"), fields=wrong)


def _names_of_r1(alert: Alert) -> dict[str, list[Any]]:
    wrong: dict[str, list[Any]] = {}
    if not _IDENTIFIER.match(alert.identifier):
        wrong["identifier"] = [_("is the organisation's name and ten digits")]
    if not _SENDER.match(alert.sender):
        wrong["sender"] = [_("is the address or domain of the issuing console")]
    if any(name == GEOCODE_1 for area in alert.areas for name, _value in area.geocodes):
        wrong["geocode"] = [_("is named KRDSTGeocode")]
    return wrong


def _replies(alert: Alert) -> dict[str, list[Any]]:
    wrong: dict[str, list[Any]] = {}
    first = alert.note.split(" ")[0]
    known = first in _NOTES[alert.msg_type]
    if not known or (" " in alert.note and not _COUNTED.match(alert.note)):
        codes = ", ".join(sorted(_NOTES[alert.msg_type]))
        wrong["note"] = [_("must be one of: %(values)s") % {"values": codes}]
    if alert.source or any(info.sender_name for info in alert.infos):
        wrong["source"] = [_("a reply names no author")]
    return wrong


def _infos(alert: Alert) -> dict[str, list[Any]]:
    wrong: dict[str, list[Any]] = {}
    languages = [info.language for info in alert.infos]
    if len(set(languages)) != len(languages):
        wrong["info"] = [_("there is one info for each language")]
    if len({(info.category, info.event_codes) for info in alert.infos}) > 1:
        wrong["eventCode"] = [_("category and eventCode are the same in every language")]
    if not all(info.event_codes for info in alert.infos):
        wrong["eventCode"] = [_("This field is required.")]
    values = [value for area in alert.areas for name, value in area.geocodes if name in GEOCODES]
    if not all(_LEGAL_CODE.match(value) for value in values):
        wrong["geocode"] = [_("must be an administrative code of ten digits")]
    return wrong
