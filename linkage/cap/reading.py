"""From bytes to alerts: unwrap, then the schema layer, the layer of meaning and the profile."""

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from lxml import etree

from linkage.cap import profile, shapes, xml
from linkage.cap.alert import Alert, Area, Info, Reference
from linkage.cap.errors import AgainstMeaning, AgainstSchema, IsIndex, NotAnAlert
from linkage.cap.xml import Element

CAP_12 = "urn:oasis:names:tc:emergency:cap:1.2"
# Read as 1.2, of which they are earlier forms.
CAP_11 = "urn:oasis:names:tc:emergency:cap:1.1"
NAMESPACES = frozenset({CAP_12, CAP_11})
INDEXES = frozenset({"feed", "rss"})
ALERTS_AT_MOST = 100
FUTURE_AT_MOST = timedelta(minutes=5)
_FORBIDDEN = frozenset(" ,<&\t\n\r")
_REFERRING = frozenset({"Update", "Cancel", "Ack", "Error"})


def read(raw: bytes, *, now: datetime, profile_required: bool = False) -> list[Alert]:
    """Give the alerts of a document: one, or those of an EDXL, a bundle or a feed.

    Raises: a CapRefused, which names the layer.
    """
    found = alert_elements(xml.parse(raw))
    return [read_one(element, now=now, profile_required=profile_required) for element in found]


def alert_elements(root: Element) -> list[Element]:
    """Raises: NotAnAlert, IsIndex, AgainstSchema."""
    if xml.name_of(root) == "alert":
        found = [root]
    else:
        found = [one for space in (CAP_12, CAP_11) for one in root.iter(f"{{{space}}}alert")]
    if not found and xml.name_of(root) in INDEXES:
        raise IsIndex(_("this is an index of alerts, not an alert: it is fetched, not posted"))
    if not found:
        raise NotAnAlert(_("there is no CAP alert in this document"))
    if len(found) > ALERTS_AT_MOST:
        raise NotAnAlert(_("at most %(count)s alerts in one document") % {"count": ALERTS_AT_MOST})
    return found


def read_one(element: Element, *, now: datetime, profile_required: bool = False) -> Alert:
    signed = xml.is_signed(element)
    plain = _as_12(xml.without_signatures(element))
    _check_schema(plain)
    alert = _alert(plain, signed=signed)
    _check_meaning(alert, now)
    profile.check(alert, required=profile_required)
    return alert


def reference_of(element: Element) -> Reference | None:
    """Name an alert as far as it can be read, also one that is refused; None when it cannot."""
    identifier, sender, sent = (
        str(element.findtext(f"{{*}}{name}") or "").strip()
        for name in ("identifier", "sender", "sent")
    )
    if not identifier or not sender or set(identifier + sender) & _FORBIDDEN:
        return None
    try:
        moment = datetime.fromisoformat(sent)
    except ValueError:
        return None
    return Reference(sender, identifier, moment) if moment.tzinfo else None


def _as_12(alert: Element) -> Element:
    """Raises: AgainstSchema for a namespace that is not CAP's."""
    namespace = xml.namespace_of(alert)
    if namespace not in NAMESPACES:
        raise AgainstSchema(_("not a CAP 1.2 alert"), fields={"alert": [namespace or "-"]})
    if namespace == CAP_11:
        for element in alert.iter(f"{{{CAP_11}}}*"):
            element.tag = f"{{{CAP_12}}}{xml.name_of(element)}"
    return alert


@cache
def _schema() -> Any:
    return etree.XMLSchema(file=str(Path(__file__).parent / "schema" / "CAP-v1.2.xsd"))


def _check_schema(alert: Element) -> None:
    schema = _schema()
    if schema.validate(alert):
        return
    fields: dict[str, list[Any]] = {}
    for error in list(schema.error_log)[:20]:
        fields.setdefault(_path(alert, error.path), []).append(
            error.message.replace(f"{{{CAP_12}}}", "")
        )
    raise AgainstSchema(_("the alert does not follow the CAP 1.2 schema"), fields=fields)


def _path(alert: Element, position: str | None) -> str:
    """Name the element at a position that the schema reports."""
    found = alert.getroottree().xpath(position) if position else []
    if not found:
        return "alert"
    names = [xml.name_of(parent) for parent in found[0].iterancestors()]
    return ".".join([*reversed(names), xml.name_of(found[0])])


