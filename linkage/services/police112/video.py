"""The dialogue about video with the 112 room: cameras listed, asked for, granted or refused."""

from datetime import timedelta
from typing import Any

from incidents.cameras import current_choice
from incidents.facts import note_fact
from incidents.features import moment
from incidents.history import lock
from incidents.models import Incident, IncidentEvent
from incidents.statuses import OPEN
from linkage import grants
from linkage.choices import MessageType
from linkage.mapping import covers
from linkage.models import Case, Link, OutboxMessage, StreamGrant
from linkage.models_video import GrantEnd
from linkage.obligations import owe
from linkage.services.police112.terms import terms_of
from linkage.services.police112.video_rules import (
    Asked,
    Mode,
    Rule,
    Terms,
    decide,
    whole_rule,
)
from linkage.wire import Message

SERVICE = "police112"
# The facts that choose cameras anew.
CHOOSING = frozenset({"open", "move", "update"})
_LISTED = ("id", "name", "lon", "lat", "distance_m", "bearing_deg", "in_view", "health")


def after_fact(*, incident: Incident, event: IncidentEvent) -> None:
    """List the cameras anew where the fact chose others, and end the video of what ended."""
    if incident.status not in OPEN:
        open_grants = StreamGrant.objects.filter(incident=incident)
        if open_grants.filter(ended_at=None).exists():
            grants.end(grants=open_grants, why=GrantEnd.INCIDENT_CLOSED)
        return
    if event.verb not in CHOOSING:
        return
    cases = Case.objects.filter(incident=incident, link__service=SERVICE)
    for case in cases.select_related("link__municipality").order_by("pk"):
        send_list(case=case, incident=incident, event=event)


def case_opened(*, case: Case) -> None:
    """List the cameras that the opening report chose; its fact came before its case."""
    event = case.incident.events.order_by("pk").first()
    if event is not None and case.incident.status in OPEN:
        send_list(case=case, incident=case.incident, event=event)


def send_list(
    *, case: Case, incident: Incident, event: IncidentEvent, asked_by: str = ""
) -> OutboxMessage | None:
    """Owe the newest list; unasked only in automatic mode and when it is not the one sent last.

    Of a kind that its agreement does not name, an unmapped one too, no list goes by itself.
    In request mode the link hears of newer cameras only after it has asked once; that there is
    no camera is said when it was asked, or when there was one before.
    """
    terms = terms_of(case.link)
    choice = current_choice(incident)
    if choice is None or not (asked_by or covers(case.link, case.incident.kind)):
        return None
    chosen_at = moment(choice.chosen_at)
    last = _last_list(case)
    if not asked_by and (
        (last is None and (terms.mode is Mode.REQUEST or not choice.picks))
        or (last is not None and last.payload["chosen_at"] == chosen_at)
    ):
        return None
    return owe(
        link=case.link,
        incident=incident,
        event=event,
        message_type=MessageType.CAMERA_LIST,
        case_number=case.external_id,
        payload={
            "receipt_no": case.external_id,
            "in_reply_to": asked_by,
            "version": (last.payload["version"] if last else 0) + 1,
            "incident_number": incident.number,
            "at": moment(event.at),
            "chosen_at": chosen_at,
            "radius_m": min(choice.radius_m, terms.radius_m),
            "cameras": listed(choice.picks, terms),
        },
    )


def listed(picks: list[dict[str, Any]], terms: Terms) -> list[dict[str, Any]]:
    """Give what the link may know of each camera within its radius; never a source."""
    near = [pick for pick in picks if pick["distance_m"] <= terms.radius_m]
    return [{name: pick.get(name) for name in _LISTED} for pick in near[: terms.camera_limit]]


def _last_list(case: Case) -> OutboxMessage | None:
    found: OutboxMessage | None = (
        OutboxMessage.objects.filter(
            link=case.link, case_number=case.external_id, message_type=MessageType.CAMERA_LIST
        )
        .order_by("-pk")
        .first()
    )
    return found


