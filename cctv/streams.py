"""Live pictures on demand: one relay a camera however many viewers and web processes there are.

A relay belongs to the process that holds the lock on its folder; everybody else only says "still
wanted" by touching a file and reads what the owner writes. A process that dies loses its locks
and its ffmpeg, and the next viewer's request starts the relay again, wherever it arrives.
"""

import contextlib
import fcntl
import json
import queue
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import DatabaseError, connections
from django.dispatch import Signal
from django.utils.translation import gettext as _

from cctv.models import Camera
from cctv.relay import Folder, Relay
from cctv.relay_watch import StreamState
from cctv.sources import Source, SourceMissing, source_of
from controlroom.errors import Unavailable

# Sent from a thread of its own with camera_id and state; losing it harms nobody.
state_changed = Signal()

TOUCH_S = 1.0
IDLE_NEWS_S = 2.0
# The owner writes once a second; silence for longer means the owner itself is in trouble.
SILENT_S = 3.5
# Whoever asks before the first picture is held this long rather than sent away to retry.
FIRST_PICTURE_S = 12.0
LOOK_S = 0.05
SEGMENT = re.compile(r"[0-9a-f]{8}-(?:init\.mp4|[0-9]{1,12}\.m4s)")
_RUN = re.compile(r"[0-9a-f]{8}")
_PIECE = re.compile(r"^#EXTINF:([0-9.]+),.*\n(?:#.*\n)*([0-9a-f]{8}-[0-9]{1,12}\.m4s)$", re.MULTILINE)


class RelaysBusy(Unavailable):
    code = "too_many_relays"


@dataclass(frozen=True)
class Seen:
    """What is known of a camera's stream now."""

    state: StreamState
    run: str = ""
    reason: str = ""
    last_frame_age_s: float | None = None


@dataclass(frozen=True)
class Listed:
    """A piece of the running relay that is there. Units: seconds, of the clock on the wall."""

    name: str
    length_s: float
    written_at: float

    @property
    def began_at(self) -> float:
        return self.written_at - self.length_s


@dataclass(frozen=True)
class Piece:
    """The newest complete piece of a picture, with what a decoder reads before it."""

    body: bytes = field(repr=False)
    # Of its first frame, as far as this machine knows it; seconds of the clock on the wall.
    began_at: float


@dataclass(frozen=True)
class _Slots:
    """How many relays may be run for one sort of use."""

    name: str
    limit: int


_relays: dict[int, Relay] = {}
_touched: dict[int, float] = {}
_guard = threading.Lock()
_news: queue.SimpleQueue[tuple[int, StreamState]] = queue.SimpleQueue()
_teller: threading.Thread | None = None


def _root() -> Path:
    return Path(settings.STATE_DIR) / "hls"


def _folder(camera_id: int) -> Folder:
    return Folder(_root() / str(int(camera_id)))


def want(
    camera_id: int, source: Source | None = None, *, slots: str = "slots", limit: int = 0
) -> None:
    """Say that somebody wants this camera now; start its relay when nobody runs it.

    Who records has slots of its own, so that no recording keeps a viewer from a picture.
    Raises: RelaysBusy when this machine already runs as many as it may.
    """
    now = time.monotonic()
    with _guard:
        if now - _touched.get(camera_id, -TOUCH_S) < TOUCH_S:
            return
        running = _relays.get(camera_id)
        alive = running is not None and running.is_alive()
        _touched[camera_id] = now
        folder = _folder(camera_id)
        folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.wanted.touch()
        if not alive:
            _start(camera_id, folder, source, _Slots(slots, limit or settings.RELAY_LIMIT))


def _start(camera_id: int, folder: Folder, source: Source | None, slots: _Slots) -> None:
    lock = _lock(folder.lock)
    if lock is None:
        return
    slot = _slot(slots)
    if slot is None:
        lock.close()
        raise RelaysBusy(_("too many cameras are open on this server"))
    relay = Relay(
        camera_id=camera_id,
        folder=folder,
        load=_loader(camera_id, source),
        locks=[lock, slot],
        announce=_announce,
    )
    folder.write_state({"state": StreamState.STARTING, "at": time.time()})
    _relays[camera_id] = relay
    relay.start()


def _lock(path: Path) -> IO[str] | None:
    """Take a lock that the kernel gives back when this process dies; None when it is taken."""
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _slot(slots: _Slots) -> IO[str] | None:
    folder = _root() / slots.name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in range(slots.limit):
        if lock := _lock(folder / str(number)):
            return lock
    return None


