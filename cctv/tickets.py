"""Who may watch now: a ticket for one camera, viewer and purpose becomes one view on record.

The viewer is a person of the centre, a person of an agency, an agency's system or its terminal; the
last three watch by a grant, which belongs to another room and is asked for there. A ticket is
random, lives 60 s until its first use and is kept only as a hash. Its first use writes the view
record; if that cannot be written there is no video. From then on each process trusts what it last
read for CHECK_S, so an ended view gives no picture after that.
"""

import secrets
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Greatest
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext as _

from cctv import passes, view_ends
from cctv.choices import Action, EndReason
from cctv.models import Camera, VideoTicket, ViewRecord
from cctv.passes import CHECK_S, HANDOVER_S, QUIET_S, Key, Pass
from controlroom.accounts.models import User
from controlroom.errors import Invalid, NotAllowed
from controlroom.municipalities.access import require, rights_in
from controlroom.municipalities.roles import Right

FIRST_USE_S = 60
# Sent in the transaction with incident_id, municipality_id, camera_id and user before a ticket for
# an incident is issued. The room that owns incidents answers the incident's number, or raises why
# not. No answer means no ticket.
incident_asked = Signal()

# Sent with agent, camera_id and incident_id whenever a view that a machine holds without a grant is
# looked at. The room that owns the machine answers True while it may show this camera. No answer
# means that it may not.
agent_asked = Signal()
# Sent with grant, camera_id, action, viewer (a person or None) and agent whenever a view by a grant
# is opened or read again. The room that owns the grant answers since when it is given, or the
# EndReason why it shows nothing. No answer means that there is no such grant.
grant_asked = Signal()

# Sent after commit with view when its first play list was asked for.
view_opened = Signal()


class TicketRefused(NotAllowed):
    code = "ticket_refused"


class ViewEnded(NotAllowed):
    """The view is over; `fields` says why under "reason"."""

    code = "view_ended"


class PurposeMissing(Invalid):
    code = "purpose_missing"


@dataclass(frozen=True)
class Issued:
    """A new ticket; the only place where it is not a hash."""

    token: str
    expires_at: datetime
    # What it is for, as a person reads it: the incident's number, or the purpose.
    what_for: str


@dataclass(frozen=True)
class Caller:
    """By what somebody is known who asks, and from where.

    `session_key` is that of a person's session; of an agency's system or a terminal, whatever it
    alone is known by.
    """

    session_key: str
    address: str | None


def pass_key(token: str, caller: Caller, action: Action = Action.LIVE) -> Key:
    return Key(view_ends.digest(token), caller.session_key, caller.address, action)


# --- issuing ----------------------------------------------------------------------------
def issue(
    *,
    camera: Camera,
    viewer: User,
    caller: Caller,
    incident_id: uuid.UUID | None,
    purpose: str,
    action: Action = Action.LIVE,
) -> Issued:
    """Issue a ticket for one camera, one viewer, one sign-in and one purpose.

    Raises: NotAllowed without the right, PurposeMissing, TicketRefused for an incident that is
    not open here.
    """
    require(viewer, camera.municipality_id, Right.VIDEO_WATCH)
    purpose = purpose.strip()
    if incident_id is None and not purpose:
        raise PurposeMissing(
            _("video needs an incident or a purpose"), fields={"purpose": [_("say what for")]}
        )
    with transaction.atomic():
        number = ask_incident(incident_id, camera, viewer) if incident_id is not None else ""
        return _ticket(
            camera,
            caller,
            what_for=number or purpose,
            viewer=viewer,
            incident_id=incident_id,
            purpose=purpose or str(_("incident response")),
            action=action,
        )


