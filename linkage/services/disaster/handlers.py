"""What each message of a disaster room does to its case."""

from typing import Any

from django.contrib.gis.geos import MultiPolygon, Point

from incidents import lifecycle
from incidents.choices import ReportState, Service
from incidents.facts import note_fact
from incidents.features import moment
from incidents.models import Incident
from incidents.reports import ReportIn, TakenReport, take_report
from linkage.choices import InboxResult, MessageType
from linkage.models import Case, Link
from linkage.models_disaster import Situation
from linkage.obligations import owe
from linkage.services.disaster import geometry, situations
from linkage.services.handling import Done, Handler
from linkage.wire import Message


def take_notify(link: Link, message: Message) -> Done:
    """Open the case's incident and declare its situation, or change both."""
    said = message.payload
    area = geometry.of_geojson(said.get("area"))
    taken = take_report(
        municipality=link.municipality,
        source=link.code,
        message=report_in(link, message, said, ReportState.NEW, area),
    )
    named = {"link": link, "external_id": message.case_number}
    fresh = {
        "municipality_id": link.municipality_id,
        "incident": taken.incident,
        "version": message.version,
        "payload": said,
    }
    case, _created = Case.objects.get_or_create(**named, defaults=fresh)
    if taken.changed and message.version > case.version:
        case.version, case.payload = message.version, said
        case.save(update_fields=["version", "payload"])
    if taken.changed:
        situations.declare(
            incident=taken.incident,
            level=said["level"],
            area=area,
            area_names=said.get("area_names", ()),
            issuer=said.get("issuer", ""),
            report_every_min=said.get("report_every_min"),
            casualties=said.get("casualties", ""),
            actions=said.get("actions", ""),
            agent=link.code,
        )
    return Done(_result(taken, case, message), taken.incident, created=taken.created)


def take_cancel(link: Link, message: Message) -> Done:
    """Take the situation back; before it has come, wait for it."""
    case = _case(link, message)
    if case is None:
        return Done(InboxResult.FILED)
    area = geometry.of_geojson(case.payload.get("area"))
    taken = take_report(
        municipality=link.municipality,
        source=link.code,
        message=report_in(link, message, case.payload, ReportState.CANCEL, area),
    )
    result = _result(taken, case, message)
    if taken.changed:
        case.version = message.version
        case.save(update_fields=["version"])
        _end(taken.incident, link, message.payload.get("reason", ""))
    return Done(result, taken.incident)


def take_status(link: Link, message: Message) -> Done:
    """File the room's report; a level in it changes the level."""
    case = _case(link, message)
    if case is None:
        return Done(InboxResult.FILED)
    said, incident = message.payload, case.incident
    situation = Situation.objects.filter(incident=incident, ended_at=None).first()
    if situation is not None:
        if said.get("level", situation.level) != situation.level:
            situation = situations.set_level(
                situation=situation, level=said["level"], agent=link.code
            )
        situations.report(
            situation=situation,
            text=said["text"],
            casualties=said.get("casualties", ""),
            actions=said.get("actions", ""),
            agent=link.code,
        )
    incident = lifecycle.add_note(
        incident=incident, by=None, agent=link.code, text=said["text"] or "-"
    )
    return Done(InboxResult.APPLIED, incident)


def take_close(link: Link, message: Message) -> Done:
    """End the situation and say so; the incident is the centre's to close."""
    case = _case(link, message)
    if case is None:
        return Done(InboxResult.FILED)
    text = message.payload.get("text", "")
    if not _end(case.incident, link, text):
        return Done(InboxResult.UNCHANGED, case.incident)
    event = note_fact(incident=case.incident, verb="agency-close", agent=link.code, text=text)
    owe(
        link=link,
        incident=case.incident,
        event=event,
        message_type=MessageType.CLOSE_ACK,
        case_number=case.external_id,
        payload={
            "receipt_no": case.external_id,
            "in_reply_to": message.message_id,
            "incident_number": case.incident.number,
            "at": moment(event.at),
        },
    )
    return Done(InboxResult.APPLIED, case.incident)


HANDLERS: dict[str, Handler] = {
    "EVENT_NOTIFY": take_notify,
    "CANCEL": take_cancel,
    "STATUS_UPDATE": take_status,
    "CLOSE": take_close,
}


def _end(incident: Incident, link: Link, text: str) -> bool:
    situation = Situation.objects.filter(incident=incident, ended_at=None).first()
    if situation is None:
        return False
    situations.end(situation=situation, agent=link.code, text=text)
    return True


def _case(link: Link, message: Message) -> Case | None:
    case: Case | None = (
        Case.objects.filter(link=link, external_id=message.case_number)
        .select_related("incident")
        .first()
    )
    return case


def _result(taken: TakenReport, case: Case, message: Message) -> InboxResult:
    if taken.created or taken.changed:
        return InboxResult.APPLIED
    return InboxResult.STALE if message.version < case.version else InboxResult.UNCHANGED


def report_in(
    link: Link, message: Message, said: dict[str, Any], state: str, area: MultiPolygon | None
) -> ReportIn:
    """Say it as a report: its place is the one named, or one inside our part of the area."""
    named = said.get("place")
    place = Point(named["lon"], named["lat"], srid=4326) if named else None
    return ReportIn(
        service=Service.DISASTER,
        external_id=message.case_number,
        version=message.version,
        kind_code=said["kind_code"],
        kind_name=said.get("kind_name", ""),
        urgency=str(said["level"]),
        place=place or geometry.place_in(geometry.within(link.municipality, area)),
        error_radius_m=named["error_radius_m"] if named else 0,
        address=said.get("address", "") or ", ".join(said.get("area_names", ())),
        summary=said.get("summary", ""),
        occurred_at=message.occurred_at,
        state=state,
        is_drill=message.is_drill,
        raw=message.payload,
    )
