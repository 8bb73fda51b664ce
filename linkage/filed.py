"""Report to an agency from the centre, and bind the number under which it works there.

Source: domain.md 2 (reverse direction: the centre files 119 reports directly).
"""

from typing import Any

from django.contrib.gis.geos import Point
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from controlroom.accounts.models import User
from controlroom.errors import Invalid
from controlroom.journal import log
from controlroom.municipalities.access import require
from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right
from incidents import joins, lifecycle
from incidents.facts import note_fact
from incidents.features import moment
from incidents.history import lock
from incidents.models import Incident, Kind
from incidents.models_joins import JoinKind
from linkage import stills
from linkage.choices import InboxResult, MessageType
from linkage.errors import DrillNotAllowed, LinkClosed
from linkage.models import Case, FiledReport, Link, Still, StillRelease
from linkage.models_filed import Relation
from linkage.obligations import owe
from linkage.services.handling import Done, Handler
from linkage.wire import Message

TYPES = {
    Relation.REPORT: MessageType.EVENT_NOTIFY,
    Relation.CO_RESPONSE: MessageType.CO_RESPONSE,
    Relation.TRANSFER: MessageType.TRANSFER,
}
JOINED_AS = {Relation.CO_RESPONSE: JoinKind.CO_RESPONSE, Relation.TRANSFER: JoinKind.TRANSFER}


@transaction.atomic
def file_report(
    *,
    link: Link,
    by: User,
    kind: Kind,
    text: str,
    relation: str = Relation.REPORT,
    incident: Incident | None = None,
    place: Point | None = None,
    address: str = "",
    still: Still | None = None,
    is_drill: bool = False,
) -> FiledReport:
    """Owe the agency a report of an incident, or of a place that becomes one; a still may go too.

    It is of the city as which the link is seen (linkage/regions.py).

    Co-response and transfer open the agency's own side as an incident linked with this one: the
    two are answered by two rooms, and neither is merged into the other.
    `is_drill` is of a place; what is said of an incident is a drill as that is.
    Emits: fact_recorded, in the transaction.
    Raises: NotAllowed, Invalid, DrillNotAllowed; LinkClosed when the line or its legal basis does
    not carry it.
    """
    require(by, link.municipality_id, Right.INCIDENT_WORK)
    _check(link, kind, text, relation, incident, place)
    if still is not None:
        stills.check_attachable(still=still, link=link, incident=incident)
    is_drill = incident.is_drill if incident else is_drill
    if is_drill and not link.allows_drills:
        raise DrillNotAllowed(
            _("this link takes no drills"), fields={"to": [_("this link takes no drills")]}
        )
    theirs = _their_side(
        link, by, kind, text, relation, incident, place, address, is_drill=is_drill
    )
    event = note_fact(
        incident=theirs,
        verb="agency-report",
        by=by,
        text=text.strip(),
        data={"link": link.code, "relation": str(relation)},
    )
    report = FiledReport(
        municipality_id=link.municipality_id,
        link=link,
        incident=theirs,
        relation=relation,
        text=text.strip(),
        filed_by=by,
    )
    payload = _payload(report, kind, event.at)
    until = event.at
    if still is not None:
        until = stills.available_until(still=still, link=link, incident=theirs)
        payload["still"] = stills.described(still=still, link=link, until=until)
    message = owe(
        link=link,
        incident=theirs,
        event=event,
        message_type=TYPES[Relation(relation)],
        case_number=str(report.uid),
        payload=payload,
    )
    if message is None:
        raise LinkClosed(_("this link takes no reports from the centre"))
    report.message = message
    report.save(force_insert=True)
    if still is not None:
        stills.release(
            still=still,
            link=link,
            case_number=str(report.uid),
            message=message,
            until=until,
            text=report.text,
        )
    return report


def _check(
    link: Link,
    kind: Kind,
    text: str,
    relation: str,
    incident: Incident | None,
    place: Point | None,
) -> None:
    fields: dict[str, list[Any]] = {}
    if kind.service != link.service:
        fields["kind"] = [_("this kind belongs to another service")]
    if not text.strip():
        fields["text"] = [_("This field is required.")]
    if relation not in Relation.values:
        fields["relation"] = [_("This field is required.")]
    if incident is None and (place is None or relation != Relation.REPORT):
        fields["incident"] = [_("name an incident or a place")]
    if incident is not None and incident.municipality_id != link.municipality_id:
        fields["incident"] = [_("name an incident or a place")]
    if fields:
        raise Invalid(_("the report cannot be sent like this"), fields=fields)