def issue_by_grant(
    *,
    grant: uuid.UUID,
    camera: Camera,
    caller: Caller,
    incident_id: uuid.UUID,
    purpose: str,
    what_for: str,
    viewer: User | None = None,
    agent: str = "",
    action: Action = Action.LIVE,
) -> Issued:
    """Issue a ticket for what a grant allows: to a person of an agency, or to its system.

    Raises: TicketRefused for a grant that is not in force for this viewer, camera and action.
    """
    with transaction.atomic():
        if isinstance(_ask_grant(grant, camera.pk, action, viewer, agent), EndReason):
            raise TicketRefused(_("this grant does not open this camera"))
        return _ticket(
            camera,
            caller,
            what_for=what_for,
            viewer=viewer,
            agent=agent,
            grant=grant,
            action=action,
            incident_id=incident_id,
            purpose=purpose,
        )


def issue_to_agent(
    *,
    agent: str,
    camera: Camera,
    caller: Caller,
    incident_id: uuid.UUID | None,
    purpose: str,
) -> Issued:
    """Issue a ticket to a machine of the centre itself, such as a screen on its wall.

    Raises: TicketRefused when it may not show this camera.
    """
    with transaction.atomic():
        if not _may_agent(agent, camera.pk, incident_id):
            raise TicketRefused(_("this screen may not show this camera"))
        return _ticket(
            camera,
            caller,
            what_for=purpose,
            agent=agent,
            incident_id=incident_id,
            purpose=purpose,
        )


def _may_agent(agent: str, camera_id: int, incident_id: uuid.UUID | None) -> bool:
    answers = agent_asked.send(
        sender=VideoTicket, agent=agent, camera_id=camera_id, incident_id=incident_id
    )
    return any(bool(answer) for _receiver, answer in answers)


def _ticket(camera: Camera, caller: Caller, *, what_for: str, **bound: Any) -> Issued:
    token = secrets.token_urlsafe(32)
    ticket = VideoTicket.objects.create(
        digest=view_ends.digest(token),
        municipality_id=camera.municipality_id,
        camera=camera,
        session_digest=view_ends.digest(caller.session_key),
        address=caller.address,
        expires_at=timezone.now() + timedelta(seconds=FIRST_USE_S),
        **bound,
    )
    view_ends.note("video.ticket", ticket)
    return Issued(token, ticket.expires_at, what_for)


def ask_incident(incident_id: uuid.UUID, camera: Camera, viewer: User) -> str:
    """Ask the room of incidents whether pictures of this camera may be seen for this one.

    Gives the incident's number.

    Raises: TicketRefused.
    """
    answers = incident_asked.send(
        sender=VideoTicket,
        incident_id=incident_id,
        municipality_id=camera.municipality_id,
        camera_id=camera.pk,
        user=viewer,
    )
    for _receiver, answer in answers:
        if answer:
            return str(answer)
    raise TicketRefused(_("this incident is not open here"))


def _ask_grant(
    grant: uuid.UUID, camera_id: int, action: str, viewer: User | None, agent: str
) -> EndReason | datetime:
    """Say since when this grant shows this camera to this viewer, or why it does not."""
    answers = grant_asked.send(
        sender=VideoTicket,
        grant=grant,
        camera_id=camera_id,
        action=action,
        viewer=viewer,
        agent=agent,
    )
    said: list[Any] = [answer for _receiver, answer in answers if answer is not None]
    reasons = [answer for answer in said if isinstance(answer, EndReason)]
    if reasons or not said:
        return reasons[0] if reasons else EndReason.REVOKED
    since: datetime = max(said)
    return since


# --- checking ---------------------------------------------------------------------------
def admit(
    *,
    token: str,
    camera_id: int,
    caller: Caller,
    viewer: Any = None,
    agent: str = "",
    action: Action = Action.LIVE,
    opening: bool = False,
    sending: bool = True,
) -> Pass:
    """Check a ticket against the database: exchange it for a view, or renew the view it opened.

    A play list opens a view (so does cctv.posters); a segment before it is refused. `viewer` is the
    signed-in person of this request, read afresh; `agent` who asks without one. With
    `sending=False` nothing may leave: whoever sends asks again with `sending`, which first puts on
    record until when.
    Locks: the ticket row, so that one ticket opens one view.
    Raises: TicketRefused, ViewEnded.
    """
    passes.flush_in_time()
    asked_at = time.monotonic()
    key = pass_key(token, caller, action)
    with presented(key, camera_id, caller, viewer=viewer, agent=agent) as ticket:
        view = ticket.view or (open_view(ticket) if opening else None)
        _note_request(view, sending=sending)
    if view is None:
        passes.forget(key)
        raise TicketRefused(_("this ticket does not open this camera"))
    return passes.renew(key, view, asked_at=asked_at, sending=sending)