def _alert(root: Element, *, signed: bool) -> Alert:
    codes = _texts(root, "code")
    return Alert(
        identifier=_text(root, "identifier"),
        sender=_text(root, "sender"),
        sent=_time(root, "sent"),
        status=_text(root, "status"),
        msg_type=_text(root, "msgType"),
        scope=_text(root, "scope"),
        source=_text(root, "source"),
        restriction=_text(root, "restriction"),
        addresses=_text(root, "addresses"),
        codes=codes,
        note=_text(root, "note"),
        references=_references(_text(root, "references")),
        incidents=_text(root, "incidents"),
        infos=tuple(_info(info) for info in _children(root, "info")),
        edition=profile.edition(codes),
        is_signed=signed,
    )


def _info(info: Element) -> Info:
    return Info(
        event=_text(info, "event"),
        category=_texts(info, "category"),
        urgency=_text(info, "urgency"),
        severity=_text(info, "severity"),
        certainty=_text(info, "certainty"),
        language=_text(info, "language") or "en-US",
        response_types=_texts(info, "responseType"),
        event_codes=_pairs(info, "eventCode"),
        effective=_optional_time(info, "effective"),
        onset=_optional_time(info, "onset"),
        expires=_optional_time(info, "expires"),
        sender_name=_text(info, "senderName"),
        headline=_text(info, "headline"),
        description=_text(info, "description"),
        instruction=_text(info, "instruction"),
        parameters=_pairs(info, "parameter"),
        areas=_areas(info),
    )


def _areas(info: Element) -> tuple[Area, ...]:
    counter = shapes.VertexCounter()
    return tuple(
        Area(
            description=_text(area, "areaDesc"),
            rings=(
                # Some senders write an empty element for none.
                *(shapes.polygon(text, counter) for text in _texts(area, "polygon") if text),
                *(shapes.circle(text, counter) for text in _texts(area, "circle") if text),
            ),
            geocodes=_pairs(area, "geocode"),
        )
        for area in _children(info, "area")
    )


def _check_meaning(alert: Alert, now: datetime) -> None:
    """Raises: AgainstMeaning."""
    wrong = {**_wrong_names(alert), **_missing(alert)}
    if alert.sent > now + FUTURE_AT_MOST:
        wrong["sent"] = [_("lies in the future")]
    for info in alert.infos:
        begins = info.onset or info.effective
        if info.expires and begins and info.expires < begins:
            wrong["expires"] = [_("lies before the beginning")]
    if wrong:
        raise AgainstMeaning(_("the alert contradicts itself"), fields=wrong)


def _wrong_names(alert: Alert) -> dict[str, list[Any]]:
    return {
        name: [_("must be given, without blanks, commas, < and &")]
        for name, value in (("identifier", alert.identifier), ("sender", alert.sender))
        if not value or set(value) & _FORBIDDEN
    }


def _missing(alert: Alert) -> dict[str, list[Any]]:
    """Name what the message type and the scope make necessary."""
    needed = {
        "references": alert.msg_type not in _REFERRING or alert.references,
        "info": alert.msg_type not in {"Alert", "Update"} or alert.infos,
        "restriction": alert.scope != "Restricted" or alert.restriction or alert.addresses,
        "addresses": alert.scope != "Private" or alert.addresses,
    }
    return {name: [_("This field is required.")] for name, given in needed.items() if not given}


def _references(text: str) -> tuple[Reference, ...]:
    """Raises: AgainstMeaning."""
    found = []
    for word in text.split():
        parts = word.split(",")
        try:
            sender, identifier, sent = parts
            found.append(Reference(sender, identifier, _moment(sent)))
        except ValueError as error:
            raise AgainstMeaning(
                _("the alert contradicts itself"),
                fields={"references": [_("each is sender,identifier,sent")]},
            ) from error
    return tuple(found)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.strip().replace(":60", ":59"))
    if moment.tzinfo is None:
        raise ValueError("a time needs its offset")
    return moment


def _time(parent: Element, name: str) -> datetime:
    """Raises: AgainstMeaning for what has the form of a time and is none."""
    try:
        return _moment(_text(parent, name))
    except (ValueError, OverflowError) as error:
        raise AgainstMeaning(
            _("the alert contradicts itself"), fields={name: [_("no such time")]}
        ) from error


def _optional_time(parent: Element, name: str) -> datetime | None:
    return _time(parent, name) if _text(parent, name) else None


def _children(parent: Element, name: str) -> list[Element]:
    return list(parent.findall(f"{{{CAP_12}}}{name}"))


def _texts(parent: Element, name: str) -> tuple[str, ...]:
    return tuple((child.text or "").strip() for child in _children(parent, name))


def _text(parent: Element, name: str) -> str:
    found = _texts(parent, name)
    return found[0] if found else ""


def _pairs(parent: Element, name: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (_text(pair, "valueName"), _text(pair, "value")) for pair in _children(parent, name)
    )
