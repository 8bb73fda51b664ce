"""What an agency is told of its video: given, with the addresses, and refused, with the rule."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from incidents.features import moment
from incidents.models import Incident, IncidentEvent
from linkage.choices import MessageType
from linkage.models import Case, StreamGrant, VideoRequest
from linkage.obligations import owe_of_case
from linkage.policy import decision as policy
from linkage.policy.words import Access, Rule
from linkage.services.video.cases import case_of, held_by


def tell_granted(
    *,
    case: Case,
    incident: Incident,
    event: IncidentEvent,
    rows: Iterable[StreamGrant],
    request: str = "",
) -> None:
    given = [
        {
            "camera": grant.camera_id,
            "grant": str(grant.reference),
            "expires_at": moment(grant.expires_at),
            "rights": grant.rights,
            "playlist": f"{_address(case, grant)}/live.m3u8",
            **({"ptz": f"{_address(case, grant)}/ptz"} if Access.PTZ in grant.rights else {}),
        }
        for grant in rows
    ]
    if given:
        _owe(case, incident, event, MessageType.STREAM_GRANT, request, {"grants": given})


def _address(case: Case, grant: StreamGrant) -> str:
    return f"/api/v1/links/{case.link.code}/grants/{grant.reference}"


def tell_refused(
    case: Case,
    incident: Incident,
    event: IncidentEvent,
    request: str,
    denied: Iterable[tuple[int | None, Access, Rule]],
) -> None:
    said = [
        {
            "camera": camera,
            "right": str(right),
            "rule": str(rule),
            # Recordings are asked for elsewhere: there it begins.
            **(
                {"instead": f"/api/v1/links/{case.link.code}/exports"}
                if rule is Rule.LETTER
                else {}
            ),
        }
        for camera, right, rule in denied
    ]
    if said:
        _owe(case, incident, event, MessageType.STREAM_DENY, request, {"denied": said})


def tell_answered(
    *,
    rows: Sequence[VideoRequest],
    event: IncidentEvent,
    rule: Rule | str = "",
    denied: Iterable[tuple[int, Access, Rule]] = (),
) -> None:
    """Answer requests of one case that _waited, by one rule or right by right."""
    case = case_of(rows[0])
    by_rule = [
        (camera, right, Rule(rule)) for row in rows for camera, right in _waited(row, case) if rule
    ]
    request = rows[0].request_id if len(rows) == 1 else ""
    tell_refused(case, event.incident, event, request, [*by_rule, *denied])


def _waited(row: VideoRequest, case: Case) -> list[tuple[int, Access]]:
    """Give what a request waits for: all that it means and the agency does not hold yet."""
    rights = policy.rights_meant([row.access])
    held = {} if row.extension else held_by(case)
    return [
        (camera, right)
        for camera in row.cameras
        for right in rights
        if camera not in held or right not in held[camera].rights
    ]


def _owe(
    case: Case,
    incident: Incident,
    event: IncidentEvent,
    message_type: MessageType,
    request: str,
    content: Mapping[str, Any],
) -> None:
    owe_of_case(
        case=case,
        incident=incident,
        event=event,
        message_type=message_type,
        content={"in_reply_to": request, **content},
    )