def take_request(*, case: Case, incident: Incident, message: Message, standing: str) -> None:
    """Answer a request: the list when no camera is named, else a grant or a refusal of each."""
    said = message.payload
    asked = Asked(tuple(said.get("cameras", ())), said["purpose"], said["basis"])
    if not standing and not covers(case.link, case.incident.kind):
        standing = str(Rule.KIND)
    _lock_grants(case, incident)
    event = note_fact(
        incident=incident,
        verb="video-request",
        agent=case.link.code,
        data={"cameras": list(asked.cameras), "purpose": asked.purpose, "basis": asked.basis},
    )
    refused = whole_rule(terms_of(case.link), asked, standing)
    if not asked.cameras and refused is None:
        send_list(case=case, incident=incident, event=event, asked_by=message.message_id)
        return
    if not asked.cameras:
        denied = [{"camera": None, "rule": str(refused)}]
        _answer(case, incident, event, MessageType.STREAM_DENY, message, {"denied": denied})
        return
    _decide(case, incident, event, message, asked, standing)


def _lock_grants(case: Case, incident: Incident) -> None:
    """Lock the incident, then the case's open grants: before the journal's counter, as all do."""
    lock(incident)
    own = StreamGrant.objects.filter(link=case.link, case_number=case.external_id, ended_at=None)
    list(own.order_by("pk").select_for_update(of=("self",)))


def _decide(
    case: Case,
    incident: Incident,
    event: IncidentEvent,
    message: Message,
    asked: Asked,
    standing: str,
) -> None:
    terms = terms_of(case.link)
    choice = current_choice(incident)
    held = StreamGrant.objects.in_force(event.at).filter(
        link=case.link, case_number=case.external_id
    )
    decision = decide(
        terms=terms,
        asked=asked,
        standing=standing,
        listed={pick["id"]: pick["distance_m"] for pick in choice.picks} if choice else {},
        held=set(held.values_list("camera_id", flat=True)),
    )
    lasting = timedelta(minutes=case.link.time_limit_min_for(incident.urgency))
    extension = message.payload.get("extend", "")
    given = [
        _granted(case, incident, message, asked, camera, lasting, extension)
        for camera in decision.granted
    ]
    if given:
        _answer(case, incident, event, MessageType.STREAM_GRANT, message, {"grants": given})
    denied = [{"camera": camera, "rule": str(rule)} for camera, rule in decision.denied]
    if denied:
        _answer(case, incident, event, MessageType.STREAM_DENY, message, {"denied": denied})


def _granted(
    case: Case,
    incident: Incident,
    message: Message,
    asked: Asked,
    camera: int,
    lasting: timedelta,
    extension: str,
) -> dict[str, Any]:
    grant = grants.give(
        link=case.link,
        incident=incident,
        case_number=case.external_id,
        camera_id=camera,
        purpose=asked.purpose,
        basis=asked.basis,
        request_id=message.message_id,
        lasting=lasting,
        extension=extension,
    )
    return {
        "camera": camera,
        "grant": str(grant.reference),
        "expires_at": moment(grant.expires_at),
        "playlist": f"/api/v1/links/{case.link.code}/grants/{grant.reference}/live.m3u8",
    }


def _answer(
    case: Case,
    incident: Incident,
    event: IncidentEvent,
    message_type: MessageType,
    message: Message,
    content: dict[str, Any],
) -> None:
    owe(
        link=case.link,
        incident=incident,
        event=event,
        message_type=message_type,
        case_number=case.external_id,
        payload={
            "receipt_no": case.external_id,
            "in_reply_to": message.message_id,
            "incident_number": incident.number,
            "at": moment(event.at),
            **content,
        },
    )


def end_for_agency(*, link: Link, case_number: str) -> int:
    """End the link's own grants of the case: the agency has closed its side."""
    own = StreamGrant.objects.filter(link=link, case_number=case_number)
    return grants.end(grants=own, why=GrantEnd.AGENCY_CLOSE)
