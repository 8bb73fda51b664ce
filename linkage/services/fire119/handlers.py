"""What each message of the 119 room does to its case; when which counts is in sequence.py."""

from django.utils import timezone

from incidents import lifecycle
from incidents.models import Incident
from incidents.statuses import Status, Verb, target
from linkage import filed
from linkage.choices import InboxResult
from linkage.models import Case, FireCase, Link
from linkage.policy.words import Rule
from linkage.services import casework
from linkage.services.fire119 import cases
from linkage.services.fire119.measures import Stamp
from linkage.services.fire119.sequence import CaseState, Effect, effect
from linkage.services.handling import Done, Handler
from linkage.services.video import asking, following
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
# By which rule the room's own end of its case refuses video.
STANDING = {CaseState.ENDED: str(Rule.CLOSED), CaseState.CANCELLED: str(Rule.CANCELLED)}


def take_notify(link: Link, message: Message) -> Done:
    """Open the case's incident, or change it when the version is newer.

    Raises: TimeOutOfRange.
    """
    if received := message.payload.get("received_at"):
        cases.check_times({"payload.received_at": moment_of(received)})
    said = message.payload
    address = " ".join(filter(None, [said.get("address", ""), said.get("floor", "")]))
    taken = casework.report(link, message, said, address=address)
    case = casework.keep_case(link, message, said, taken)
    if taken.created:
        following.case_opened(case=case)
    if taken.created or taken.changed:
        cases.take_up(case, message)
        cases.announce("fire119.report", case.municipality_id, taken.incident.pk)
    else:
        cases.keep_received(case, message)
    return casework.outcome(taken, case, message, created=taken.created)


def take_cancel(link: Link, message: Message) -> Done:
    """Take the report back; before the report has come, wait for it."""
    case, fire = _known(link, message)
    due = effect(cases.state_of(fire), message.message_type)
    if case is None or fire is None or due is Effect.FILE:
        return Done(InboxResult.FILED)
    if due is Effect.KEEP:
        return Done(InboxResult.UNCHANGED, case.incident)
    taken, done = casework.take_back(link, message, case)
    if taken.changed:
        cases.end(fire, CaseState.CANCELLED)
        cases.announce("fire119.cancelled", case.municipality_id, case.incident_id)
    return done


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


def take_stream_request(link: Link, message: Message) -> Done:
    """Answer by the list, by grants or by refusals; after the room's own end by refusals alone."""
    case, fire = _known(link, message)
    state = cases.state_of(fire)
    due = effect(state, message.message_type)
    if case is None or due is Effect.FILE:
        return Done(InboxResult.FILED)
    standing = STANDING.get(state, "") if due is Effect.DENY else ""
    incident = asking.take_request(case=case, message=message, standing=standing)
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
    """End the 119 room's own case and say so; the incident stays with who works it here."""
    case, fire = _known(link, message)
    due = effect(cases.state_of(fire), message.message_type)
    if case is None or fire is None or due is Effect.FILE:
        return Done(InboxResult.FILED)
    code = message.payload["closing_code"]
    following.end_for_agency(case)
    if due is Effect.APPLY:
        cases.end(fire, CaseState.ENDED, closing_code=code)
    words = ["119 상황 종료", code, message.payload.get("text", "")]
    incident = casework.acknowledge_close(
        link, message, case, text=" · ".join(word for word in words if word)
    )
    if due is Effect.KEEP:
        return Done(InboxResult.UNCHANGED, incident)
    cases.announce("fire119.ended", case.municipality_id, case.incident_id)
    return Done(InboxResult.APPLIED, incident)


HANDLERS: dict[str, Handler] = {
    "EVENT_NOTIFY": filed.or_note(take_notify),
    "STATUS_UPDATE": take_status,
    "STREAM_REQUEST": take_stream_request,
    "UNIT_POSITION": take_positions,
    "CANCEL": filed.or_note(take_cancel),
    "CLOSE": take_close,
    "CLOSE_ACK": casework.take_close_ack,
    "ACK": filed.take_ack,
    "CO_RESPONSE": casework.take_co_response,
    "TRANSFER": casework.take_transfer,
}


def _known(link: Link, message: Message) -> tuple[Case | None, FireCase | None]:
    case = casework.case_of(link, message)
    return case, cases.opened(case) if case else None


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
