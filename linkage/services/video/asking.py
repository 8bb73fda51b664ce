"""An agency asks for video: listed, given at once, left to a person, or refused, right by right."""

from collections.abc import Iterable
from datetime import timedelta

from django.utils import timezone

from incidents.facts import note_fact
from incidents.models import Incident, IncidentEvent
from linkage import video_requests
from linkage.models import Case
from linkage.policy import decision as policy
from linkage.policy.decision import Asked, Ruling
from linkage.policy.rows import Row
from linkage.policy.words import Access, Word
from linkage.services.video.cases import hold, standing_of
from linkage.services.video.giving import decided, give_all
from linkage.services.video.lists import send_list
from linkage.services.video.told import tell_granted, tell_refused
from linkage.video_policy import kind_of
from linkage.wire import Message


def take_request(*, case: Case, message: Message, standing: str = "") -> Incident:
    """Answer a request: the list when no camera is named, else each right to each camera.

    `standing` is the rule by which the agency's own case refuses; its incident is asked here.
    Locks: the incident, the link (shared), the case's grants and requests.
    """
    incident = hold(case)
    said = message.payload
    rights = policy.rights_meant(said.get("rights", ()))
    asked = Asked(
        purpose=said["purpose"],
        basis=said["basis"],
        cameras=tuple(said.get("cameras", ())),
        kind=kind_of(case.incident),
        ground=said.get("ground", ""),
        minutes=said.get("minutes"),
        standing=standing_of(case, incident) or standing,
        extends=bool(said.get("extend")),
    )
    event = note_fact(
        incident=incident,
        verb="video-request",
        agent=case.link.code,
        data={
            "cameras": list(asked.cameras),
            "purpose": asked.purpose,
            "basis": asked.basis,
            "rights": [str(right) for right in rights],
        },
    )
    found = decided(case, incident, asked, rights)
    if asked.cameras:
        _carry_out(case, incident, event, message, asked, found)
        return incident
    refused = {right: one.answer.refused for right, one in found.said.items()}
    if Access.LIVE in refused and refused[Access.LIVE] is None:
        send_list(case=case, incident=incident, event=event, asked_by=message.message_id)
    denied = [(None, right, rule) for right, rule in refused.items() if rule]
    tell_refused(case, incident, event, message.message_id, denied)
    return incident


def _carry_out(
    case: Case,
    incident: Incident,
    event: IncidentEvent,
    message: Message,
    asked: Asked,
    found: Ruling,
) -> None:
    extension = message.payload.get("extend", "")
    rows = give_all(
        case=case,
        incident=incident,
        asked=asked,
        found=found,
        request_id=message.message_id,
        extension=extension,
    )
    tell_granted(case=case, incident=incident, event=event, rows=rows, request=message.message_id)
    if found.waiting:
        now = timezone.now()
        waiting = {right for rights in found.waiting.values() for right in rights}
        row = _left_to_a_person(found, waiting)
        video_requests.keep(
            municipality_id=incident.municipality_id,
            link=case.link,
            incident=incident,
            case_number=case.external_id,
            request_id=message.message_id,
            purpose=asked.purpose,
            basis=asked.basis,
            ground=asked.ground,
            # Turning is asked for with its picture.
            access=str(Access.PTZ if Access.PTZ in waiting else Access.LIVE),
            cameras=list(found.waiting),
            minutes=asked.minutes,
            extension=extension,
            policy_row=row.code,
            asked_at=now,
            answer_by=now + timedelta(seconds=row.answer_s),
        )
    tell_refused(case, incident, event, message.message_id, found.denied)


def _left_to_a_person(found: Ruling, rights: Iterable[Access]) -> Row:
    """Give the row that left these rights to a person; what only waits with them has none."""
    answers = [found.said[right].answer for right in sorted(rights, key=list(Access).index)]
    rows = [one.row for one in answers if one.row is not None and one.word is Word.OPERATOR]
    return rows[-1]
