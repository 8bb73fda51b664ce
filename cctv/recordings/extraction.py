"""Make one film of what is kept of a camera's period: as recorded, without a copy in between."""

import contextlib
import hashlib
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import IO

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from cctv.models import Camera
from cctv.recordings import vault
from cctv.recordings.commands import collect, unwrap
from cctv.recordings.errors import RecordingMissing, RecordingUnreadable
from cctv.recordings.spans import Span, gaps
from cctv.recordings.vault import Piece
from cctv.relay import CHILD_ENVIRONMENT, launcher
from controlroom.audit import chain
from controlroom.errors import Invalid

log = structlog.get_logger(__name__)
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Extract:
    """A film that was made. Its first picture is of `began_at`; gaps take no time in it."""

    path: Path
    began_at: datetime
    ended_at: datetime
    gaps: list[Span]
    sha256: str
    bytes: int


def extract(
    *,
    camera_id: int,
    since: datetime,
    until: datetime,
    to: Path,
    progress: Callable[[float], None] = lambda _done: None,
) -> Extract:
    """Write what is kept of [since, until) to an MP4 without sound; whole seconds, as recorded.

    It is on record before a byte is decrypted. What is decrypted lies in `to` and nowhere else;
    it is removed when this fails. Never inside a transaction. `progress` hears 0 to 1.
    Raises: Invalid, RecordingMissing when nothing of the period is kept, RecordingUnreadable.
    """
    if since >= until:
        raise Invalid(_("the period is empty"), fields={"until": [_("must be after the start")]})
    found = vault.of_period(camera_id, since, until)
    if not found:
        raise _missing(camera_id)
    with transaction.atomic(durable=True):
        _record(camera_id, since, until)
    to.touch(mode=0o600)
    try:
        return _made(found, since, until, to, progress)
    except BaseException:
        to.unlink(missing_ok=True)
        raise


def _missing(camera_id: int) -> RecordingMissing:
    return RecordingMissing(
        _("nothing of this period is kept"),
        fields={"since": [_("nothing was recorded then, or its time is over")]}
        if Camera.objects.filter(pk=camera_id).exists()
        else {"camera_id": [_("no such camera")]},
    )


def _record(camera_id: int, since: datetime, until: datetime) -> None:
    camera = Camera.objects.only("municipality_id").get(pk=camera_id)
    chain.record(
        action="recording.extracted",
        subject_kind="camera",
        subject_id=camera_id,
        municipality_id=camera.municipality_id,
        agent="cctv.recordings",
        detail={"since": since.isoformat(), "until": until.isoformat()},
    )


def _made(
    found: Sequence[Piece],
    since: datetime,
    until: datetime,
    to: Path,
    progress: Callable[[float], None],
) -> Extract:
    taken: list[Piece] = []
    inits = _inits(found)
    with _running(collect(to, alike=len(set(inits.values())) == 1)) as collector:
        assert collector.stdin  # noqa: S101  # asked for in _running
        offset_s = 0.0
        for init, run in groupby(found, key=lambda piece: inits.get(piece.part.pk)):
            if init is None:
                continue
            for stretch in _stretches(list(run)):
                done = _pour(stretch, init, offset_s, collector.stdin)
                offset_s += sum(piece.frame.length_ms for piece in done) / 1000
                taken += done
                progress(min(0.99, len(taken) / len(found)))
    if not taken:
        raise RecordingUnreadable(_("no key of today opens this recording"))
    if collector.returncode or not to.exists():
        log.error("extract_failed", code=collector.returncode)
        raise RecordingUnreadable(_("the recording cannot be read"))
    spans = [piece.span for piece in taken]
    progress(1.0)
    return Extract(
        path=to,
        began_at=min(began for began, _ended in spans),
        ended_at=max(ended for _began, ended in spans),
        gaps=gaps(spans, since=since, until=until),
        sha256=_sha256(to),
        bytes=to.stat().st_size,
    )


def _inits(found: Sequence[Piece]) -> dict[int, bytes]:
    """Open what comes before the pieces of each part; a part that cannot be opened has none."""
    parts = {piece.part.pk: piece.part for piece in found}
    opened = {key: vault.init_of(part) for key, part in parts.items()}
    return {key: body for key, body in opened.items() if body is not None}


def _stretches(pieces: list[Piece]) -> Iterator[list[Piece]]:
    """Cut where the stream paused: its own times leap there, and gaps take no time in the film."""
    stretch: list[Piece] = []
    for piece in pieces:
        if stretch and not _follows(stretch[-1], piece):
            yield stretch
            stretch = []
        stretch.append(piece)
    if stretch:
        yield stretch


def _follows(before: Piece, piece: Piece) -> bool:
    is_next = before.frame.ended_ms == piece.frame.began_ms
    return is_next and before.part.run == piece.part.run


def _pour(
    stretch: list[Piece], init: bytes, offset_s: float, into: IO[bytes]
) -> list[Piece]:
    """Decrypt a stretch into the collector; give the pieces that could be opened."""
    done: list[Piece] = []
    with _running(unwrap(offset_s), stdout=into) as process:
        assert process.stdin  # noqa: S101  # asked for in _running
        process.stdin.write(init)
        for piece in stretch:
            body = vault.open_frame(piece.part, piece.frame)
            if body is not None:
                process.stdin.write(body)
                done.append(piece)
    if process.returncode:
        raise RecordingUnreadable(_("the recording cannot be read"))
    return done


@contextlib.contextmanager
def _running(
    arguments: list[str], stdout: IO[bytes] | int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[bytes]]:
    """Run an ffmpeg that reads from here; leaving closes its input and waits for it."""
    process = subprocess.Popen(  # noqa: S603  # our own launcher and arguments
        [*launcher(), *arguments],
        env=CHILD_ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )
    said: list[bytes] = []
    assert process.stderr and process.stdin  # noqa: S101, PT018  # asked for above
    listener = threading.Thread(target=lambda: said.append(process.stderr.read()), daemon=True)  # type: ignore[union-attr]  # as above
    listener.start()
    try:
        with contextlib.suppress(BrokenPipeError):
            yield process
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        process.wait()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        listener.join()
        with contextlib.suppress(OSError):
            process.stdin.close()
        process.stderr.close()
    if process.returncode:
        log.error("film_failed", code=process.returncode, said=b"".join(said)[-300:].decode(errors="replace"))


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
