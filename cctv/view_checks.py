"""A ticket is shown: it opens its view, lets the view go on, or is refused.

The first use writes the view record; if that cannot be written there is no video. From then on each
process trusts what it last read for CHECK_S (cctv.passes), so an ended view gives no picture after
that.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
from cctv.errors import TicketRefused, ViewEnded
from cctv.models import VideoTicket, ViewRecord
from cctv.passes import CHECK_S, HANDOVER_S, QUIET_S, Caller, Key, Pass
from cctv.permission import ask_agent, ask_grant
from controlroom.municipalities.access import rights_in
from controlroom.municipalities.roles import Right

# Sent after commit with view when its first play list was asked for.
view_opened = Signal()


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
    key = passes.key_of(token, caller, action)
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
    said = ask_grant(ticket.grant, ticket.camera_id, ticket.action, ticket.viewer, ticket.agent)
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
            digest=passes.digest(token), camera_id=camera_id, action=Action.LIVE
        )
        .filter(unused | Q(view__ended_at=None, view__isnull=False))
        .first()
    )
    if ticket is None or not _presented_by_owner(ticket, caller, viewer, agent):
        raise TicketRefused(_("this ticket does not open this camera"))


def stop(*, token: str, camera_id: int, caller: Caller, action: Action = Action.LIVE) -> None:
    """End a view at its viewer's own word. Whoever asks without that view's ticket ends nothing."""
    key = passes.key_of(token, caller, action)
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
    ticket = _shown(passes.key_of(token, caller), camera_id, caller).first()
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
        session_digest=passes.digest(caller.session_key),
        address=caller.address,
    )


def _presented_by_owner(ticket: VideoTicket, caller: Caller, viewer: Any, agent: str) -> bool:
    if ticket.viewer_id is None:
        is_holder = ticket.agent == agent
    else:
        is_holder = bool(viewer and viewer.is_authenticated) and ticket.viewer_id == viewer.pk
    return (
        is_holder
        and secrets.compare_digest(ticket.session_digest, passes.digest(caller.session_key))
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
        said = ask_grant(ticket.grant, ticket.camera_id, ticket.action, ticket.viewer, ticket.agent)
        return said if isinstance(said, EndReason) else None
    if ticket.viewer is None:
        may_watch = ask_agent(ticket.agent, ticket.camera_id, ticket.incident_id)
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
