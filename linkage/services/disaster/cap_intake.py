"""Take the CAP alerts of a link in: kept raw once, routed, applied to their chain, answered.

On the link of a region an alert is taken in by each city that its area reaches.
"""

import hashlib
from collections import Counter
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib.gis.geos import MultiPolygon
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from lxml import etree

from controlroom.journal import log
from incidents.choices import ReportState, Service
from incidents.features import moment
from incidents.models import Incident
from linkage import inbox, raw_intakes, regions
from linkage.cap import reading, xml
from linkage.cap.alert import Alert, Info, Reference
from linkage.cap.errors import CapRefused, WrongSender
from linkage.choices import InboxResult, MessageType
from linkage.errors import DrillNotAllowed, LinkClosed
from linkage.models import Case, InboxMessage, Link
from linkage.models_cap import CapAlert, CapRoute, CapSource
from linkage.models_disaster import Situation
from linkage.services import casework
from linkage.services.disaster import cap_replies, geometry, kinds, situations
from linkage.services.disaster.routes import route_of
from linkage.wire import Message

LEVELS = {"Extreme": 4, "Severe": 3, "Moderate": 2}
# In the journal: alerts were taken in.
FACT = "disaster.alerts"
_EPOCH = datetime(2010, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Taken:
    """What became of one alert."""

    row: CapAlert
    result: str
    replayed: bool = False

    def as_json(self) -> dict[str, Any]:
        row, incident = self.row, self.row.incident
        return {
            "identifier": row.identifier,
            "sender": row.sender,
            "sent": moment(row.sent),
            "msg_type": row.msg_type,
            "route": str(row.route),
            "result": str(self.result),
            "areas": [area["description"] for area in row.areas],
            "receipt_no": row.message.case_number,
            "municipality_code": row.municipality.code,
            "incident": {
                "number": incident.number,
                "status": str(incident.status),
                "version": incident.version,
            }
            if incident
            else None,
        }


@transaction.atomic
def accept(*, link: Link, raw: bytes) -> list[Taken]:
    """Take every alert of the document in, or none of them; give one for each city it concerns.

    The same identifier, sender and time again give what became of it the first time.
    A document of several alerts is kept whole beside them. Emits: "disaster.alerts".
    Locks: the case of each alert, then what the incident verbs lock, city by city.
    Raises: CapRefused, LinkClosed, DrillNotAllowed, MessageConflict.
    """
    inbox.check_open(link)
    if link.service != Service.DISASTER:
        raise LinkClosed(_("this link takes no alerts"))
    source = CapSource.objects.filter(link=link).first() or CapSource(link=link)
    now = timezone.now()
    elements = reading.alert_elements(xml.parse(raw))
    read = [
        (element, reading.read_one(element, now=now, profile_required=source.requires_profile))
        for element in elements
    ]
    for _element, alert in read:
        _check_sender(link, source, alert)
    whole = raw if len(read) == 1 else None
    taken = [one for element, alert in read for one in _take(link, element, alert, whole)]
    new = [one.row for one in taken if not one.replayed]
    if new and whole is None:
        document = raw_intakes.keep(link=link, raw=raw)
        CapAlert.objects.filter(pk__in=[row.pk for row in new]).update(document=document)
    _announce(new)
    return taken


def _announce(rows: list[CapAlert]) -> None:
    """Let each city's screens hear that alerts came, also those that concern others."""
    for city_id, count in sorted(Counter(row.municipality_id for row in rows).items()):
        log.append(
            municipality_id=city_id,
            kind=FACT,
            subject_kind="cap_alert",
            subject_id="",
            data={"count": count},
        )


def identifier_of(raw: bytes) -> str:
    """Give the identifier that a refused document claims; "" when it cannot be read that far."""
    try:
        elements = reading.alert_elements(xml.parse(raw))
    except CapRefused:
        return ""
    return next((str(one.findtext("{*}identifier") or "") for one in elements), "")


def named_in(raw: bytes) -> list[Reference]:
    """Name the alerts of a refused document, each as far as it can be read."""
    try:
        elements = reading.alert_elements(xml.parse(raw))
    except CapRefused:
        return []
    return list(dict.fromkeys(filter(None, map(reading.reference_of, elements))))


def _check_sender(link: Link, source: CapSource, alert: Alert) -> None:
    """Raises: WrongSender, DrillNotAllowed."""
    if source.senders and alert.sender not in source.senders:
        raise WrongSender(
            _("this link may not speak for this sender"), fields={"sender": [alert.sender]}
        )
    if alert.msg_type in {"Update", "Cancel"}:
        for named in alert.references:
            _check_reference(link, alert, named)
    if alert.status == "Exercise" and not link.allows_drills:
        raise DrillNotAllowed(_("this link takes no drills"))


def _check_reference(link: Link, alert: Alert, named: Reference) -> None:
    """Refuse to change what another sender, or another link in this sender's name, has said."""
    foreign = named.sender != alert.sender or (
        CapAlert.objects.filter(
            municipality_id__in=link.serving_ids(),
            identifier=named.identifier,
            sender=named.sender,
        )
        .exclude(link=link)
        .exists()
    )
    if foreign:
        raise WrongSender(
            _("only its own sender changes an alert"), fields={"references": [str(named)]}
        )


def _take(link: Link, element: xml.Element, alert: Alert, whole: bytes | None) -> list[Taken]:
    origin = _origin_of(link, alert)
    number = origin.message.case_number if origin else case_number(alert)
    message = Message(
        message_id=f"cap:{_digest(_key(alert.reference))}",
        message_type=MessageType.CAP_ALERT,
        case_number=number,
        version=_version(alert),
        occurred_at=alert.sent,
        # A document tells when it was written, not when it left: no clock is measured by it.
        sent_at=timezone.now(),
        is_drill=alert.status == "Exercise",
        correlation_id="",
        payload={},
    )
    document = {"alert": _content(element)}
    own = whole if whole is not None else etree.tostring(element, encoding="UTF-8")
    # Whose alert it is must not be asked twice at once.
    inbox.lock_case(link, number)
    area = geometry.of_rings(ring for one in alert.areas for ring in one.rings)
    seen = _concerned(link, alert, area, number if origin else "")
    kept = inbox.keep(link=seen[0], raw=own, document=document, message=message)
    if kept is None:
        inbox.check_same(link=link, document=document, message=message)
        known = CapAlert.objects.filter(link=link, message__message_id=message.message_id)
        known = known.select_related("message", "incident", "municipality").order_by("pk")
        return [Taken(row, row.message.result, replayed=True) for row in known]
    rows = [kept, *(inbox.copy_for(one, kept) for one in seen[1:])]
    taken = [
        _take_here(one, alert, row, area, message, _root_here(one, origin, number))
        for one, row in zip(seen, rows, strict=True)
    ]
    if alert.msg_type in {"Alert", "Update"}:
        _apply_waiting(link, [one.row for one in taken if one.row.incident is not None])
    return taken


def _concerned(link: Link, alert: Alert, area: MultiPolygon | None, number: str) -> list[Link]:
    """Give the link as each city sees it that the alert, or what it refers to, concerns.

    What concerns none is kept by the keeper of the link. `number`: of the case it goes on with.
    """
    if link.region_id is None:
        return [link]
    members = list(regions.members(link))
    if alert.msg_type in {"Ack", "Error"}:
        ids = cap_replies.asked_of(link, alert)
    else:
        cases = Case.objects.filter(link=link, external_id=number)
        ids = set(cases.values_list("municipality_id", flat=True))
    if alert.msg_type in {"Alert", "Update"}:
        ids |= {city.pk for city in members if route_of(city, alert, area) == CapRoute.OURS}
    return regions.as_seen_by(link, [city for city in members if city.pk in ids]) or [link]


def _take_here(
    link: Link,
    alert: Alert,
    kept: InboxMessage,
    area: MultiPolygon | None,
    message: Message,
    root: CapAlert | None,
) -> Taken:
    """Take the alert in for the city as which the link is seen."""
    row = _row(link, alert, kept, area)
    row.root = root
    result = _apply(link, alert, row, area, message)
    row.save()
    InboxMessage.objects.filter(pk=kept.pk).update(
        result=result, incident=row.incident, response={"result": str(result)}
    )
    return Taken(row, result)


def _apply(
    link: Link, alert: Alert, row: CapAlert, area: MultiPolygon | None, message: Message
) -> InboxResult:
    root = row.root
    if alert.msg_type in {"Ack", "Error"}:
        return cap_replies.take(link=link, alert=alert, row=row)
    if alert.msg_type == "Cancel":
        if root is None or root.incident is None:
            return InboxResult.FILED if root is None else InboxResult.UNCHANGED
        row.incident = root.incident
        return _cancel(link, row.incident, message)
    if root is not None and root.incident is not None and row.route == CapRoute.ELSEWHERE:
        # It has moved on: nothing here any more.
        row.incident = root.incident
        return _cancel(link, row.incident, message)
    if row.route != CapRoute.OURS or (row.expires and row.expires < timezone.now()):
        return InboxResult.UNCHANGED
    return _report(link, alert, row, area, message)


def _report(
    link: Link, alert: Alert, row: CapAlert, area: MultiPolygon | None, message: Message
) -> InboxResult:
    info = alert.infos[0]
    level = max(LEVELS.get(one.severity, 1) for one in alert.infos)
    names = [one.description for one in alert.areas]
    said = {"kind_code": _kind(info), "kind_name": info.event[:60], "level": level}
    taken = casework.report(
        link,
        message,
        said,
        urgency=str(level),
        place=geometry.place_in(geometry.within(link.municipality, area)),
        address=", ".join(names),
        summary=" ".join(part for part in (info.headline, info.description) if part),
        occurred_at=info.onset or info.effective or message.occurred_at,
    )
    row.incident = taken.incident
    casework.keep_case(link, message, said, taken)
    if not taken.changed:
        return InboxResult.STALE
    situations.declare(
        incident=taken.incident,
        level=level,
        area=area,
        area_names=names,
        issuer=info.sender_name or alert.source or alert.sender,
        actions=info.instruction,
        agent=link.code,
    )
    return InboxResult.APPLIED


def _cancel(link: Link, incident: Incident, message: Message) -> InboxResult:
    last = {"kind_code": incident.kind.code, "urgency": incident.urgency}
    taken = casework.report(link, message, last, ReportState.CANCEL)
    incident.refresh_from_db(fields=["status", "version"])
    if not taken.changed:
        return InboxResult.STALE
    situation = Situation.objects.filter(incident=incident, ended_at=None).first()
    if situation is not None:
        situations.end(situation=situation, agent=link.code)
    return InboxResult.APPLIED


def _apply_waiting(link: Link, opened: list[CapAlert]) -> None:
    """Apply the cancel that overtook its alert, wherever the alert has opened something."""
    if not opened:
        return
    named = Reference(opened[0].sender, opened[0].identifier, opened[0].sent)
    waiting = CapAlert.objects.filter(
        link=link,
        root=None,
        msg_type="Cancel",
        references__contains=[_key(named)],
        message__result=InboxResult.FILED,
    ).select_related("message")
    seen = regions.as_seen_by(link, [row.municipality for row in opened])
    for late in waiting:
        kept = inbox.hand_to(seen, late.message)
        for one, row, message in zip(seen, opened, kept, strict=True):
            _cancel_late(one, row, late, message)


def _cancel_late(link: Link, row: CapAlert, late: CapAlert, kept: InboxMessage) -> None:
    """Let a cancel that waited end the alert in one city; `kept`: its message there."""
    message = Message(
        kept.message_id,
        kept.message_type,
        row.message.case_number,
        kept.version,
        late.sent,
        late.sent,
        late.status == "Exercise",
        "",
        {},
    )
    assert row.incident is not None  # noqa: S101 - the caller has looked
    result = _cancel(link, row.incident, message)
    here = copy(late)
    if is_further := kept.pk != late.message_id:
        here.pk = None
    here.message, here.municipality_id = kept, link.municipality_id
    here.root, here.incident = row, row.incident
    here.save(force_insert=is_further)
    InboxMessage.objects.filter(pk=kept.pk).update(result=result, incident=row.incident)
    row.incident.refresh_from_db(fields=["status", "version"])


def _origin_of(link: Link, alert: Alert) -> CapAlert | None:
    """Find where the chain began that this alert goes on with."""
    if alert.msg_type not in {"Update", "Cancel"}:
        return None
    named = [one.identifier for one in alert.references]
    known = (
        CapAlert.objects.filter(link=link, identifier__in=named, sender=alert.sender)
        .exclude(msg_type="Cancel")
        .select_related("root__message", "root__incident", "message", "incident")
        .order_by("sent", "pk")
        .first()
    )
    return known.root or known if known else None


def _root_here(link: Link, origin: CapAlert | None, number: str) -> CapAlert | None:
    """Find where the chain began in this city: an update may have brought it here."""
    if origin is None or origin.municipality_id == link.municipality_id:
        return origin
    case = Case.objects.known_as(link, number).first()
    if case is None:
        return None
    began = CapAlert.objects.filter(link=link, incident=case.incident_id, root=None)
    first: CapAlert | None = (
        began.exclude(msg_type="Cancel")
        .select_related("message", "incident")
        .order_by("pk")
        .first()
    )
    return first


def _row(link: Link, alert: Alert, kept: InboxMessage, area: MultiPolygon | None) -> CapAlert:
    ends = [info.expires for info in alert.infos if info.expires]
    return CapAlert(
        municipality=link.municipality,
        link=link,
        message=kept,
        identifier=alert.identifier[:300],
        sender=alert.sender[:300],
        sent=alert.sent,
        status=alert.status,
        msg_type=alert.msg_type,
        scope=alert.scope,
        edition=alert.edition,
        is_signed=alert.is_signed,
        references=[_key(one) for one in alert.references],
        infos=[
            {
                "language": info.language,
                "event": info.event,
                "headline": info.headline,
                "description": info.description[:5000],
                "instruction": info.instruction[:2000],
                "severity": info.severity,
                "sender_name": info.sender_name,
            }
            for info in alert.infos
        ],
        areas=[
            {"description": one.description, "geocodes": one.geocodes, "rings": one.rings}
            for one in alert.areas
        ],
        expires=max(ends) if ends else None,
        route=route_of(link.municipality, alert, area),
    )


def _kind(info: Info) -> str:
    known = kinds.code_of(f"{info.event} {info.headline}")
    return known or next((value for _name, value in info.event_codes if value), "") or info.event


def case_number(alert: Alert) -> str:
    """Name the chain that begins here: its identifier, told apart by its sender."""
    name = alert.identifier if len(alert.identifier) <= 47 else _digest(alert.identifier)[:40]
    return f"{name}-{_digest(alert.sender)[:8]}"


def _version(alert: Alert) -> int:
    return max(1, int((alert.sent - _EPOCH).total_seconds()))


def _key(named: Reference) -> str:
    return f"{named.sender},{named.identifier},{named.sent.astimezone(UTC).isoformat()}"


def _content(element: xml.Element) -> str:
    plain = xml.without_signatures(element)
    return hashlib.sha256(etree.tostring(plain, method="c14n", exclusive=True)).hexdigest()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
