"""What each message of a disaster room does to its case."""

from typing import Any

from django.contrib.gis.geos import MultiPolygon

from incidents import lifecycle
from incidents.models import Incident
from linkage.choices import InboxResult
from linkage.models import Link
from linkage.models_disaster import Situation
from linkage.policy.words import Rule
from linkage.services import casework
from linkage.services.disaster import geometry, situations
from linkage.services.handling import Done, Handler
from linkage.services.video import asking, following
from linkage.wire import Message


def take_notify(link: Link, message: Message) -> Done:
    """Open the case's incident and declare its situation, or change both."""
    said = message.payload
    area = geometry.of_geojson(said.get("area"))
    taken = casework.report(link, message, said, **_read(link, said, area))
    case = casework.keep_case(link, message, said, taken)
    if taken.created:
        following.case_opened(case=case)
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
    return casework.outcome(taken, case, message, created=taken.created)


def take_cancel(link: Link, message: Message) -> Done:
    """Take the situation back; before it has come, wait for it."""
    case = casework.case_of(link, message)
    if case is None:
        return Done(InboxResult.FILED)
    taken, done = casework.take_back(link, message, case)
    if taken.changed:
        _end(taken.incident, link, message.payload.get("reason", ""))
    return done


def take_status(link: Link, message: Message) -> Done:
    """File the room's report; a level in it changes the level."""
    case = casework.case_of(link, message)
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


def take_stream_request(link: Link, message: Message) -> Done:
    """Answer by the list, by grants or by refusals; when it is over by refusals alone."""
    case = casework.case_of(link, message)
    if case is None:
        return Done(InboxResult.FILED)
    stands = Situation.objects.filter(incident=case.incident, ended_at=None).exists()
    incident = asking.take_request(
        case=case, message=message, standing="" if stands else str(Rule.CLOSED)
    )
    return Done(InboxResult.APPLIED, incident)


def take_close(link: Link, message: Message) -> Done:
    """End the situation and say so; the incident is the centre's to close."""
    case = casework.case_of(link, message)
    if case is None:
        return Done(InboxResult.FILED)
    text = message.payload.get("text", "")
    # Before the journal, which ending the situation writes.
    following.end_for_agency(case)
    stood = _end(case.incident, link, text)
    incident = casework.acknowledge_close(link, message, case, text=text)
    return Done(InboxResult.APPLIED if stood else InboxResult.UNCHANGED, incident)


HANDLERS: dict[str, Handler] = {
    "EVENT_NOTIFY": take_notify,
    "STREAM_REQUEST": take_stream_request,
    "CANCEL": take_cancel,
    "STATUS_UPDATE": take_status,
    "CLOSE": take_close,
    "CLOSE_ACK": casework.take_close_ack,
}


def _end(incident: Incident, link: Link, text: str) -> bool:
    situation = Situation.objects.filter(incident=incident, ended_at=None).first()
    if situation is None:
        return False
    situations.end(situation=situation, agent=link.code, text=text)
    return True


def _read(link: Link, said: dict[str, Any], area: MultiPolygon | None) -> dict[str, Any]:
    """A level is the urgency; without a place it is one inside our part of the area."""
    own: dict[str, Any] = {
        "urgency": str(said["level"]),
        "address": said.get("address", "") or ", ".join(said.get("area_names", ())),
    }
    if not said.get("place"):
        own["place"] = geometry.place_in(geometry.within(link.municipality, area))
    return own
