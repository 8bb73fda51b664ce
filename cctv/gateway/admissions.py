"""Letting views into the media server, and out: a pass of one use, and a kick when the view ends.

The server asks us once, when a session opens. After that only we know when it must end: at the end
of its view, when its player stops asking for the state, and when the view has lasted its time.
What it sent in between it tells at each look, and the record of watching claims that time.
"""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from cctv.choices import Quality
from cctv.gateway.choice import media_server
from cctv.gateway.contract import Entry
from cctv.gateway.mediamtx import KINDS, MediaMtx, MediaServerDown, stream_of
from cctv.models import MediaSession, ViewRecord

log = structlog.get_logger(__name__)

PASS_S = 30
SALT = "cctv.gateway.pass"
# A player asks for the state every second, and every other second that renews its view.
SILENT_S = 4.0
# From the moment that lets a session in, and from each look that found bytes, more may leave for so
# long before the next look says so.
CLAIM = timedelta(seconds=3)
# What the callback calls a protocol, and the sessions that it lists for it.
ADMITTED = {"hls": "hlssessions"}


def entry_for(*, view_id: int, camera_id: int, quality: Quality, address: str | None) -> Entry:
    """Give the way into the media server for a view that is open: once, from this address.

    Raises: LookupError without a media server.
    """
    server = media_server()
    if server is None:
        raise LookupError("no media server")
    body = {
        "v": view_id,
        "c": camera_id,
        "q": str(quality),
        "a": address,
        "n": secrets.token_hex(8),
    }
    return Entry(
        playlist=server.playlist(camera_id, quality),
        authorization=f"Bearer {signing.dumps(body, salt=SALT)}",
    )


def admit(asked: dict[str, Any]) -> bool:
    """Answer the media server: may this reader open this path? What it asks is not trusted.

    Source: MediaMTX, "External HTTP server" authentication.
    """
    if asked.get("action") != "read" or asked.get("protocol") not in ADMITTED:
        return False
    token, session_id = str(asked.get("token") or ""), str(asked.get("id") or "")
    try:
        shown = signing.loads(token, salt=SALT, max_age=PASS_S)
    except signing.BadSignature:
        return False
    stream = stream_of(str(asked.get("path") or ""))
    if stream != (shown["c"], shown["q"]) or asked.get("ip") != shown["a"] or not session_id:
        return False
    with transaction.atomic():
        view = _live_views().select_for_update().filter(pk=shown["v"]).first()
        if view is None or view.camera_id != shown["c"]:
            return False
        try:
            with transaction.atomic():
                MediaSession.objects.create(
                    view=view,
                    kind=ADMITTED[asked["protocol"]],
                    session_id=session_id[:64],
                    pass_digest=hashlib.sha256(token.encode()).hexdigest(),
                )
        except IntegrityError:
            return False
        now = timezone.now()
        view.save(update_fields=view.claim(since=now, until=now + CLAIM))
    return True


def _live_views() -> Any:
    """Give the views that may be sent pictures at this moment."""
    now = timezone.now()
    return ViewRecord.objects.filter(
        ended_at=None,
        last_seen_at__gt=now - timedelta(seconds=SILENT_S),
        started_at__gt=now - timedelta(seconds=settings.VIEW_MAX_S),
    )


def kick_ended() -> int:
    """Kick the sessions whose view is over, silent or too long; return how many.

    One that could not be kicked stays to be kicked at the next look.
    """
    server = media_server()
    return _look_and_kick(server) if server and _over().exists() else 0


def watch() -> None:
    """Write down what was sent; kick what is over, and whom we never let in."""
    if server := media_server():
        _look_and_kick(server)


def _over() -> QuerySet[MediaSession]:
    now = timezone.now()
    is_over = (
        Q(view__ended_at__isnull=False)
        | Q(view__last_seen_at__lt=now - timedelta(seconds=SILENT_S))
        | Q(view__started_at__lt=now - timedelta(seconds=settings.VIEW_MAX_S))
    )
    return _standing().filter(is_over).order_by("pk")


def _look_and_kick(server: MediaMtx) -> int:
    """Look first: with a session goes the number of what it sent since the last look."""
    kicked = 0
    try:
        _look(server)
        for row in _over()[:500]:
            server.kick_session(row.kind, row.session_id)
            kicked += MediaSession.objects.filter(pk=row.pk).update(kicked_at=timezone.now())
    except MediaServerDown:
        log.warning("media_server_not_watched")
    return kicked


def _look(server: MediaMtx) -> None:
    """Raises: MediaServerDown."""
    # The list first: whoever is let in while it is read is in our rows, which are read after it.
    listed = list(server.sessions())
    rows = {(row.kind, row.session_id): row for row in _standing()}
    for session in listed:
        row = rows.get((session.kind, session.session_id))
        if row is None:
            # Nobody is let in twice, nor past us: a server that asks nobody must not hide it.
            log.error("media_session_unknown", kind=session.kind, path=session.path)
            server.kick_session(session.kind, session.session_id)
        else:
            note_sent(row, session.bytes_sent, claims=True)


def _standing() -> QuerySet[MediaSession]:
    return MediaSession.objects.filter(kicked_at=None, kind__in=KINDS)


def note_sent(row: MediaSession, sent: int, *, claims: bool = False) -> None:
    """Keep what a look found: so many bytes, ever.

    New ones left at any time since the look before, whenever that was; so much time the look
    claims, unless the view's record is ahead of its pictures by other means.
    Locks: the view.
    """
    now, more = timezone.now(), sent - row.bytes_sent
    with transaction.atomic():
        view = ViewRecord.objects.select_for_update().get(pk=row.view_id)
        own = MediaSession.objects.filter(pk=row.pk, bytes_sent=row.bytes_sent)
        if own.update(bytes_sent=sent, looked_at=now) and more > 0 and view.settled_at is None:
            view.bytes_sent += more
            view.last_byte_at = now
            changed = view.claim(since=row.looked_at, until=now + CLAIM) if claims else []
            view.save(update_fields=[*changed, "bytes_sent", "last_byte_at"])