@contextmanager
def presented(
    key: Key, camera_id: int, caller: Caller, *, viewer: Any, agent: str
) -> Iterator[VideoTicket]:
    """Hold the ticket that somebody shows, if it is good for this camera, in a transaction.

    Locks: the ticket row.
    Raises: TicketRefused, ViewEnded, after the end of the view that was found to be over.
    """
    with transaction.atomic():
        # Asked every other second by each viewer: nothing is sorted, only the camera comes along.
        # Not the view: joined, it would be that of before the wait for the lock.
        found = (
            VideoTicket.objects.select_for_update(of=("self",))
            .select_related("camera")
            .filter(digest=key.digest, camera_id=camera_id, action=key.action)
            .order_by()
        )
        ticket = next(iter(found), None)
        refusal = _why_refused(ticket, caller, viewer, agent)
        if ticket is not None and refusal is None:
            yield ticket
            return
        if ticket is not None and ticket.view is not None and isinstance(refusal, EndReason):
            view_ends.end(ticket.view, refusal)
    passes.forget(key)
    if isinstance(refusal, EndReason):
        raise ViewEnded(refusal.label, fields={"reason": [str(refusal)]})
    raise TicketRefused(_("this ticket does not open this camera"))


def shows_since(ticket: VideoTicket) -> datetime | None:
    """Say since when the grant of a good ticket is given; None for a viewer without one.

    What the camera saw before is not this viewer's to see.
    """
    if ticket.grant is None:
        return None
    said = _ask_grant(ticket.grant, ticket.camera_id, ticket.action, ticket.viewer, ticket.agent)
    return timezone.now() if isinstance(said, EndReason) else said


def _why_refused(
    ticket: VideoTicket | None, caller: Caller, viewer: Any, agent: str
) -> EndReason | Literal["strange"] | None:
    """Say why not; a stranger with somebody's ticket ends nothing, a viewer switched off does."""
    if ticket is None:
        return "strange"
    if not _presented_by_owner(ticket, caller, viewer, agent):
        is_off = ticket.viewer is not None and not ticket.viewer.is_active
        return EndReason.RIGHT_LOST if is_off else "strange"
    return _why_over(ticket)


def peek(
    *, token: str, camera_id: int, caller: Caller, viewer: Any = None, agent: str = ""
) -> None:
    """Let the holder of an unused ticket ask for the state, which is not yet watching.

    A play list asked for at the same time may have opened the view since admit() looked.
    Raises: TicketRefused.
    """
    unused = Q(view=None, expires_at__gt=timezone.now())
    ticket = (
        VideoTicket.objects.filter(
            digest=view_ends.digest(token), camera_id=camera_id, action=Action.LIVE
        )
        .filter(unused | Q(view__ended_at=None, view__isnull=False))
        .first()
    )
    if ticket is None or not _presented_by_owner(ticket, caller, viewer, agent):
        raise TicketRefused(_("this ticket does not open this camera"))


def stop(*, token: str, camera_id: int, caller: Caller, action: Action = Action.LIVE) -> None:
    """End a view at its viewer's own word. Whoever asks without that view's ticket ends nothing."""
    key = pass_key(token, caller, action)
    passes.forget(key)
    with transaction.atomic():
        ticket = _shown(key, camera_id, caller).select_for_update(of=("self",)).first()
        if ticket is not None and ticket.view is not None:
            view_ends.end(ticket.view, EndReason.STOPPED)


