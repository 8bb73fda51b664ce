"""The list of cameras that an agency may know of: the newest choice, as far as its link reaches."""

from typing import Any

from incidents.cameras import current_choice
from incidents.features import moment
from incidents.models import Incident, IncidentEvent
from linkage.choices import MessageType
from linkage.mapping import covers
from linkage.models import Case, OutboxMessage
from linkage.obligations import owe_of_case
from linkage.policy.decision import Seen, Terms
from linkage.policy.words import Mode
from linkage.video_policy import terms_of

_LISTED = ("id", "name", "lon", "lat", "distance_m", "bearing_deg", "in_view", "health")


def send_list(
    *, case: Case, incident: Incident, event: IncidentEvent, asked_by: str = ""
) -> OutboxMessage | None:
    """Owe the newest list; unasked only in automatic mode and when it is not the one sent last.

    Of a kind that its agreement does not name, an unmapped one too, no list goes by itself.
    In request mode the link hears of newer cameras only after it has asked once; that there is
    no camera is said when it was asked, or when there was one before.
    """
    choice = current_choice(incident)
    if choice is None or not (asked_by or covers(case.link, case.incident.kind)):
        return None
    terms = terms_of(case.link, urgency=incident.urgency)
    chosen_at = moment(choice.chosen_at)
    last = _last_list(case)
    if not asked_by and (
        (last is None and (terms.mode is Mode.REQUEST or not choice.picks))
        or (last is not None and last.payload["chosen_at"] == chosen_at)
    ):
        return None
    return owe_of_case(
        case=case,
        incident=incident,
        event=event,
        message_type=MessageType.CAMERA_LIST,
        content={
            "in_reply_to": asked_by,
            "version": (last.payload["version"] if last else 0) + 1,
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


def picks_of(incident: Incident) -> list[dict[str, Any]]:
    """Give the cameras of the newest list, the best first."""
    choice = current_choice(incident)
    return choice.picks if choice else []


def seen(pick: dict[str, Any]) -> Seen:
    return Seen(pick["distance_m"], pick.get("purpose") or "")


def seen_in(incident: Incident) -> dict[int, Seen]:
    return {pick["id"]: seen(pick) for pick in picks_of(incident)}
