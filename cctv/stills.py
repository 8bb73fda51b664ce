"""One still out of a camera's relay: put on record, then decoded, with who and when burnt in."""

import subprocess
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cctv import relay_command, streams
from cctv.errors import PictureMissing
from cctv.models import Camera
from cctv.permission import ask_incident
from cctv.relay import CHILD_ENVIRONMENT, font_file, launcher
from cctv.relay_watch import StreamState
from cctv.sources import source_of
from cctv.streams import FIRST_PICTURE_S, LOOK_S, Piece
from controlroom.accounts.models import User
from controlroom.audit import chain
from controlroom.municipalities.access import require
from controlroom.municipalities.roles import Right

log = structlog.get_logger(__name__)

DECODE_S = 10.0
# Waiting mends none of these. Any other complaint may come before the first picture: a stream
# that is joined in its middle has some, and the relay looks on.
_FINAL = frozenset(
    {
        "unauthorized",
        "not_found",
        "refused",
        "unreachable",
        "certificate",
        "camera_not_connected",
        "camera_address_refused",
    }
)
_SIZE_MARKERS = frozenset({0xC0, 0xC1, 0xC2})


@dataclass(frozen=True)
class Picture:
    """One JPEG and when its camera's picture reached this machine."""

    jpeg: bytes = field(repr=False)
    width: int
    height: int
    taken_at: datetime


def take(*, camera: Camera, by: User, incident_id: uuid.UUID, mark: str = "") -> Picture:
    """Take a still of the camera for an open incident; start its relay when nobody watches.

    The view is committed to the record before there is a picture: no record, no picture. Never
    inside a transaction, which would hold its locks while the camera is waited for.
    Raises: NotAllowed, TicketRefused for an incident that is not open here, PictureMissing,
    RelaysBusy, SourceMissing.
    """
    require(by, camera.municipality_id, Right.VIDEO_WATCH)
    source = source_of(camera)
    with transaction.atomic(durable=True):
        ask_incident(incident_id, camera, by)
        chain.record(
            action="video.still",
            subject_kind="camera",
            subject_id=camera.pk,
            municipality_id=camera.municipality_id,
            actor_id=by.pk,
            detail={"incident": str(incident_id)},
        )
    streams.want(camera.pk, source)
    piece = _newest(camera.pk)
    taken_at = datetime.fromtimestamp(piece.began_at, UTC)
    local = timezone.localtime(taken_at)
    lines = (
        " · ".join(word for word in (camera.municipality.name_ko, str(camera), mark) if word),
        f"{local.isoformat(sep=' ', timespec='seconds')} {local.tzname()} · {by.username}",
    )
    jpeg = decode(piece.body, lines)
    width, height = size_of(jpeg)
    return Picture(jpeg, width, height, taken_at)


def _newest(camera_id: int) -> Piece:
    """Wait for the newest piece of a living picture.

    A frozen one is refused: what it shows was seen at a time that nobody knows.
    """
    until = time.monotonic() + FIRST_PICTURE_S
    while True:
        streams.want(camera_id)
        now = streams.seen(camera_id)
        if now.state == StreamState.LIVE and (piece := streams.newest(camera_id)):
            return piece
        if now.state == StreamState.FROZEN:
            raise PictureMissing(_("the picture of this camera stands still"))
        is_over = now.state == StreamState.LOST and now.reason in _FINAL
        if is_over or time.monotonic() > until:
            why = {"camera": [now.reason]} if now.reason else None
            raise PictureMissing(_("this camera gives no picture now"), fields=why)
        time.sleep(LOOK_S)


def decode(piece: bytes, lines: tuple[str, ...]) -> bytes:
    """Make a JPEG of the first frame with these lines in its foot.

    Raises: PictureMissing when it cannot be made in time.
    """
    font = font_file()
    with tempfile.TemporaryDirectory(prefix="still-") as made:
        folder = Path(made)
        text = "\n".join(" ".join(line.split()) for line in lines)
        (folder / relay_command.MARK).write_text(text, encoding="utf-8")
        if font is not None:
            (folder / relay_command.FONT).symlink_to(font)
        try:
            done = subprocess.run(  # noqa: S603  # our own launcher and arguments
                [*launcher(), *relay_command.still()],
                cwd=folder,
                env=CHILD_ENVIRONMENT,
                input=piece,
                capture_output=True,
                timeout=DECODE_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise PictureMissing(_("the picture could not be read in time")) from None
    if done.returncode or not done.stdout.startswith(b"\xff\xd8"):
        log.error("still_not_decoded", code=done.returncode, has_font=font is not None)
        raise PictureMissing(_("the picture of this camera cannot be read"))
    return done.stdout


def size_of(jpeg: bytes) -> tuple[int, int]:
    """Read width and height out of the JPEG's frame header."""
    at = 2
    while at + 9 <= len(jpeg) and jpeg[at] == 0xFF:
        if jpeg[at + 1] in _SIZE_MARKERS:
            height, width = jpeg[at + 5 : at + 7], jpeg[at + 7 : at + 9]
            return int.from_bytes(width), int.from_bytes(height)
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4])
    raise PictureMissing(_("the picture of this camera cannot be read"))
