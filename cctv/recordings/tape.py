"""One camera's recording as it grows: pieces of its relay go into files of about a minute."""

import time
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.db import DatabaseError

from cctv import streams
from cctv.choices import PartEnd
from cctv.models import RecordingPart
from cctv.recordings import vault
from cctv.recordings.container import Kind, Writer
from cctv.streams import Listed

log = structlog.get_logger(__name__)
PART_MS = 60_000
# A stream whose pieces come otherwise than they are long paused, or a piece was missed.
DRIFT_MS = 1_500
# Between the clock on the wall and a steady one: more is a clock that was set.
CLOCK_STEP_S = 1.0


@dataclass(frozen=True)
class Wanted:
    """A camera that is to be recorded, and for how long what is recorded is kept."""

    camera_id: int
    municipality_id: int
    keep: timedelta


@dataclass
class _Open:
    """The part that is being written."""

    part: RecordingPart
    writer: Writer
    began_ms: int
    ended_ms: int
    # Wall clock less steady clock at its beginning.
    clock: float


class Tape:
    """Takes each piece of a relay once, in order, while the relay still has it."""

    def __init__(self) -> None:
        self._run = ""
        self._last = ""
        self._open: _Open | None = None
        # Of a steady clock; None before the first piece.
        self.moved_at: float | None = None

    def turn(self, wanted: Wanted) -> int:
        """Take what the relay has new; say how many bytes that were.

        Raises: OSError when the disk takes no more; the part is then closed.
        """
        run, pieces = streams.listed(wanted.camera_id)
        if run != self._run:
            self.close(PartEnd.STREAM)
            self._run, self._last = run, ""
        taken = 0
        for piece in pieces:
            if piece.name > self._last:
                taken += self._take(wanted, piece)
                self._last = piece.name
        return taken

    def _take(self, wanted: Wanted, piece: Listed) -> int:
        body = streams.segment(wanted.camera_id, piece.name)
        if not body:
            return 0
        began_ms, length_ms = round(piece.began_at * 1000), max(1, round(piece.length_s * 1000))
        if self._open is not None:
            began_ms = self._place(self._open, began_ms)
        if not self._ready(wanted, began_ms) or self._open is None:
            return 0
        try:
            self._open.writer.append(Kind.PIECE, body, began_ms=began_ms, length_ms=length_ms)
        except OSError:
            self.close(PartEnd.DISK)
            raise
        self._open.ended_ms = began_ms + length_ms
        self.moved_at = time.monotonic()
        return len(body)

    def _place(self, now: _Open, began_ms: int) -> int:
        """Put a piece right behind the one before, unless the stream paused or the clock was set."""
        if abs(_clock() - now.clock) > CLOCK_STEP_S:
            self.close(PartEnd.CLOCK)
        elif abs(began_ms - now.ended_ms) <= DRIFT_MS:
            return now.ended_ms
        return began_ms

    def _ready(self, wanted: Wanted, began_ms: int) -> bool:
        """See that a part is open; a full one goes on while the database gives no new one."""
        full = self._open is not None and began_ms - self._open.began_ms >= PART_MS
        if self._open is not None and not full:
            return True
        init = streams.segment(wanted.camera_id, f"{self._run}-init.mp4")
        if not init:
            return self._open is not None
        try:
            part = RecordingPart.objects.create(
                municipality_id=wanted.municipality_id,
                camera_id=wanted.camera_id,
                run=self._run,
                sealed_key=vault.new_sealed_key(),
                began_at=vault.moment(began_ms),
                keep_until=vault.moment(began_ms) + wanted.keep,
            )
        except DatabaseError as error:
            log.warning("part_not_opened", camera=wanted.camera_id, error=type(error).__name__)
            return self._open is not None
        self.close(PartEnd.FULL)
        writer = vault.writer(part)
        writer.append(Kind.INIT, init)
        self._open = _Open(part, writer, began_ms, began_ms, _clock())
        return True

    def close(self, end: PartEnd) -> None:
        """Finish the open part, if there is one. What the database does not take now is taken up
        by the upkeep of a later start, from the file."""
        now, self._open = self._open, None
        if now is None:
            return
        now.writer.close()
        try:
            RecordingPart.objects.filter(pk=now.part.pk).update(
                ended_at=vault.moment(max(now.ended_ms, now.began_ms)),
                end=end,
                bytes=now.writer.size,
            )
        except DatabaseError as error:
            log.warning("part_not_closed", part=now.part.pk, error=type(error).__name__)


def _clock() -> float:
    return time.time() - time.monotonic()
