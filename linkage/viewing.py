"""What grants mean for watching: tickets by a grant, and why one opens nothing any more."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from cctv import passes, tickets, view_checks, view_ends
from cctv.choices import EndReason
from cctv.passes import Caller, Pass
from cctv.tickets import Issued
from controlroom.accounts.models import User
from incidents.statuses import OPEN
from linkage import agreements
from linkage.choices import DataKind, LinkState
from linkage.models import AgencySeat, Link, StreamGrant, Terminal, TerminalShare
from linkage.models_video import GrantEnd

# A reason that is not named here was somebody's word.
END_OF: dict[str, EndReason] = {
    GrantEnd.AGENCY_CLOSE: EndReason.AGENCY_CLOSED,
    GrantEnd.INCIDENT_CLOSED: EndReason.INCIDENT_ENDED,
    GrantEnd.TTL: EndReason.EXPIRED,
    GrantEnd.REVOKED: EndReason.REVOKED,
    GrantEnd.SOURCE_LOST: EndReason.SOURCE_LOST,
    GrantEnd.LINK_SUSPENDED: EndReason.LINK_STOPPED,
    GrantEnd.BASIS_LOST: EndReason.LINK_STOPPED,
}


def system_of(link: Link) -> str:
    """Name an agency's own system as the holder of a view."""
    return str(link.code)


def terminal_name(terminal: Terminal) -> str:
    """Name a terminal as the holder of a view; its link comes first."""
    return f"{terminal.link.code} {terminal.number}"[:100]


def ticket(
    *, grant: StreamGrant, caller: Caller, viewer: User | None = None, agent: str = ""
) -> Issued:
    """Issue a ticket for the live picture of a grant's camera.

    Raises: TicketRefused.
    """
    return tickets.issue_by_grant(
        grant=grant.reference,
        camera=grant.camera,
        caller=caller,
        incident_id=grant.incident_id,
        what_for=grant.case_number,
        purpose=f"{grant.purpose} · {grant.basis} · {grant.case_number}"[:300],
        viewer=viewer,
        agent=agent,
    )


def admit(
    *,
    grant: StreamGrant,
    token: str,
    caller: Caller,
    agent: str,
    opening: bool = False,
    sending: bool = True,
) -> Pass:
    """Let an agency's system or terminal in by its ticket; see cctv.view_checks.admit.

    Raises: TicketRefused, ViewEnded.
    """
    key = passes.key_of(token, caller)
    if found := passes.known(key, grant.camera_id, sending=sending):
        return found
    return view_checks.admit(
        token=token,
        camera_id=grant.camera_id,
        caller=caller,
        agent=agent,
        opening=opening,
        sending=sending,
    )


def end_views(*, grants: Collection[StreamGrant], why: str) -> None:
    """End what is watched by these grants; call it before the grants' own ends are recorded.

    Locks: the views concerned.
    """
    if grants:
        view_ends.end_views(
            grants=[grant.reference for grant in grants],
            reason=END_OF.get(why, EndReason.REVOKED),
        )


def end_views_of_shares(shares: Collection[TerminalShare]) -> None:
    """End what the terminals watch whose share of a case ends; before that is recorded.

    Locks: the views concerned.
    """
    if shares:
        view_ends.end_views(
            agents=[terminal_name(share.terminal) for share in shares],
            reason=EndReason.SHARE_ENDED,
        )


def why_over(
    *, grant: UUID, camera_id: int, action: str, viewer: User | None, agent: str
) -> EndReason | datetime | None:
    """Say by which rule a grant shows this viewer nothing now; since when it is given otherwise.

    None: no grant of ours.
    """
    row: StreamGrant | None = (
        StreamGrant.objects.select_related("link__legal_basis", "incident")
        .filter(reference=grant, camera_id=camera_id)
        .first()
    )
    if row is None:
        return None
    if action not in row.rights:
        return EndReason.REVOKED
    return why_grant_over(row) or _why_not_theirs(row, viewer, agent) or row.granted_at


def why_grant_over(grant: StreamGrant) -> EndReason | None:
    """Say why a grant opens nothing now, whatever its rights; None while it stands."""
    if grant.ended_at is not None:
        return END_OF.get(grant.end_reason, EndReason.REVOKED)
    if grant.expires_at <= timezone.now():
        return EndReason.EXPIRED
    if grant.incident.status not in OPEN:
        return EndReason.INCIDENT_ENDED
    is_open = grant.link.state != LinkState.SUSPENDED and agreements.may_tell(
        grant.link, DataKind.LIVE_VIDEO
    )
    return None if is_open else EndReason.LINK_STOPPED


def _why_not_theirs(grant: StreamGrant, viewer: User | None, agent: str) -> EndReason | None:
    if viewer is not None:
        seats = AgencySeat.objects.of(viewer).filter(
            agency=grant.link.agency_id, municipality=grant.municipality_id
        )
        return None if seats.exists() else EndReason.RIGHT_LOST
    if agent == grant.link.code:
        return None
    own = TerminalShare.objects.open().filter(
        link=grant.link,
        case_number=grant.case_number,
        expires_at__gt=timezone.now(),
        terminal__number=agent.removeprefix(f"{grant.link.code} "),
        terminal__retired_at=None,
    )
    return None if own.exists() else EndReason.SHARE_ENDED
