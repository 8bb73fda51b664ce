"""The last small picture of each camera: kept sealed for minutes, shown until the live one comes.

The prober makes it of the look that it takes anyway. One a camera, replaced by the next, of our own
register only; a borrowed camera's pictures are kept nowhere. The files lie in a folder of this
machine that the proxy cannot read; each says of which camera, source and moment it is, so that none
is shown of another one.
"""

import hashlib
import hmac
import os
import secrets
import struct
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db.models import F
from django.utils import timezone

from cctv import passes, view_checks, view_ends
from cctv.models import Camera, VideoTicket, ViewRecord
from cctv.passes import Caller
from controlroom.errors import Unavailable
from controlroom.sealing import seal_bytes, unseal_bytes

log = structlog.get_logger(__name__)

# What a killed process was writing is removed after so long.
WRITING_S = 60.0
# Camera, moment of the picture in milliseconds, mark of the source; then the JPEG.
_HEAD = struct.Struct(">QQ16s")


@dataclass(frozen=True)
class Poster:
    """One JPEG; `taken_at` is no later than its frame reached this machine."""

    jpeg: bytes = field(repr=False)
    taken_at: datetime

    @property
    def age_s(self) -> float:
        return (timezone.now() - self.taken_at).total_seconds()


def are_kept() -> bool:
    return bool(settings.POSTER_KEEP_S > 0)


def folder() -> Path:
    return Path(settings.STATE_DIR) / "posters"


def _path(camera_id: int) -> Path:
    return folder() / str(int(camera_id))


def mark_of(camera: Camera) -> bytes:
    """Tell the camera's source of today from any other, and say nothing about it."""
    source = camera.source_kind.encode() + bytes(camera.source_secret or b"")
    return hmac.digest(settings.SECRET_KEY.encode(), source, hashlib.sha256)[:16]


def keep(*, camera_id: int, mark: bytes, poster: Poster) -> None:
    """Keep the picture in the place of an older one; `mark` is that of the source looked at.

    Raises: OSError.
    """
    path = _path(camera_id)
    taken_s = poster.taken_at.timestamp()
    if not are_kept() or (path.exists() and path.stat().st_mtime >= taken_s):
        return
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    plain = _HEAD.pack(camera_id, int(taken_s * 1000), mark) + poster.jpeg
    waiting = path.with_suffix(f".{secrets.token_hex(4)}")
    descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(seal_bytes(plain))
    os.utime(waiting, (taken_s, taken_s))
    waiting.replace(path)


def newest(camera: Camera) -> Poster | None:
    """Open the camera's picture, if there is one of its source of today that is not too old."""
    if camera.gone_at or camera.site.gone_at or camera.site.is_borrowed:
        return None
    try:
        plain = unseal_bytes(_path(camera.pk).read_bytes())
    except FileNotFoundError:
        return None
    except Unavailable:
        log.warning("poster_unreadable", camera=camera.pk)
        return None
    camera_id, taken_ms, mark = _HEAD.unpack_from(plain)
    poster = Poster(plain[_HEAD.size :], datetime.fromtimestamp(taken_ms / 1000, UTC))
    is_of_it = camera_id == camera.pk and hmac.compare_digest(mark, mark_of(camera))
    return poster if is_of_it and 0 <= poster.age_s < settings.POSTER_KEEP_S else None


def show(
    *, token: str, camera_id: int, caller: Caller, viewer: Any = None, agent: str = ""
) -> Poster | None:
    """Give the poster to the holder of a ticket, once a view; None: there is none for this viewer.

    Asking is as good as asking for the play list: it opens the view or goes on with it. What is
    shown is on record, with the audit's, before this returns: no record, no picture.
    Locks: the ticket row, then the view.
    Raises: TicketRefused, ViewEnded, as cctv.view_checks.admit.
    """
    key = passes.key_of(token, caller)
    with view_checks.presented(key, camera_id, caller, viewer=viewer, agent=agent) as ticket:
        poster = newest(ticket.camera)
        if poster is None or not _may_see(ticket, poster):
            return None
        view = ticket.view or view_checks.open_view(ticket)
        now = timezone.now()
        ViewRecord.objects.filter(pk=view.pk).update(
            poster_taken_at=poster.taken_at,
            poster_sent_at=now,
            last_seen_at=now,
            bytes_sent=F("bytes_sent") + len(poster.jpeg),
        )
        view_ends.note(
            "video.poster",
            view,
            view=view.pk,
            taken_at=poster.taken_at.isoformat(),
            bytes=len(poster.jpeg),
            sha256=hashlib.sha256(poster.jpeg).hexdigest(),
        )
    return poster


def _may_see(ticket: VideoTicket, poster: Poster) -> bool:
    """Say that no other was shown in this view, nor was it taken before the viewer's grant."""
    since = view_checks.shows_since(ticket)
    is_first = ticket.view is None or ticket.view.poster_sent_at is None
    return is_first and (since is None or poster.taken_at >= since)


def remove(camera_id: int) -> None:
    _path(camera_id).unlink(missing_ok=True)


def sweep() -> int:
    """Remove what is too old, switched off, or of a camera that is not in the register any more."""
    now, removed = time.time(), 0
    kept: dict[int, Path] = {}
    for path in folder().glob("[0-9]*"):
        try:
            age_s = now - path.stat().st_mtime
            written_s = now - path.stat().st_ctime
        except FileNotFoundError:
            continue
        if path.suffix:
            is_over = written_s > WRITING_S
        else:
            kept[int(path.name)] = path
            is_over = not 0 <= age_s < settings.POSTER_KEEP_S
        if is_over:
            path.unlink(missing_ok=True)
            removed += 1
    standing = Camera.objects.in_register().filter(pk__in=kept).values_list("pk", flat=True)
    for camera_id in kept.keys() - set(standing) if kept else ():
        kept[camera_id].unlink(missing_ok=True)
        removed += 1
    return removed
