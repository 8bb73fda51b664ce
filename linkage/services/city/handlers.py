"""What each message of a city system does to its case."""

from typing import Any

from incidents import lifecycle
from linkage.choices import InboxResult
from linkage.models import Link
from linkage.models_city import Bell
from linkage.services import casework
from linkage.services.city import bells
from linkage.services.city.endings import end_unowned
from linkage.services.handling import Done, Handler
from linkage.wire import Message


def take_notify(link: Link, message: Message) -> Done:
    """Open the case's incident, or change it when the version is newer; a bell gives the place."""
    said = message.payload
    bell = bells.find(municipality=link.municipality, named=said.get("bell_id", ""))
    taken = casework.report(link, message, said, **(_stands_at(bell, said) if bell else {}))
    case = casework.keep_case(link, message, said, taken)
    if taken.created and bell is not None:
        bells.note_press(bell=bell, incident=taken.incident)
    return casework.outcome(taken, case, message, created=taken.created)


def take_status(link: Link, message: Message) -> Done:
    case = casework.case_of(link, message)
    if case is None:
        return Done(InboxResult.FILED)
    text = message.payload["text"]
    if not text.strip():
        return Done(InboxResult.UNCHANGED, case.incident)
    noted = lifecycle.add_note(incident=case.incident, by=None, agent=link.code, text=text)
    return Done(InboxResult.APPLIED, noted)


def take_close(link: Link, message: Message) -> Done:
    """The event is over at its source, which hears that we know."""
    case = casework.case_of(link, message)
    if case is None:
        return Done(InboxResult.FILED)
    # As the centre's people write it on the timeline.
    text = " · ".join(part for part in ("상황 종료", message.payload.get("text", "")) if part)
    if end_unowned(incident=case.incident, agent=link.code, text=text):
        text = ""
    incident = casework.acknowledge_close(link, message, case, text=text)
    return Done(InboxResult.APPLIED, incident)


HANDLERS: dict[str, Handler] = {
    "EVENT_NOTIFY": take_notify,
    "STATUS_UPDATE": take_status,
    "CANCEL": casework.take_cancel,
    "CLOSE": take_close,
    "CLOSE_ACK": casework.take_close_ack,
}


def _stands_at(bell: Bell, said: dict[str, Any]) -> dict[str, Any]:
    """A bell stands where its register says, whatever else the message says."""
    return {
        "place": bell.location,
        "error_radius_m": 0,
        "address": bell.road_address or bell.lot_address or said.get("address", ""),
        "summary": said.get("summary", "") or f"비상벨 {bell}",
    }
