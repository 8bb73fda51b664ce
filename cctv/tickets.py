"""Who may watch now: a ticket for one camera, viewer and purpose becomes one view on record.

A ticket is random, lives 60 s until its first use and is kept only as a hash. Its first use writes
the view record; if that cannot be written there is no video. From then on each process trusts what
it last read for CHECK_S, so an ended view gives no picture after that.
"""

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext as _

from cctv import passes
from cctv.choices import EndReason
from cctv.models import Camera, VideoTicket, ViewRecord
from cctv.passes import CHECK_S, QUIET_S, Key, Pass
from controlroom.accounts.models import User
from controlroom.audit import chain
from controlroom.errors import Invalid, NotAllowed
from controlroom.municipalities.access import require, rights_in
from controlroom.municipalities.roles import Right

FIRST_USE_S = 60
KEEP_TICKETS = timedelta(days=1)

# Sent in the transaction with incident_id, municipality_id, camera_id and user before a ticket for
# an incident is issued. The room that owns incidents answers True, or raises why not. No answer
# means no ticket.
incident_asked = Signal()


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


@dataclass(frozen=True)
class Caller:
    """Who asks: the signed-in person, the sign-in and the address of the request."""

    session_key: str
    address: str | None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def pass_key(token: str, caller: Caller) -> Key:
    return Key(_digest(token), caller.session_key, caller.address)


# --- issuing ----------------------------------------------------------------------------
def issue(
    *, camera: Camera, viewer: User, caller: Caller, incident_id: uuid.UUID | None, purpose: str
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
    token = secrets.token_urlsafe(32)
    expires_at = timezone.now() + timedelta(seconds=FIRST_USE_S)
    with transaction.atomic():
        if incident_id is not None:
            ask_incident(incident_id, camera, viewer)
        VideoTicket.objects.create(
            digest=_digest(token),
            municipality_id=camera.municipality_id,
            camera=camera,
            viewer=viewer,
            session_digest=_digest(caller.session_key),
            address=caller.address,
            incident_id=incident_id,
            purpose=purpose or str(_("incident response")),
            expires_at=expires_at,
        )
        _audit("video.ticket", camera.municipality_id, camera.pk, viewer.pk, purpose, incident_id)
    return Issued(token, expires_at)


def ask_incident(incident_id: uuid.UUID, camera: Camera, viewer: User) -> None:
    """Ask the room of incidents whether pictures of this camera may be seen for this one.

    Raises: TicketRefused.
    """
    answers = incident_asked.send(
        sender=VideoTicket,
        incident_id=incident_id,
        municipality_id=camera.municipality_id,
        camera_id=camera.pk,
        user=viewer,
    )
    if not any(bool(answer) for _receiver, answer in answers):
        raise TicketRefused(_("this incident is not open here"))


def _audit(
    action: str,
    municipality_id: int,
    camera_id: int,
    viewer_id: int,
    purpose: str,
    incident_id: uuid.UUID | None,
    **detail: Any,
) -> None:
    chain.record(
        action=action,
        subject_kind="camera",
        subject_id=camera_id,
        municipality_id=municipality_id,
        actor_id=viewer_id,
        reason=purpose,
        detail={"incident": str(incident_id) if incident_id else None, **detail},
    )


# --- checking ---------------------------------------------------------------------------
def admit(*, token: str, camera_id: int, caller: Caller, viewer: Any, opening: bool) -> Pass:
    """Check a ticket against the database: exchange it for a view, or renew the view it opened.

    Only a play list opens a view; a segment before it is refused. `viewer` is the signed-in person
    of this request, read afresh.
    Locks: the ticket row, so that one ticket opens one view.
    Raises: TicketRefused, ViewEnded.
    """
    key = pass_key(token, caller)
    view: ViewRecord | None = None
    with transaction.atomic():
        ticket = (
            VideoTicket.objects.select_for_update(of=("self",))
            .select_related("view", "camera", "viewer")
            .filter(digest=key.digest, camera_id=camera_id)
            .first()
        )
        refusal = _why_refused(ticket, caller, viewer)
        if ticket is not None and refusal is None:
            view = ticket.view or (_open(ticket) if opening else None)
            _note_request(view)
        elif ticket is not None and ticket.view is not None and isinstance(refusal, EndReason):
            _end(ticket.view, refusal)
    if view is not None:
        return passes.renew(key, view)
    passes.forget(key)
    if isinstance(refusal, EndReason):
        raise ViewEnded(refusal.label, fields={"reason": [str(refusal)]})
    raise TicketRefused(_("this ticket does not open this camera"))


def _why_refused(
    ticket: VideoTicket | None, caller: Caller, viewer: Any
) -> EndReason | Literal["strange"] | None:
    """Say why not; a stranger with somebody's ticket ends nothing, a viewer switched off does."""
    if ticket is None:
        return "strange"
    if not _presented_by_owner(ticket, caller, viewer):
        return "strange" if ticket.viewer.is_active else EndReason.RIGHT_LOST
    return _why_over(ticket, viewer)


def peek(*, token: str, camera_id: int, caller: Caller, viewer: Any) -> None:
    """Let the holder of an unused ticket ask for the state, which is not yet watching.

    A play list asked for at the same time may have opened the view since admit() looked.
    Raises: TicketRefused.
    """
    unused = Q(view=None, expires_at__gt=timezone.now())
    ticket = (
        VideoTicket.objects.filter(digest=_digest(token), camera_id=camera_id)
        .filter(unused | Q(view__ended_at=None, view__isnull=False))
        .first()
    )
    if ticket is None or not _presented_by_owner(ticket, caller, viewer):
        raise TicketRefused(_("this ticket does not open this camera"))


def stop(*, token: str, camera_id: int, caller: Caller) -> None:
    """End a view at its viewer's own word. Whoever asks without that view's ticket ends nothing."""
    key = pass_key(token, caller)
    passes.forget(key)
    with transaction.atomic():
        ticket = (
            VideoTicket.objects.select_for_update(of=("self",))
            .select_related("view")
            .filter(
                digest=key.digest,
                camera_id=camera_id,
                session_digest=_digest(caller.session_key),
                address=caller.address,
            )
            .first()
        )
        if ticket is not None and ticket.view is not None:
            _end(ticket.view, EndReason.STOPPED)


def _presented_by_owner(ticket: VideoTicket, caller: Caller, viewer: Any) -> bool:
    return (
        secrets.compare_digest(ticket.session_digest, _digest(caller.session_key))
        and ticket.address == caller.address
        and bool(viewer.is_authenticated)
        and ticket.viewer_id == viewer.pk
    )


def _why_over(ticket: VideoTicket, viewer: User) -> EndReason | None:
    """Say why this ticket gives no video any more, or None."""
    now = timezone.now()
    view = ticket.view
    if Right.VIDEO_WATCH not in rights_in(viewer, ticket.municipality_id):
        return EndReason.RIGHT_LOST
    if ticket.camera.gone_at is not None:
        return EndReason.CAMERA_GONE
    if view is None:
        return EndReason.EXPIRED if ticket.expires_at <= now else None
    if view.ended_at is not None:
        return EndReason(view.end_reason)
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
        incident_id=ticket.incident_id,
        purpose=ticket.purpose,
        address=ticket.address,
    )
    ticket.view = view
    ticket.save(update_fields=["view"])
    _audit(
        "video.view",
        view.municipality_id,
        view.camera_id,
        view.viewer_id,
        view.purpose,
        view.incident_id,
        view=view.pk,
    )
    return view


