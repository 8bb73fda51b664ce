"""Letting views into the media server, and out: a pass of one use, and a kick when the view ends.

The server asks us once, when a session opens. After that only we know when it must end: at the end
of its view, when its player stops asking for the state, and when the view has lasted its time.
"""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from cctv.choices import Quality
from cctv.gateway.choice import media_server
from cctv.gateway.contract import Entry
from cctv.gateway.mediamtx import KINDS, MediaServerDown, stream_of
from cctv.models import MediaSession, ViewRecord

log = structlog.get_logger(__name__)

PASS_S = 30
SALT = "cctv.gateway.pass"
# A player asks for the state every second, and every other second that renews its view.
SILENT_S = 4.0
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
    if server is None:
        return 0
    now = timezone.now()
    is_over = (
        Q(view__ended_at__isnull=False)
        | Q(view__last_seen_at__lt=now - timedelta(seconds=SILENT_S))
        | Q(view__started_at__lt=now - timedelta(seconds=settings.VIEW_MAX_S))
    )
    kicked = 0
    for row in MediaSession.objects.filter(is_over, kicked_at=None, kind__in=KINDS).order_by("pk")[
        :500
    ]:
        try:
            server.kick_session(row.kind, row.session_id)
        except MediaServerDown:
            log.warning("media_session_not_kicked", view=row.view_id)
            break
        kicked += MediaSession.objects.filter(pk=row.pk).update(kicked_at=timezone.now())
    return kicked


def watch() -> None:
    """Kick what is over and whom we never let in, and write down what was sent."""
    server = media_server()
    if server is None:
        return
    kick_ended()
    rows = {
        (row.kind, row.session_id): row
        for row in MediaSession.objects.filter(kicked_at=None, kind__in=KINDS)
    }
    try:
        for session in server.sessions():
            row = rows.get((session.kind, session.session_id))
            if row is None:
                # Nobody is let in twice, nor past us: a server that asks nobody must not hide it.
                log.error("media_session_unknown", kind=session.kind, path=session.path)
                server.kick_session(session.kind, session.session_id)
            elif session.bytes_sent > row.bytes_sent:
                count(row, session.bytes_sent)
    except MediaServerDown:
        log.warning("media_server_not_watched")


def count(row: MediaSession, sent: int) -> None:
    """Write down how much a session was sent up to now, once whoever asks."""
    more = sent - row.bytes_sent
    with transaction.atomic():
        if MediaSession.objects.filter(pk=row.pk, bytes_sent=row.bytes_sent).update(
            bytes_sent=sent
        ):
            ViewRecord.objects.filter(pk=row.view_id).update(
                bytes_sent=F("bytes_sent") + more, last_byte_at=timezone.now()
            )
