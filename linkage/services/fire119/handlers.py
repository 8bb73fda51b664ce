"""What each message of the 119 room does to its case; when which counts is in sequence.py."""

from typing import Any

from django.contrib.gis.geos import Point
from django.utils import timezone

from incidents import lifecycle
from incidents.choices import ReportState, Service
from incidents.models import Incident
from incidents.reports import ReportIn, TakenReport, take_report
from incidents.statuses import Status, Verb, target
from linkage.choices import InboxResult
from linkage.models import Case, FireCase, Link
from linkage.services.fire119 import cases
from linkage.services.fire119.measures import Stamp
from linkage.services.fire119.sequence import CaseState, Effect, effect
from linkage.services.handling import Done, Handler
from linkage.wire import Message, moment_of

# The words of the 119 room, as its own people write them on the timeline.
STEP_WORDS = {
    "received": "접수",
    "ordered": "지령",
    "departed": "출발",
    "arrived": "현장도착",
    "under_control": "초진",
    "withdrawn": "철수",
}
ON_THE_WAY = frozenset({"departed", "arrived"})


def take_notify(link: Link, message: Message) -> Done:
    """Open the case's incident, or change it when the version is newer.

    Raises: TimeOutOfRange.
    """
    if received := message.payload.get("received_at"):
        cases.check_times({"payload.received_at": moment_of(received)})
    taken = _take(link, message, message.payload, ReportState.NEW)
    case, _created = Case.objects.get_or_create(
        link=link,
        external_id=message.case_number,
        defaults={
            "municipality_id": link.municipality_id,
            "incident": taken.incident,
            "version": message.version,
            "payload": message.payload,
        },
    )
    if taken.created or taken.changed:
        if message.version > case.version:
            case.version, case.payload = message.version, message.payload
            case.save(update_fields=["version", "payload"])
        cases.take_up(case, message)
        cases.announce("fire119.report", case.municipality_id, taken.incident.pk)
    else:
        cases.keep_received(case, message)
    return Done(_result(taken, case, message), taken.incident, created=taken.created)


def take_cancel(link: Link, message: Message) -> Done:
    """Take the report back; before the report has come, wait for it."""
    case, fire = _known(link, message)
    due = effect(cases.state_of(fire), message.message_type)
    if case is None or fire is None or due is Effect.FILE:
        return Done(InboxResult.FILED)
    if due is Effect.KEEP:
        return Done(InboxResult.UNCHANGED, case.incident)
    taken = _take(link, message, case.payload, ReportState.CANCEL)
    result = _result(taken, case, message)
    if taken.changed:
        case.version = message.version
        case.save(update_fields=["version"])
        cases.end(fire, CaseState.CANCELLED)
        cases.announce("fire119.cancelled", case.municipality_id, case.incident_id)
    return Done(result, taken.incident)


def take_status(link: Link, message: Message) -> Done:
    """Keep the time stamps, and put them on the timeline; who departs makes us respond.

    Raises: TimeOutOfRange.
    """
    said = message.payload
    stamps = [
        Stamp(one["step"], moment_of(one["at"]), one.get("unit", "")) for one in said["times"]
    ]
    cases.check_times({f"payload.times[{n}].at": one.at for n, one in enumerate(stamps)})
    case, fire = _known(link, message)
    due = effect(cases.state_of(fire), message.message_type)
    if case is None or due is Effect.FILE:
        return Done(InboxResult.FILED)
    cases.keep_stamps(case, stamps, told_at=message.sent_at)
    may_move = due is Effect.APPLY and any(stamp.step in ON_THE_WAY for stamp in stamps)
    incident = _write(case.incident, link, _told(stamps, said.get("text", "")), may_move=may_move)
    cases.announce("fire119.times", case.municipality_id, case.incident_id)
    return Done(InboxResult.APPLIED, incident)


def take_positions(link: Link, message: Message) -> Done:
    """Put the engines on the map; what is older than known changes nothing."""
    case, fire = _known(link, message)
    due = effect(cases.state_of(fire), message.message_type)
    if case is None or fire is None or due is Effect.FILE:
        return Done(InboxResult.FILED)
    if due is Effect.KEEP:
        return Done(InboxResult.UNCHANGED, case.incident)
    if not cases.place_engines(case, message.payload["positions"]):
        return Done(InboxResult.STALE, case.incident)
    cases.announce_positions(fire, case.incident_id)
    return Done(InboxResult.APPLIED, case.incident)


def take_close(link: Link, message: Message) -> Done:
    """End the 119 room's own case; the incident stays with the person here who works it."""
    case, fire = _known(link, message)
    due = effect(cases.state_of(fire), message.message_type)
    if case is None or fire is None or due is Effect.FILE:
        return Done(InboxResult.FILED)
    if due is Effect.KEEP:
        return Done(InboxResult.UNCHANGED, case.incident)
    code = message.payload["closing_code"]
    cases.end(fire, CaseState.ENDED, closing_code=code)
    words = ["119 상황 종료", code, message.payload.get("text", "")]
    incident = _write(case.incident, link, " · ".join(word for word in words if word))
    cases.announce("fire119.ended", case.municipality_id, case.incident_id)
    return Done(InboxResult.APPLIED, incident)


HANDLERS: dict[str, Handler] = {
    "EVENT_NOTIFY": take_notify,
    "STATUS_UPDATE": take_status,
    "UNIT_POSITION": take_positions,
    "CANCEL": take_cancel,
    "CLOSE": take_close,
}


def _known(link: Link, message: Message) -> tuple[Case | None, FireCase | None]:
    case: Case | None = (
        Case.objects.filter(link=link, external_id=message.case_number)
        .select_related("incident")
        .first()
    )
    return case, cases.fire_case_of(case)


def _told(stamps: list[Stamp], remark: str) -> str:
    words = []
    for stamp in sorted(stamps, key=lambda one: one.at):
        at = timezone.localtime(stamp.at)
        words.append(" ".join(filter(None, [stamp.unit, STEP_WORDS[stamp.step], f"{at:%H:%M:%S}"])))
    return " · ".join([*words, remark] if remark else words)[:2000]


def _write(incident: Incident, link: Link, text: str, *, may_move: bool = False) -> Incident:
    if may_move and target(Verb.RESPOND, Status(incident.status)) is not None:
        return lifecycle.respond(incident=incident, by=None, agent=link.code, text=text)
    return lifecycle.add_note(incident=incident, by=None, agent=link.code, text=text)


def _result(taken: TakenReport, case: Case, message: Message) -> InboxResult:
    if taken.created or taken.changed:
        return InboxResult.APPLIED
    return InboxResult.STALE if message.version < case.version else InboxResult.UNCHANGED


def _take(link: Link, message: Message, payload: dict[str, Any], state: str) -> TakenReport:
    place = payload.get("place")
    floor = payload.get("floor", "")
    address = " ".join(filter(None, [payload.get("address", ""), floor]))
    return take_report(
        municipality=link.municipality,
        source=link.code,
        message=ReportIn(
            service=Service.FIRE119,
            external_id=message.case_number,
            version=message.version,
            kind_code=payload["kind_code"],
            kind_name=payload.get("kind_name", ""),
            urgency=payload["urgency"],
            place=Point(place["lon"], place["lat"], srid=4326) if place else None,
            error_radius_m=place["error_radius_m"] if place else 0,
            address=address,
            summary=payload.get("summary", ""),
            occurred_at=message.occurred_at,
            state=state,
            is_drill=message.is_drill,
            raw=message.payload,
        ),
    )