def note_report(
    *, token: str, camera_id: int, caller: Caller, frames: int, decoded_ago_s: float, seen: bool
) -> None:
    """Keep what a player says of its view: frames decoded, the first one when, seen by the viewer.

    Nothing else rests on it. A settled view hears nothing more.
    Raises: TicketRefused.
    """
    ticket = _shown(pass_key(token, caller), camera_id, caller).first()
    view = ticket.view if ticket else None
    if view is None:
        raise TicketRefused(_("this ticket does not open this camera"))
    now = timezone.now()
    own = ViewRecord.objects.filter(pk=view.pk, settled_at=None)
    if frames > 0:
        own.update(frames_decoded=Greatest("frames_decoded", frames))
        first = max(now - timedelta(seconds=decoded_ago_s), view.started_at)
        own.filter(decoded_at=None).update(decoded_at=first)
    if seen:
        own.filter(acknowledged_at=None).update(acknowledged_at=now)


def _shown(key: Key, camera_id: int, caller: Caller) -> QuerySet[VideoTicket]:
    return VideoTicket.objects.filter(
        digest=key.digest,
        camera_id=camera_id,
        session_digest=view_ends.digest(caller.session_key),
        address=caller.address,
    )


def _presented_by_owner(ticket: VideoTicket, caller: Caller, viewer: Any, agent: str) -> bool:
    if ticket.viewer_id is None:
        is_holder = ticket.agent == agent
    else:
        is_holder = bool(viewer and viewer.is_authenticated) and ticket.viewer_id == viewer.pk
    return (
        is_holder
        and secrets.compare_digest(ticket.session_digest, view_ends.digest(caller.session_key))
        and ticket.address == caller.address
    )


def _why_over(ticket: VideoTicket) -> EndReason | None:
    """Say why this ticket gives no video any more, or None."""
    if ticket.view is not None and ticket.view.ended_at is not None:
        return EndReason(ticket.view.end_reason)
    return _why_forbidden(ticket) or _why_late(ticket, timezone.now())


def _why_forbidden(ticket: VideoTicket) -> EndReason | None:
    if ticket.camera.gone_at is not None:
        return EndReason.CAMERA_GONE
    if ticket.grant is not None:
        said = _ask_grant(
            ticket.grant, ticket.camera_id, ticket.action, ticket.viewer, ticket.agent
        )
        return said if isinstance(said, EndReason) else None
    if ticket.viewer is None:
        may_watch = _may_agent(ticket.agent, ticket.camera_id, ticket.incident_id)
    else:
        may_watch = Right.VIDEO_WATCH in rights_in(ticket.viewer, ticket.municipality_id)
    return None if may_watch else EndReason.RIGHT_LOST


def _why_late(ticket: VideoTicket, now: datetime) -> EndReason | None:
    view = ticket.view
    if view is None:
        return EndReason.EXPIRED if ticket.expires_at <= now else None
    if now - view.last_seen_at > timedelta(seconds=QUIET_S):
        return EndReason.STOPPED
    over = now - view.started_at > timedelta(seconds=settings.VIEW_MAX_S)
    return EndReason.EXPIRED if over else None


def open_view(ticket: VideoTicket) -> ViewRecord:
    """Write the record of watching; the caller sends nothing before this is committed."""
    view: ViewRecord = ViewRecord.objects.create(
        municipality_id=ticket.municipality_id,
        camera_id=ticket.camera_id,
        viewer_id=ticket.viewer_id,
        agent=ticket.agent,
        grant=ticket.grant,
        action=ticket.action,
        incident_id=ticket.incident_id,
        purpose=ticket.purpose,
        address=ticket.address,
        presented_at=ticket.issued_at,
    )
    ticket.view = view
    ticket.save(update_fields=["view"])
    view_ends.note("video.view", view, view=view.pk)
    transaction.on_commit(
        lambda: view_opened.send_robust(sender=ViewRecord, view=view), robust=True
    )
    return view


def _note_request(view: ViewRecord | None, *, sending: bool) -> None:
    """Keep that the view goes on; before bytes leave, until when they may."""
    if view is None:
        return
    now = timezone.now()
    view.last_seen_at = now
    changed = ["last_seen_at"]
    if sending:
        changed += view.claim(since=now, until=now + timedelta(seconds=CHECK_S + HANDOVER_S))
    view.save(update_fields=changed)
