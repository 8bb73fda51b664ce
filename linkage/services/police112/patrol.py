"""What a terminal shows of the case that is shared with it: nothing beyond the legal basis.

No summary and no name of anybody: the room has those, and tells them by radio. Every datum carries
the time at which it was true.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from controlroom.errors import OutOfScope
from incidents.cameras import current_choice
from incidents.events import OPEN as OPENED
from incidents.features import moment
from incidents.models import Incident, IncidentEvent
from linkage import agreements, grants, stills
from linkage.choices import DataKind, MessageType
from linkage.models import OutboxMessage, StreamGrant, TerminalShare
from linkage.services.police112.units import of_unit

# The facts that say kind and urgency, and those that may say the place.
REPORTING = (OPENED, "update", "revive")
PLACING = (*REPORTING, "move")


def picture(share: TerminalShare) -> dict[str, Any]:
    """Give all that the terminal may know now, and the names of what its link may not."""
    incident, link = share.incident, share.link
    whole = {
        "case": _case(incident, share),
        "place": _place(incident),
        "address": incident.address,
        "unit": _unit(share),
        "escape": _escape(share),
        "stills": _stills(share),
        "streams": _streams(share),
    }
    shown, withheld = agreements.permitted(link, whole)
    return {**shown, "withheld": withheld}


def _case(incident: Incident, share: TerminalShare) -> dict[str, Any]:
    return {
        "receipt_no": share.case_number,
        "kind": incident.kind.name,
        "urgency": incident.urgency,
        "is_drill": incident.is_drill,
        "at": moment(_said_at(incident, REPORTING)),
    }


def _place(incident: Incident) -> dict[str, Any] | None:
    place = incident.location
    if place is None:
        return None
    return {
        "lon": place.x,
        "lat": place.y,
        "error_radius_m": incident.error_radius_m,
        "at": moment(_said_at(incident, PLACING)),
    }


def _said_at(incident: Incident, verbs: tuple[str, ...]) -> datetime:
    """Give when one of these facts last said something; an update that left the place does not."""
    events = IncidentEvent.objects.filter(incident=incident, verb__in=verbs).order_by("-pk")
    at: datetime = incident.received_at
    for event in events[:20]:
        changed = event.data.get("changed", {})
        if event.verb != "update" or verbs is REPORTING or "place" in changed:
            at = event.at
            break
    return at


def _unit(share: TerminalShare) -> dict[str, Any] | None:
    item = of_unit(
        link=share.link,
        case_number=share.case_number,
        unit=share.unit,
        incident=share.incident,
    )
    if item is None:
        return None
    return {name: item[name] for name in ("unit", "at", "distance_m", "eta_s", "is_there")}


def _escape(share: TerminalShare) -> dict[str, Any] | None:
    """Give the newest direction that the room was told, for the same case."""
    if not agreements.may_send(share.link, MessageType.ESCAPE_ROUTE):
        return None
    told: OutboxMessage | None = (
        OutboxMessage.objects.filter(
            incident=share.incident,
            link=share.link,
            case_number=share.case_number,
            message_type=MessageType.ESCAPE_ROUTE,
        )
        .order_by("-pk")
        .first()
    )
    if told is None:
        return None
    return {name: told.payload[name] for name in ("bearing_deg", "text", "cameras", "at")}


def _stills(share: TerminalShare) -> list[dict[str, Any]]:
    """Give the stills that the room was sent for this case, each once, the newest first."""
    rows = stills.released_to(link=share.link, case_number=share.case_number)
    found = {row.still_id: row for row in rows.order_by("still__taken_at", "pk")}
    return [
        {
            "id": str(row.still.reference),
            "name": str(row.still.camera),
            "text": row.text,
            "at": moment(row.still.taken_at),
        }
        for row in reversed(found.values())
    ]


def _streams(share: TerminalShare) -> list[dict[str, Any]]:
    """Give the cameras whose video the link holds for this case, the nearest first."""
    choice = current_choice(share.incident)
    seen = {pick["id"]: pick for pick in choice.picks} if choice else {}
    rows = [_stream(grant, seen.get(grant.camera_id, {})) for grant in grants_of(share)]
    return sorted(
        rows, key=lambda row: (row["distance_m"] is None, row["distance_m"] or 0.0, row["id"])
    )


def _stream(grant: StreamGrant, pick: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": grant.camera_id,
        "grant": str(grant.reference),
        "name": str(grant.camera),
        "distance_m": pick.get("distance_m"),
        "in_view": pick.get("in_view"),
        "until": moment(grant.expires_at),
    }


def grants_of(share: TerminalShare) -> QuerySet[StreamGrant]:
    held: QuerySet[StreamGrant] = StreamGrant.objects.in_force(timezone.now()).filter(
        link=share.link, case_number=share.case_number, camera__gone_at=None
    )
    return held.select_related("camera__site")


def still_of(share: TerminalShare, reference: UUID) -> bytes:
    """Give a still of this case; that this terminal looks at it is put on record before.

    Raises: OutOfScope for one that is not of this case, or whose time is over.
    """
    release = stills.open_to(link=share.link, reference=reference, case_number=share.case_number)
    return stills.serve(release=release, agent=f"{share.link.code} {share.terminal.number}")


def grant_of(share: TerminalShare, reference: UUID) -> StreamGrant:
    """Find the grant by which this terminal may see a camera now.

    Raises: OutOfScope for one that is not of this case, or is over.
    """
    if not agreements.may_tell(share.link, DataKind.LIVE_VIDEO):
        raise OutOfScope(_("no such grant, or it is over"))
    grant = grants.open_to(link=share.link, reference=reference)
    if grant.case_number != share.case_number:
        raise OutOfScope(_("no such grant, or it is over"))
    return grant
