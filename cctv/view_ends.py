"""How views end: by whose word, when their requests stopped, and what the record says at last."""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.dispatch import Signal
from django.utils import timezone

from cctv import passes
from cctv.choices import Action, EndReason
from cctv.models import MediaSession, VideoTicket, ViewRecord
from cctv.passes import CHECK_S, HANDOVER_S, QUIET_S
from controlroom.audit import chain

KEEP_TICKETS = timedelta(days=1)
# When nothing of an ended view can change any more: no process trusts it, and each has written.
SETTLED = timedelta(seconds=CHECK_S + HANDOVER_S + 1)
SETTLE_AT_ONCE = 500
# A media server that cannot be told to stop may go on sending; so long the record waits for it.
KICK_PATIENCE = timedelta(hours=1)

# Sent in the transaction with view when nothing of it can change any more.
view_settled = Signal()


def note(action: str, of: VideoTicket | ViewRecord, **detail: Any) -> None:
    """Put an act on a ticket or a view on the audit record."""
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


def end(view: ViewRecord, reason: EndReason, *, at: datetime | None = None) -> None:
    """Write that a view ended, once.

    Locks: none; whoever calls holds the view's ticket or the view.
    """
    if view.ended_at is not None:
        return
    view.ended_at, view.end_reason = at or timezone.now(), reason
    view.save(update_fields=["ended_at", "end_reason"])
    note("video.view_end", view, view=view.pk, why=str(reason))


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
        narrowed &= Q(session_digest=passes.digest(session_key))
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
            end(view, reason)
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
            end(view, EndReason.STOPPED, at=view.last_seen_at + timedelta(seconds=CHECK_S))
            ended += 1
        VideoTicket.objects.filter(
            Q(view=None) | Q(view__ended_at__isnull=False), expires_at__lt=now - KEEP_TICKETS
        ).delete()
    return ended


def settle() -> int:
    """Say on record how ended views truly ended, when nothing of them can change any more.

    Nor does a media server send anything for them: it was told to stop.
    Emits: view_settled, in the transaction.
    Locks: the views.
    """
    now = timezone.now()
    with transaction.atomic():
        goes_on = MediaSession.objects.filter(
            view=OuterRef("pk"), kicked_at=None, view__ended_at__gt=now - KICK_PATIENCE
        )
        rows = ViewRecord.objects.select_for_update(of=("self",), skip_locked=True).filter(
            ~Exists(goes_on), settled_at=None, ended_at__lt=now - SETTLED
        )
        views = list(rows.order_by("municipality_id", "pk")[:SETTLE_AT_ONCE])
        for view in views:
            view.settled_at = now
            view.save(update_fields=["settled_at"])
            note(
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
