"""What each message of the police 112 room does to its case."""

from django.utils.translation import gettext as _

from incidents import lifecycle
from incidents.statuses import Status, Verb, target
from linkage import filed
from linkage.choices import InboxResult
from linkage.errors import OutOfSequence
from linkage.models import Case, Link
from linkage.services import casework
from linkage.services.handling import Done, Handler
from linkage.services.police112 import shares, units
from linkage.services.police112.cases import state_of
from linkage.services.police112.sequences import Ruling, Word, ruling
from linkage.services.video import asking, following
from linkage.wire import Message

# The words of the 112 room, as its own people write them on the timeline.
STATUS_WORDS = {
    "DISPATCHED": "출동",
    "ARRIVED": "도착",
    "WITHDRAWN": "출동 해제",
    "CLOSED": "종결",
}


def take_notify(link: Link, message: Message) -> Done:
    """Open the case's incident, or change it when the version is newer."""
    taken = casework.report(link, message, message.payload)
    case = casework.keep_case(link, message, message.payload, taken)
    if taken.created:
        following.case_opened(case=case)
    return casework.outcome(taken, case, message, created=taken.created)


def take_status(link: Link, message: Message) -> Done:
    """Put the agency's word on the timeline; a unit on its way makes an owned incident respond."""
    case = casework.case_of(link, message)
    if case is None:
        return Done(InboxResult.FILED)
    incident = case.incident
    said = message.payload
    if said["status"] in {"CLOSED", "WITHDRAWN"}:
        shares.hold(case)
    words = [STATUS_WORDS[said["status"]], said.get("unit", ""), said.get("text", "")]
    text = " · ".join(word for word in words if word)
    on_the_way = said["status"] in {"DISPATCHED", "ARRIVED"}
    if on_the_way and target(Verb.RESPOND, Status(incident.status)) is not None:
        incident = lifecycle.respond(incident=incident, by=None, agent=link.code, text=text)
    else:
        incident = lifecycle.add_note(incident=incident, by=None, agent=link.code, text=text)
    if said["status"] == "CLOSED":
        _end_for_agency(link, case)
    unit = {"link": link, "case_number": case.external_id, "unit": said.get("unit", "")}
    if on_the_way:
        units.come_back(**unit)
    if said["status"] == "WITHDRAWN":
        units.leave(**unit)
        shares.unit_left(**unit)
    return Done(InboxResult.APPLIED, incident)


def take_stream_request(link: Link, message: Message) -> Done:
    """Answer by the list, by grants or by refusals: each with its fact on the timeline."""
    case = casework.case_of(link, message)
    found = _ruling(message, case)
    if case is None or found.word is Word.FILED:
        return Done(InboxResult.FILED)
    incident = asking.take_request(case=case, message=message, standing=found.reason)
    return Done(InboxResult.APPLIED, incident)


def take_position(link: Link, message: Message) -> Done:
    """Keep where a unit is; an older word than the one known changes nothing."""
    case = casework.case_of(link, message)
    if case is None:
        return Done(InboxResult.FILED)
    incident = casework.worked_on(case)
    _admit(message, case)
    is_newer = units.take_position(case=case, incident=incident, message=message)
    return Done(InboxResult.APPLIED if is_newer else InboxResult.STALE, incident)


def take_close(link: Link, message: Message) -> Done:
    """End the agency's own video of the case and say so; the incident is the centre's to close."""
    case = casework.case_of(link, message)
    if case is None:
        return Done(InboxResult.FILED)
    words = [STATUS_WORDS["CLOSED"], message.payload.get("text", "")]
    # Before the journal, which ending the video writes.
    shares.hold(case)
    _end_for_agency(link, case)
    incident = casework.acknowledge_close(
        link,
        message,
        case,
        text=" · ".join(word for word in words if word),
        data={"closing_code": message.payload.get("closing_code", "")},
    )
    return Done(InboxResult.APPLIED, incident)


def _end_for_agency(link: Link, case: Case) -> None:
    following.end_for_agency(case)
    shares.end_for_agency(link=link, case_number=case.external_id)


HANDLERS: dict[str, Handler] = {
    "EVENT_NOTIFY": filed.or_note(take_notify),
    "CANCEL": filed.or_note(casework.take_cancel),
    "STATUS_UPDATE": take_status,
    "STREAM_REQUEST": take_stream_request,
    "UNIT_POSITION": take_position,
    "CLOSE": take_close,
    "CLOSE_ACK": casework.take_close_ack,
    "ACK": filed.take_ack,
    "CO_RESPONSE": casework.take_co_response,
    "TRANSFER": casework.take_transfer,
}


def _ruling(message: Message, case: Case | None) -> Ruling:
    return ruling(message.message_type, state_of(case))


def _admit(message: Message, case: Case) -> None:
    """Raises: OutOfSequence for what the table refuses in this state."""
    found = _ruling(message, case)
    if found.word is Word.REFUSED:
        raise OutOfSequence(
            _("the case does not stand so that this message may come"),
            fields={"payload.receipt_no": [found.reason]},
        )
