"""Who may watch now: a ticket for one camera, viewer and purpose becomes one view on record.

The viewer is a person of the centre, a person of an agency, an agency's system or its terminal; the
last three watch by a grant, which belongs to another room and is asked for there. A ticket is
random, lives 60 s until its first use and is kept only as a hash. Its first use writes the view
record; if that cannot be written there is no video. From then on each process trusts what it last
read for CHECK_S, so an ended view gives no picture after that.
"""

import hashlib
import secrets
import time
import uuid
from collections.abc import Collection
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

from cctv import passes
from cctv.choices import Action, EndReason
from cctv.models import Camera, VideoTicket, ViewRecord
from cctv.passes import CHECK_S, HANDOVER_S, QUIET_S, Key, Pass
from controlroom.accounts.models import User
from controlroom.audit import chain
from controlroom.errors import Invalid, NotAllowed
from controlroom.municipalities.access import require, rights_in
from controlroom.municipalities.roles import Right

FIRST_USE_S = 60
KEEP_TICKETS = timedelta(days=1)
# Nothing for so long after the last moment in which bytes might leave is a pause in a view.
BREAK = timedelta(seconds=CHECK_S)
# When nothing of an ended view can change any more: no process trusts it, and each has written.
SETTLED = timedelta(seconds=CHECK_S + HANDOVER_S + 1)
SETTLE_AT_ONCE = 500

# Sent in the transaction with incident_id, municipality_id, camera_id and user before a ticket for
# an incident is issued. The room that owns incidents answers the incident's number, or raises why
# not. No answer means no ticket.
incident_asked = Signal()

# Sent with agent, camera_id and incident_id whenever a view that a machine holds without a grant is
# looked at. The room that owns the machine answers True while it may show this camera. No answer
# means that it may not.
agent_asked = Signal()
# Sent with grant, camera_id, action, viewer (a person or None) and agent whenever a view by a grant
# is opened or read again. The room that owns the grant answers True, or the EndReason why not.
# No answer means that there is no such grant.
grant_asked = Signal()

# Sent after commit with view when its first play list was asked for.
view_opened = Signal()

# Sent in the transaction with view when nothing of it can change any more.
view_settled = Signal()


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


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def pass_key(token: str, caller: Caller, action: Action = Action.LIVE) -> Key:
    return Key(_digest(token), caller.session_key, caller.address, action)


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
        if _ask_grant(grant, camera.pk, action, viewer, agent) is not None:
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
        digest=_digest(token),
        municipality_id=camera.municipality_id,
        camera=camera,
        session_digest=_digest(caller.session_key),
        address=caller.address,
        expires_at=timezone.now() + timedelta(seconds=FIRST_USE_S),
        **bound,
    )
    _audit("video.ticket", ticket)
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
) -> EndReason | None:
    answers = grant_asked.send(
        sender=VideoTicket,
        grant=grant,
        camera_id=camera_id,
        action=action,
        viewer=viewer,
        agent=agent,
    )
    said = [answer for _receiver, answer in answers if answer is not None]
    reasons = [answer for answer in said if isinstance(answer, EndReason)]
    if reasons or not said:
        return reasons[0] if reasons else EndReason.REVOKED
    return None