def _their_side(
    link: Link,
    by: User,
    kind: Kind,
    text: str,
    relation: str,
    incident: Incident | None,
    place: Point | None,
    address: str,
    *,
    is_drill: bool,
) -> Incident:
    """Give the incident that the agency's case will belong to."""
    if incident is not None:
        # Before the journal, which a new incident writes.
        incident = lock(incident)
        if relation == Relation.REPORT:
            return incident
    theirs = lifecycle.open_incident(
        municipality=link.municipality,
        service=link.service,
        kind=kind,
        urgency=incident.urgency if incident and incident.service == link.service else "",
        place=incident.location if incident else place,
        error_radius_m=incident.error_radius_m if incident else 0,
        address=incident.address if incident else address,
        summary=text.strip()[:500],
        occurred_at=incident.occurred_at if incident else timezone.now(),
        is_drill=is_drill,
        by=by,
    )
    if incident is not None:
        kind_of_join = JOINED_AS[Relation(relation)]
        joins.join(incident=incident, other=theirs, kind=kind_of_join, by=by, reason=text)
    return theirs


def _payload(report: FiledReport, kind: Kind, at: Any) -> dict[str, Any]:
    incident = report.incident
    place = incident.location
    return {
        "report_no": str(report.uid),
        "relation": str(report.relation),
        "incident_number": incident.number,
        "kind_code": kind.code,
        "kind_name": kind.name_ko,
        "at": moment(at),
        "place": {
            "lon": place.x,
            "lat": place.y,
            "error_radius_m": incident.error_radius_m,
        }
        if place
        else None,
        "address": incident.address,
        "summary": report.text,
    }


def take_ack(link: Link, message: Message) -> Done:
    """Bind the agency's number to our report: from now on it is one of its cases.

    Filed when it names no report of ours; the same again changes nothing. What came of the case
    before it was one is applied now.
    Locks: the report.
    """
    report = (
        FiledReport.objects.select_for_update(of=("self",))
        .select_related("incident")
        .filter(link=link, uid=message.payload["report_no"])
        .first()
    )
    if report is None:
        return Done(InboxResult.FILED)
    if report.case is not None:
        return Done(InboxResult.UNCHANGED, report.incident)
    case, is_new = Case.objects.get_or_create(
        link=link,
        external_id=message.case_number,
        municipality_id=report.municipality_id,
        defaults={"incident": report.incident},
    )
    if case.incident_id != report.incident_id:
        # The agency knew of it already: its case stays with its own incident.
        joins.join(
            incident=report.incident, other=case.incident, kind=JoinKind.RELATED, agent=link.code
        )
    # From now on the still that went with the report is of the agency's own case.
    StillRelease.objects.filter(message_id=report.message_id).update(case_number=case.external_id)
    report.case, report.taken_at = case, timezone.now()
    report.save(update_fields=["case", "taken_at"])
    log.append(
        municipality_id=report.municipality_id,
        kind="report.taken",
        subject_kind="incident",
        subject_id=str(report.incident_id),
        data={"report": filed_item(report)},
    )
    return Done(InboxResult.APPLIED, report.incident, created=is_new)


def or_note(handler: Handler) -> Handler:
    """Keep what the agency says of a case that began with our report on its timeline.

    Such a case has no report of the agency's own that could be corrected or taken back.
    """

    def handle(link: Link, message: Message) -> Done:
        case = (
            Case.objects.known_as(link, message.case_number)
            .filter(filed__isnull=False, payload={})
            .select_related("incident")
            .first()
        )
        if case is None:
            return handler(link, message)
        words = [message.payload.get(name, "") for name in ("summary", "reason", "text")]
        said = " · ".join(str(word) for word in words if word) or message.message_type
        incident = lifecycle.add_note(incident=case.incident, by=None, agent=link.code, text=said)
        return Done(InboxResult.APPLIED, incident)

    return handle


def filed_of(*, municipality: Municipality, incident: Incident) -> list[dict[str, Any]]:
    rows = FiledReport.objects.filter(municipality=municipality, incident=incident)
    return [filed_item(row) for row in rows.select_related("link", "case", "message", "filed_by")]


def filed_item(report: FiledReport) -> dict[str, Any]:
    """Give the one shape of a filed report on the console."""
    return {
        "id": str(report.uid),
        "link": report.link.code,
        "incident": str(report.incident_id),
        "relation": report.relation,
        "text": report.text,
        "at": moment(report.filed_at),
        "by": str(report.filed_by),
        "state": str(report.message.state),
        "case": report.case.external_id if report.case else "",
        "taken_at": moment(report.taken_at),
    }