def _loader(camera_id: int, first: Source | None) -> Callable[[], Source]:
    """Give the known source once; later runs read it again, for it may have changed.

    Without the database the last known one goes on: open pictures outlive it.
    """
    known = first
    fresh = first is not None

    def load() -> Source:
        nonlocal known, fresh
        if fresh and known is not None:
            fresh = False
            return known
        try:
            known = _read_source(camera_id)
        except DatabaseError:
            if known is None:
                raise SourceMissing(_("this camera is not connected")) from None
        finally:
            connections.close_all()
        return known

    return load


def _read_source(camera_id: int) -> Source:
    camera = Camera.objects.standing().select_related("site").filter(pk=camera_id).first()
    if camera is None:
        raise SourceMissing(_("this camera is not connected"))
    return source_of(camera)


def _announce(camera_id: int, state: StreamState) -> None:
    """Hand the news to one thread, in order: a slow database must not hold up the relay."""
    global _teller  # noqa: PLW0603  # one a process, made when first needed
    _news.put((camera_id, state))
    if _teller is None or not _teller.is_alive():
        _teller = threading.Thread(target=_tell, name="relay-news", daemon=True)
        _teller.start()


def _tell() -> None:
    while True:
        try:
            camera_id, state = _news.get(timeout=IDLE_NEWS_S)
        except queue.Empty:
            return
        try:
            state_changed.send_robust(sender=Relay, camera_id=camera_id, state=state)
        finally:
            connections.close_all()


def seen(camera_id: int) -> Seen:
    """Read what the owner of this camera's relay last wrote."""
    try:
        body = json.loads(_folder(camera_id).state.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return Seen(StreamState.STARTING)
    state = StreamState(body["state"])
    if state == StreamState.ENDED:
        return Seen(state)
    now = time.time()
    if now - body["at"] > SILENT_S:
        state = StreamState.LOST
    frame_at = body.get("frame_at")
    return Seen(
        state=state,
        run=str(body.get("run", "")),
        reason=str(body.get("reason", "")),
        last_frame_age_s=None if frame_at is None else round(max(0.0, now - frame_at), 1),
    )


def playlist(camera_id: int) -> tuple[str, bytes] | None:
    """Give the running relay's name and play list, or None while there is no picture yet."""
    run = seen(camera_id).run
    if not _RUN.fullmatch(run):
        return None
    try:
        return run, (_folder(camera_id).path / f"{run}.m3u8").read_bytes()
    except FileNotFoundError:
        return None


def segment(camera_id: int, name: str) -> bytes | None:
    """Give one piece of the picture; only names that a relay itself makes lead to a file."""
    if not SEGMENT.fullmatch(name):
        return None
    with contextlib.suppress(FileNotFoundError):
        return (_folder(camera_id).path / name).read_bytes()
    return None


def listed(camera_id: int) -> tuple[str, list[Listed]]:
    """Give the running relay's name and its pieces, the oldest first; none while there is none."""
    found = playlist(camera_id)
    if found is None:
        return "", []
    run, text = found
    folder = _folder(camera_id).path
    pieces = []
    for length, name in _PIECE.findall(text.decode()):
        # The relay removes pieces while this reads.
        with contextlib.suppress(FileNotFoundError):
            pieces.append(Listed(name, float(length), (folder / name).stat().st_mtime))
    return run, pieces


def newest(camera_id: int) -> Piece | None:
    """Give the newest piece of the running relay, or None while there is none.

    A piece is written when its last frame has come, so its first came one length of it before.
    """
    run, pieces = listed(camera_id)
    if not pieces:
        return None
    last = pieces[-1]
    init, body = segment(camera_id, f"{run}-init.mp4"), segment(camera_id, last.name)
    # Removed while this reads: the next look finds the one after it.
    return Piece(init + body, last.began_at) if init and body else None


def retire(camera_id: int) -> None:
    """Let the relay begin again with the source as it is now."""
    with contextlib.suppress(FileNotFoundError):
        _folder(camera_id).retired.touch()


def stop_all(*, timeout_s: float = 5.0) -> None:
    """End every relay of this process and wait until it is gone."""
    with _guard:
        relays = list(_relays.values())
        _relays.clear()
        _touched.clear()
    for relay in relays:
        relay.stopping.set()
    for relay in relays:
        relay.join(timeout_s)


def sweep(*, older_than_s: float = 60.0) -> int:
    """Remove what a killed process left behind; pictures are not kept."""
    removed = 0
    for path in _root().glob("[0-9]*"):
        folder = Folder(path)
        if folder.age_s(folder.wanted) < older_than_s:
            continue
        if lock := _lock(folder.lock):
            folder.sweep()
            lock.close()
            removed += 1
    return removed
