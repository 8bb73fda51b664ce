"""How a session of WebRTC ends, and what was sent by it: any process may do both."""

import contextlib
from typing import Any

import structlog
from django.db import DatabaseError
from django.utils import timezone

from cctv.gateway import admissions
from cctv.gateway.janus import JanusDown, Line, down
from cctv.models import MediaSession

log = structlog.get_logger(__name__)

KIND = "janus"


def place_of(row: MediaSession) -> dict[str, int]:
    """Name the session and the handle that Janus knows it by.

    Raises: JanusDown when it never had one.
    """
    session, _slash, handle = row.session_id.partition("/")
    if not handle:
        raise down("no handle")
    return {"session_id": int(session), "handle_id": int(handle)}


def cut_ended() -> int:
    """Cut the handles of views that are over, whichever process has them; return how many.

    One that could not be cut stays: its own process finds it, and the next sweep.
    """
    rows = list(
        MediaSession.objects.filter(
            kind=KIND, kicked_at=None, view__ended_at__isnull=False
        ).order_by("pk")[:500]
    )
    ended = 0
    line: Line | None = None
    try:
        for row in rows:
            if "/" in row.session_id:
                line = line or Line()
                cut(line, row.pk, **place_of(row))
            ended += note_end(row.pk)
    except JanusDown:
        log.warning("webrtc_not_cut")
    finally:
        if line:
            line.close()
    return ended


def cut(line: Line, row_id: int, *, session_id: int, handle_id: int) -> None:
    """Send nothing more by this handle, count what was sent, and take it away.

    Raises: JanusDown.
    """
    at = {"session_id": session_id, "handle_id": handle_id}
    line.tell("message", **at, body={"request": "pause"})
    with contextlib.suppress(JanusDown):
        books = Line(administers=True)
        try:
            count(books, {row_id: (session_id, handle_id)})
        finally:
            books.close()
    line.tell("detach", **at)


def note_end(row_id: int) -> int:
    """Write once when the session was over; return whether this was it."""
    return MediaSession.objects.filter(pk=row_id, kicked_at=None).update(kicked_at=timezone.now())


def count(books: Line, handles: dict[int, tuple[int, int]]) -> None:
    """Write down what Janus sent by these handles, by their rows."""
    try:
        rows = MediaSession.objects.in_bulk(list(handles))
        for row_id, row in rows.items():
            session_id, handle_id = handles[row_id]
            try:
                said = books.ask("handle_info", session_id=session_id, handle_id=handle_id)
            except JanusDown:
                # A handle that is gone was counted when it went.
                continue
            if (sent := _sent(said.get("info", {}))) > row.bytes_sent:
                admissions.note_sent(row, sent)
    except DatabaseError:
        log.warning("webrtc_count_not_written")


def _sent(info: dict[str, Any]) -> int:
    """Read from what Janus says of a handle how many bytes of pictures left by it."""
    media = info.get("webrtc", {}).get("media", {})
    return sum(one.get("stats", {}).get("out", {}).get("bytes", 0) for one in media.values())
