"""What each message of a city system does to its case."""

from dataclasses import dataclass
from typing import Any

from django.contrib.gis.geos import Point

from incidents import lifecycle
from incidents.choices import ReportState, Service
from incidents.reports import ReportIn, TakenReport, take_report
from linkage.choices import InboxResult
from linkage.models import Case, Link
from linkage.models_city import Bell
from linkage.services.city import bells
from linkage.services.city.endings import end_incident
from linkage.services.handling import Done, Handler
from linkage.wire import Message


@dataclass(frozen=True)
class _Spot:
    place: Point | None
    error_radius_m: float
    address: str


def take_notify(link: Link, message: Message) -> Done:
    """Open the case's incident, or change it when the version is newer; a bell gives the place."""
    bell = bells.find(municipality=link.municipality, named=message.payload.get("bell_id", ""))
    taken = _take(link, message, message.payload, ReportState.NEW, bell)
    case, is_new = Case.objects.get_or_create(
        link=link,
        external_id=message.case_number,
        defaults={
            "municipality_id": link.municipality_id,
            "incident": taken.incident,
            "version": message.version,
            "payload": message.payload,
        },
    )
    if taken.created:
        if bell is not None:
            bells.note_press(bell=bell, incident=taken.incident)
        return Done(InboxResult.APPLIED, taken.incident, created=True)
    result = _result(taken, case, message)
    if not is_new and taken.changed and message.version > case.version:
        case.version, case.payload = message.version, message.payload
        case.save(update_fields=["version", "payload"])
    return Done(result, taken.incident)


def take_cancel(link: Link, message: Message) -> Done:
    """Take the report back; before the report has come, wait for it."""
    case = _case(link, message)
    if case is None:
        return Done(InboxResult.FILED)
    taken = _take(link, message, case.payload, ReportState.CANCEL, None)
    result = _result(taken, case, message)
    if taken.changed:
        case.version = message.version
        case.save(update_fields=["version"])
    return Done(result, taken.incident)


def take_status(link: Link, message: Message) -> Done:
    case = _case(link, message)
    if case is None:
        return Done(InboxResult.FILED)
    text = message.payload["text"]
    if not text.strip():
        return Done(InboxResult.UNCHANGED, case.incident)
    noted = lifecycle.add_note(incident=case.incident, by=None, agent=link.code, text=text)
    return Done(InboxResult.APPLIED, noted)


def take_close(link: Link, message: Message) -> Done:
    """The event is over at its source."""
    case = _case(link, message)
    if case is None:
        return Done(InboxResult.FILED)
    # As the centre's people write it on the timeline.
    text = " · ".join(part for part in ("상황 종료", message.payload.get("text", "")) if part)
    ended = end_incident(incident=case.incident, agent=link.code, text=text)
    return Done(InboxResult.APPLIED, ended)


HANDLERS: dict[str, Handler] = {
    "EVENT_NOTIFY": take_notify,
    "STATUS_UPDATE": take_status,
    "CANCEL": take_cancel,
    "CLOSE": take_close,
}


def _case(link: Link, message: Message) -> Case | None:
    found = Case.objects.filter(link=link, external_id=message.case_number)
    case: Case | None = found.select_related("incident").first()
    return case


def _result(taken: TakenReport, case: Case, message: Message) -> InboxResult:
    if taken.created or taken.changed:
        return InboxResult.APPLIED
    return InboxResult.STALE if message.version < case.version else InboxResult.UNCHANGED


def _take(
    link: Link, message: Message, payload: dict[str, Any], state: str, bell: Bell | None
) -> TakenReport:
    spot = _spot(payload, bell)
    return take_report(
        municipality=link.municipality,
        source=link.code,
        message=ReportIn(
            service=Service.CITY,
            external_id=message.case_number,
            version=message.version,
            kind_code=payload["kind_code"],
            kind_name=payload.get("kind_name", ""),
            urgency=payload.get("urgency", ""),
            place=spot.place,
            error_radius_m=spot.error_radius_m,
            address=spot.address,
            summary=payload.get("summary", "") or (f"비상벨 {bell}" if bell else ""),
            occurred_at=message.occurred_at,
            state=state,
            is_drill=message.is_drill,
            raw=message.payload,
        ),
    )


def _spot(payload: dict[str, Any], bell: Bell | None) -> _Spot:
    """A bell stands where its register says, whatever else the message says."""
    address = payload.get("address", "")
    if bell is not None:
        return _Spot(bell.location, 0, bell.road_address or bell.lot_address or address)
    place = payload.get("place")
    if place is None:
        return _Spot(None, 0, address)
    point = Point(place["lon"], place["lat"], srid=4326)
    return _Spot(point, place["error_radius_m"], address)