def _note_request(view: ViewRecord | None) -> None:
    if view is not None:
        view.last_seen_at = timezone.now()
        view.save(update_fields=["last_seen_at"])


# --- ending -----------------------------------------------------------------------------
def _end(view: ViewRecord, reason: EndReason, *, at: datetime | None = None) -> None:
    if view.ended_at is not None:
        return
    view.ended_at, view.end_reason = at or timezone.now(), reason
    view.save(update_fields=["ended_at", "end_reason"])
    _audit(
        "video.view_end",
        view.municipality_id,
        view.camera_id,
        view.viewer_id,
        view.purpose,
        view.incident_id,
        view=view.pk,
        why=str(reason),
    )


def end_views(
    *,
    reason: EndReason,
    incident_id: uuid.UUID | None = None,
    viewer_id: int | None = None,
    session_key: str | None = None,
) -> int:
    """End every open view and unused ticket of an incident, a viewer or one sign-in.

    Locks: the open views concerned.
    Raises: ValueError when nothing narrows it.
    """
    narrowed = Q()
    if incident_id is not None:
        narrowed &= Q(incident_id=incident_id)
    if viewer_id is not None:
        narrowed &= Q(viewer_id=viewer_id)
    if session_key is not None:
        narrowed &= Q(session_digest=_digest(session_key))
    if not narrowed:
        raise ValueError("end_views needs an incident, a viewer or a session")
    with transaction.atomic():
        tickets = VideoTicket.objects.filter(narrowed)
        now = timezone.now()
        tickets.filter(view=None, expires_at__gt=now).update(expires_at=now)
        open_views = ViewRecord.objects.select_for_update().filter(
            ended_at=None, ticket__in=tickets
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
