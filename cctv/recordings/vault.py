"""Where the parts of recordings lie and what opens them: the row's key, sealed by the settings'."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from cctv.models import RecordingPart
from cctv.recordings import container
from cctv.recordings.container import Frame, Kind, Writer
from cctv.recordings.spans import Span

log = structlog.get_logger(__name__)
SUFFIX = ".rec"


@dataclass(frozen=True)
class Piece:
    """A piece of a recording that is there, not yet opened."""

    part: RecordingPart
    frame: Frame

    @property
    def span(self) -> Span:
        return moment(self.frame.began_ms), moment(self.frame.ended_ms)


def root() -> Path:
    return Path(settings.RECORDINGS_DIR)


def path_of(part: RecordingPart) -> Path:
    day = f"{part.began_at.astimezone(UTC):%Y%m%d}"
    return root() / str(part.camera_id) / day / f"{part.name.hex}{SUFFIX}"


def moment(ms: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=ms)


def ms_of(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.RECORDING_KEYS])


def new_sealed_key() -> bytes:
    return _keys().encrypt(container.new_key())


def _key_of(part: RecordingPart) -> bytes:
    return _keys().decrypt(bytes(part.sealed_key))


def writer(part: RecordingPart) -> Writer:
    """Begin the part's file. Raises: OSError."""
    return Writer(path_of(part), name=part.name, key=_key_of(part))


def frames(part: RecordingPart) -> list[Frame]:
    """List what the part's file holds; nothing when it is not there."""
    try:
        return container.frames(path_of(part))
    except (OSError, ValueError):
        return []


def pieces(part: RecordingPart, since: datetime, until: datetime) -> list[Piece]:
    """List the pieces of the part that touch a period, in their order."""
    first, last = ms_of(since), ms_of(until)
    return [
        Piece(part, frame)
        for frame in frames(part)
        if frame.kind == Kind.PIECE and frame.began_ms < last and frame.ended_ms > first
    ]


def of_period(camera_id: int, since: datetime, until: datetime) -> list[Piece]:
    """List what is kept of a camera's period, in the order in which it was recorded."""
    parts = RecordingPart.objects.touching(camera_id, since, until)
    return [piece for part in parts for piece in pieces(part, since, until)]


def open_frame(part: RecordingPart, frame: Frame) -> bytes | None:
    """Decrypt one frame; None when it is gone, was changed, or no key of today opens it."""
    try:
        return container.read(path_of(part), frame, name=part.name, key=_key_of(part))
    except (OSError, InvalidTag, InvalidToken) as error:
        log.error("recording_unreadable", part=part.pk, error=type(error).__name__)
        return None


def init_of(part: RecordingPart) -> bytes | None:
    """Decrypt what a decoder reads before the part's first piece."""
    first = next((frame for frame in frames(part) if frame.kind == Kind.INIT), None)
    return open_frame(part, first) if first else None


def files() -> Iterator[Path]:
    """Walk over every file of a recording on this disk."""
    return root().glob(f"[0-9]*/[0-9]*/*{SUFFIX}")