def _audit(action: str, of: VideoTicket | ViewRecord, **detail: Any) -> None:
    chain.record(
        action=action,
        subject_kind="camera",
        subject_id=of.camera_id,
        municipality_id=of.municipality_id,
        actor_id=of.viewer_id,
        agent=of.agent,
        reason=of.purpose,
        detail={
            "incident": str(of.incident_id) if of.incident_id else None,
            **({"grant": str(of.grant)} if of.grant else {}),
            **({"action": of.action} if of.action != Action.LIVE else {}),
            **detail,
        },
    )


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

    Only a play list opens a view; a segment before it is refused. `viewer` is the signed-in person
    of this request, read afresh; `agent` who asks without one. `opening` and `sending=False` send
    nothing: whoever does asks again with `sending`, which first puts on record until when.
    Locks: the ticket row, so that one ticket opens one view.
    Raises: TicketRefused, ViewEnded.
    """
    passes.flush_in_time()
    key = pass_key(token, caller, action)
    asked_at = time.monotonic()
    sends = sending and not opening
    view: ViewRecord | None = None
    with transaction.atomic():
        ticket = (
            VideoTicket.objects.select_for_update(of=("self",))
            .select_related("view", "camera", "viewer")
            .filter(digest=key.digest, camera_id=camera_id, action=action)
            .first()
        )
        refusal = _why_refused(ticket, caller, viewer, agent)
        if ticket is not None and refusal is None:
            view = ticket.view or (_open(ticket) if opening else None)
            _note_request(view, sending=sends)
        elif ticket is not None and ticket.view is not None and isinstance(refusal, EndReason):
            _end(ticket.view, refusal)
    if view is not None:
        return passes.renew(key, view, asked_at=asked_at, sending=sends)
    passes.forget(key)
    if isinstance(refusal, EndReason):
        raise ViewEnded(refusal.label, fields={"reason": [str(refusal)]})
    raise TicketRefused(_("this ticket does not open this camera"))


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
        VideoTicket.objects.filter(digest=_digest(token), camera_id=camera_id, action=Action.LIVE)
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
            _end(ticket.view, EndReason.STOPPED)


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
    return VideoTicket.objects.select_related("view").filter(
        digest=key.digest,
        camera_id=camera_id,
        session_digest=_digest(caller.session_key),
        address=caller.address,
    )


def _presented_by_owner(ticket: VideoTicket, caller: Caller, viewer: Any, agent: str) -> bool:
    if ticket.viewer_id is None:
        is_holder = ticket.agent == agent
    else:
        is_holder = bool(viewer and viewer.is_authenticated) and ticket.viewer_id == viewer.pk
    return (
        is_holder
        and secrets.compare_digest(ticket.session_digest, _digest(caller.session_key))
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
        return _ask_grant(
            ticket.grant, ticket.camera_id, ticket.action, ticket.viewer, ticket.agent
        )
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


def _open(ticket: VideoTicket) -> ViewRecord:
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
    _audit("video.view", view, view=view.pk)
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
        if view.sent_until is None:
            view.first_byte_at = now
            changed.append("first_byte_at")
        elif now > view.sent_until + BREAK:
            view.breaks = [*view.breaks, [view.sent_until.isoformat(), now.isoformat()]]
            changed.append("breaks")
        view.sent_until = now + timedelta(seconds=CHECK_S + HANDOVER_S)
        changed.append("sent_until")
    view.save(update_fields=changed)


# --- ending -----------------------------------------------------------------------------
def _end(view: ViewRecord, reason: EndReason, *, at: datetime | None = None) -> None:
    if view.ended_at is not None:
        return
    view.ended_at, view.end_reason = at or timezone.now(), reason
    view.save(update_fields=["ended_at", "end_reason"])
    _audit("video.view_end", view, view=view.pk, why=str(reason))


def end_views(
    *,
    reason: EndReason,
    grants: Collection[uuid.UUID] = (),
    agents: Collection[str] = (),
    incident_id: uuid.UUID | None = None,
    viewer_id: int | None = None,
    session_key: str | None = None,
) -> int:
    """End every open view and unused ticket of an incident, grants, systems, a viewer or sign-in.

    Locks: the tickets concerned, then their open views, each by id, as admit() does one of each.
    Raises: ValueError when nothing narrows it.
    """
    narrowed = Q()
    if grants:
        narrowed &= Q(grant__in=grants)
    if agents:
        narrowed &= Q(agent__in=agents)
    if incident_id is not None:
        narrowed &= Q(incident_id=incident_id)
    if viewer_id is not None:
        narrowed &= Q(viewer_id=viewer_id)
    if session_key is not None:
        narrowed &= Q(session_digest=_digest(session_key))
    if not narrowed:
        raise ValueError("end_views needs an incident, grants, agents, a viewer or a session")
    with transaction.atomic():
        now = timezone.now()
        standing = Q(view=None, expires_at__gt=now) | Q(view__isnull=False, view__ended_at=None)
        held = list(
            VideoTicket.objects.filter(narrowed)
            .filter(standing)
            .order_by("pk")
            .select_for_update(of=("self",))
            .values_list("pk", flat=True)
        )
        VideoTicket.objects.filter(pk__in=held, view=None).update(expires_at=now)
        open_views = list(
            ViewRecord.objects.filter(ticket__in=held, ended_at=None)
            .order_by("pk")
            .select_for_update(of=("self",))
        )
        ended = {view.pk for view in open_views}
        for view in open_views:
            _end(view, reason)
        transaction.on_commit(lambda: passes.distrust(ended))
    return len(ended)


def sweep() -> int:
    """End views whose requests stopped, and forget old tickets.

    A view is held to last until the last moment at which a process may still have sent video.
    """
    now = timezone.now()
    with transaction.atomic():
        quiet = ViewRecord.objects.select_for_update(skip_locked=True).filter(
            ended_at=None, last_seen_at__lt=now - timedelta(seconds=QUIET_S)
        )
        ended = 0
        for view in quiet:
            _end(view, EndReason.STOPPED, at=view.last_seen_at + timedelta(seconds=CHECK_S))
            ended += 1
        VideoTicket.objects.filter(
            Q(view=None) | Q(view__ended_at__isnull=False), expires_at__lt=now - KEEP_TICKETS
        ).delete()
    return ended


def settle() -> int:
    """Say on record how ended views truly ended, when nothing of them can change any more.

    Emits: view_settled, in the transaction.
    Locks: the views.
    """
    now = timezone.now()
    with transaction.atomic():
        rows = ViewRecord.objects.select_for_update(skip_locked=True).filter(
            settled_at=None, ended_at__lt=now - SETTLED
        )
        views = list(rows.order_by("municipality_id", "pk")[:SETTLE_AT_ONCE])
        for view in views:
            view.settled_at = now
            view.save(update_fields=["settled_at"])
            _audit(
                "video.view_closed",
                view,
                view=view.pk,
                first_byte=_iso(view.first_byte_at),
                last_byte=_iso(view.last_byte_at),
                sent_until=_iso(view.sent_until),
                bytes=view.bytes_sent,
                frames=view.frames_decoded,
            )
            view_settled.send(sender=ViewRecord, view=view)
    return len(views)


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
