"""What every service does alike with an agency's case: find it, report it, keep it, end it."""

from functools import partial
from typing import Any

from django.contrib.gis.geos import Point

from incidents import joins
from incidents.choices import ReportState
from incidents.facts import note_fact
from incidents.models import Incident
from incidents.models_joins import JoinKind
from incidents.reports import ReportIn, TakenReport, take_report
from incidents.statuses import OPEN
from linkage.choices import InboxResult, MessageType
from linkage.models import Case, Link
from linkage.obligations import owe_of_case
from linkage.services.handling import Done, Handler
from linkage.wire import Message


def case_of(link: Link, message: Message) -> Case | None:
    case: Case | None = (
        Case.objects.known_as(link, message.case_number)
        .select_related("incident__duplicate_of", "link__municipality")
        .first()
    )
    return case


def worked_on(case: Case) -> Incident:
    """Give the incident that the case is worked on as: a duplicate's is the other one."""
    original: Incident | None = case.incident.duplicate_of
    return original or case.incident


def report(
    link: Link,
    message: Message,
    payload: dict[str, Any],
    state: str = ReportState.NEW,
    **own: Any,
) -> TakenReport:
    """Take the message in as a report; `own` are fields that its service reads in its own way.

    Locks: the case, before every row.
    """
    place = payload.get("place")
    common: dict[str, Any] = {
        "kind_code": payload["kind_code"],
        "kind_name": payload.get("kind_name", ""),
        "urgency": payload.get("urgency", ""),
        "place": Point(place["lon"], place["lat"], srid=4326) if place else None,
        "error_radius_m": place["error_radius_m"] if place else 0,
        "address": payload.get("address", ""),
        "summary": payload.get("summary", ""),
        "occurred_at": message.occurred_at,
    }
    return take_report(
        municipality=link.municipality,
        source=link.code,
        message=ReportIn(
            service=link.service,
            external_id=message.case_number,
            version=message.version,
            state=state,
            is_drill=message.is_drill,
            raw=message.payload or payload,
            **{**common, **own},
        ),
    )


def keep_case(link: Link, message: Message, payload: dict[str, Any], taken: TakenReport) -> Case:
    """Write the agency's case once; a newer report that changed the incident raises its version."""
    named = {
        "link": link,
        "external_id": message.case_number,
        "municipality_id": link.municipality_id,
    }
    fresh = {
        "incident": taken.incident,
        "version": message.version,
        "payload": payload,
    }
    if taken.created:
        # A first report has no case yet: one that began with ours is handled before (filed.py).
        return Case.objects.create(**named, **fresh)
    case: Case
    case, _created = Case.objects.get_or_create(**named, defaults=fresh)
    if taken.changed and message.version > case.version:
        case.version, case.payload = message.version, payload
        case.save(update_fields=["version", "payload"])
    return case


def outcome(taken: TakenReport, case: Case, message: Message, *, created: bool = False) -> Done:
    """Say what came of a report; a version below the case's came too late."""
    if taken.created or taken.changed:
        result = InboxResult.APPLIED
    else:
        result = InboxResult.STALE if message.version < case.version else InboxResult.UNCHANGED
    return Done(result, taken.incident, created=created)


def take_back(link: Link, message: Message, case: Case) -> tuple[TakenReport, Done]:
    """Take the case's report back as it was last said."""
    taken = report(link, message, case.payload, ReportState.CANCEL)
    done = outcome(taken, case, message)
    if taken.changed:
        case.version = message.version
        case.save(update_fields=["version"])
    return taken, done


def take_cancel(link: Link, message: Message) -> Done:
    """Take the report back; before the report has come, wait for it."""
    case = case_of(link, message)
    if case is None:
        return Done(InboxResult.FILED)
    return take_back(link, message, case)[1]


def acknowledge_close(
    link: Link, message: Message, case: Case, *, text: str, data: dict[str, Any] | None = None
) -> Incident:
    """Note that the agency ended its case, and owe it the answer; the incident is the centre's.

    An agency that ends its case again has missed the answer: it gets another.

    Emits: fact_recorded, in the transaction.
    """
    event = note_fact(
        incident=case.incident, verb="agency-close", agent=link.code, text=text, data=data or {}
    )
    owe_of_case(
        case=case,
        incident=case.incident,
        event=event,
        message_type=MessageType.CLOSE_ACK,
        content={"in_reply_to": message.message_id},
    )
    return case.incident


def take_close_ack(link: Link, message: Message) -> Done:
    """Keep the answer to our CLOSE; its correlation marks that message answered.

    While the incident is open there is no CLOSE of ours to answer, so it waits.
    """
    case = case_of(link, message)
    if case is None:
        return Done(InboxResult.FILED)
    is_over = worked_on(case).status not in OPEN
    return Done(InboxResult.APPLIED if is_over else InboxResult.FILED, case.incident)


def _take_together(kind: JoinKind, link: Link, message: Message) -> Done:
    """Link the case's incident with the one that is named, or note with whom it is answered.

    Two rooms go on answering two incidents: neither is merged into the other.
    Locks: as joins.join.
    """
    case = case_of(link, message)
    if case is None:
        return Done(InboxResult.FILED)
    said, incident = message.payload, worked_on(case)
    number = said.get("incident_number", "")
    other = Incident.objects.filter(municipality=link.municipality, number=number).first()
    if other is None or other.pk == incident.pk:
        note_fact(
            incident=incident, verb=joins.VERBS[kind], agent=link.code, text=said["text"], data={}
        )
    else:
        joins.join(incident=incident, other=other, kind=kind, agent=link.code, reason=said["text"])
    return Done(InboxResult.APPLIED, incident)


take_co_response: Handler = partial(_take_together, JoinKind.CO_RESPONSE)
take_transfer: Handler = partial(_take_together, JoinKind.TRANSFER)
