"""Live pictures on demand: one relay a stream however many viewers and web processes there are.

A camera has a main stream and may have a sub stream, the smaller one of tiles; each has its relay.

A relay belongs to the process that holds the lock on its folder; everybody else only says "still
wanted" by touching a file and reads what the owner writes. A process that dies loses its locks
and its ffmpeg, and the next viewer's request starts the relay again, wherever it arrives.
"""

import contextlib
import json
import queue
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple

from django.conf import settings
from django.db import DatabaseError, connections
from django.dispatch import Signal
from django.utils.translation import gettext as _

from cctv import relay_beside
from cctv.choices import Quality
from cctv.errors import RelaysBusy
from cctv.models import Camera
from cctv.relay import IDLE_S, Relay
from cctv.relay_beside import Beside
from cctv.relay_folder import Folder
from cctv.relay_places import Places, Seat, take_lock
from cctv.relay_watch import StreamState
from cctv.sources import Source, SourceMissing, source_of
from cctv.video_paths import PIECE

# Sent from a thread of its own with camera_id and state; losing it harms nobody.
state_changed = Signal()

TOUCH_S = 1.0
IDLE_NEWS_S = 2.0
# The owner writes once a second; silence for longer means the owner itself is in trouble.
SILENT_S = 3.5
# Whoever asks before the first picture is held this long rather than sent away to retry.
FIRST_PICTURE_S = 12.0
LOOK_S = 0.05
# The places of viewers; others have their own, and their ports after these.
VIEWERS = "slots"
_RUN = re.compile(r"[0-9a-f]{8}")
_PIECE = re.compile(
    r"^#EXTINF:([0-9.]+),.*\n(?:#.*\n)*([0-9a-f]{8}-[0-9]{1,12}\.m4s)$", re.MULTILINE
)


@dataclass(frozen=True)
class Seen:
    """What is known of a camera's stream now."""

    state: StreamState
    run: str = ""
    reason: str = ""
    last_frame_age_s: float | None = None
    # Since the last frame came, were it the same picture as before.
    moved_age_s: float | None = None


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


class Channel(NamedTuple):
    """One stream of one camera."""

    camera_id: int
    quality: Quality = Quality.MAIN


_relays: dict[Channel, Relay] = {}
_touched: dict[Channel, float] = {}
_guard = threading.Lock()
_news: queue.SimpleQueue[tuple[int, StreamState]] = queue.SimpleQueue()
_teller: threading.Thread | None = None


def root() -> Path:
    """Give the folder of all relays: the proxy in front may read the pictures in it."""
    return Path(settings.VIDEO_DIR or settings.STATE_DIR / "hls")


def _folder(camera_id: int, quality: Quality) -> Folder:
    main = root() / str(int(camera_id))
    return Folder(main / "sub" if quality == Quality.SUB else main)


def want(
    camera_id: int,
    source: Source | None = None,
    *,
    quality: Quality = Quality.MAIN,
    for_s: float = 0.0,
    slots: str = VIEWERS,
    limit: int = 0,
) -> None:
    """Say that somebody wants this stream now; start its relay when nobody runs it.

    With `for_s` it goes on for that much longer although nobody asks again. Who records has slots
    of its own, so that no recording keeps a viewer from a picture. Never waits: where all are taken
    the relay itself waits for one that nobody watches to end.
    Raises: RelaysBusy when this machine runs as many as it may and each of them is watched.
    """
    channel = Channel(camera_id, quality)
    now = time.monotonic()
    with _guard:
        running = _relays.get(channel)
        folder = _folder(camera_id, quality)
        if for_s or now - _touched.get(channel, -TOUCH_S) >= TOUCH_S:
            _touched[channel] = now
            _make(folder.path)
            folder.want(for_s)
        # One that another process runs may have ended since it was last asked for; one of ours that
        # ended as soon as it began waits for the next time.
        if running is None or not (running.is_alive() or now - running.watch.began < TOUCH_S):
            limit = limit or settings.RELAY_LIMIT
            places = Places(root(), slots, limit, are_lasting=slots != VIEWERS)
            _start(channel, folder, source, places)


def _make(path: Path) -> None:
    """Make a relay's folder and those above it: open to the proxy by its group, to nobody else."""
    if path != root():
        _make(path.parent)
    path.mkdir(mode=0o750, parents=True, exist_ok=True)


def _start(channel: Channel, folder: Folder, source: Source | None, places: Places) -> None:
    """Start the relay in a free place, or let it wait for that of one which nobody watches."""
    lock = take_lock(folder.lock)
    if lock is None:
        return
    seat = Seat(places, folder)
    # A killed process may have left its own.
    folder.beside.remove()
    folder.claim.unlink(missing_ok=True)
    try:
        seat.look()
    except RelaysBusy:
        lock.close()
        raise
    relay = Relay(
        camera_id=channel.camera_id,
        folder=folder,
        load=_loader(channel, source),
        lock=lock,
        seat=seat,
        announce=_announce if channel.quality == Quality.MAIN else _announce_sub,
        transcode_slot=lambda: _transcode_slot(folder),
        beside=lambda place: _beside(places, place),
    )
    folder.write_state({"state": StreamState.STARTING, "at": time.time()})
    _relays[channel] = relay
    relay.start()


def _transcode_slot(folder: Folder) -> IO[str] | None:
    taken = Places(root(), "transcodes", settings.TRANSCODE_LIMIT).take(folder)
    return taken[1] if taken else None


def _beside(places: Places, place: int) -> Beside | None:
    """Give a new relay the two ports of its place, for RTP and RTCP."""
    if not settings.JANUS_SOCKET:
        return None
    before = 0 if places.name == VIEWERS else settings.RELAY_LIMIT
    return relay_beside.new(settings.JANUS_RTP_PORT + 2 * (before + place))


def beside(camera_id: int, quality: Quality) -> Beside | None:
    """Say where this stream's relay sends its packets as well, and that somebody wants them."""
    note = _folder(camera_id, quality).beside
    found = note.read()
    if found:
        note.want()
    return found


def _loader(channel: Channel, first: Source | None) -> Callable[[], Source]:
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
            known = _read_source(channel)
        except DatabaseError:
            if known is None:
                raise SourceMissing(_("this camera is not connected")) from None
        finally:
            connections.close_all()
        return known

    return load


def _read_source(channel: Channel) -> Source:
    cameras = Camera.objects.standing().select_related("site")
    camera = cameras.filter(pk=channel.camera_id).first()
    if camera is None:
        raise SourceMissing(_("this camera is not connected"))
    return source_of(camera, channel.quality)


def _announce(camera_id: int, state: StreamState) -> None:
    """Hand the news to one thread, in order: a slow database must not hold up the relay."""
    global _teller  # noqa: PLW0603  # one a process, made when first needed
    _news.put((camera_id, state))
    if _teller is None or not _teller.is_alive():
        _teller = threading.Thread(target=_tell, name="relay-news", daemon=True)
        _teller.start()


def _announce_sub(camera_id: int, state: StreamState) -> None:
    """Let the sub stream speak for its camera only while the main stream says nothing."""
    if seen(camera_id).state in {StreamState.STARTING, StreamState.ENDED}:
        _announce(camera_id, state)


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


def seen(camera_id: int, quality: Quality = Quality.MAIN) -> Seen:
    """Read what the owner of this stream's relay last wrote."""
    try:
        body = json.loads(_folder(camera_id, quality).state.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return Seen(StreamState.STARTING)
    state = StreamState(body["state"])
    if state == StreamState.ENDED:
        return Seen(state)
    now = time.time()
    if now - body["at"] > SILENT_S:
        state = StreamState.LOST
    return Seen(
        state=state,
        run=str(body.get("run", "")),
        reason=str(body.get("reason", "")),
        last_frame_age_s=_since(body.get("frame_at"), now),
        moved_age_s=_since(body.get("moved_at"), now),
    )


def _since(at: float | None, now: float) -> float | None:
    return None if at is None else round(max(0.0, now - at), 1)


def running() -> dict[int, StreamState]:
    """Give the cameras whose main stream is wanted on this machine now, and what it does."""
    found = {}
    for path in root().glob("[0-9]*"):
        folder = Folder(path)
        if folder.age_s(folder.wanted) < IDLE_S:
            found[int(path.name)] = seen(int(path.name)).state
    return found


def playlist(camera_id: int, quality: Quality = Quality.MAIN) -> tuple[str, bytes] | None:
    """Give the running relay's name and play list, or None while there is no picture yet."""
    run = seen(camera_id, quality).run
    if not _RUN.fullmatch(run):
        return None
    try:
        return run, (_folder(camera_id, quality).path / f"{run}.m3u8").read_bytes()
    except FileNotFoundError:
        return None


def playlist_at_hand(camera_id: int, quality: Quality = Quality.MAIN) -> bytes | None:
    """Give the play list of a relay that gives pictures now; None: it is to be waited for."""
    if seen(camera_id, quality).state not in {StreamState.LIVE, StreamState.FROZEN}:
        return None
    found = playlist(camera_id, quality)
    return found[1] if found else None


def piece_path(camera_id: int, name: str, quality: Quality = Quality.MAIN) -> Path | None:
    """Name the file of one piece; only names that a relay itself makes lead to one."""
    return _folder(camera_id, quality).path / name if PIECE.fullmatch(name) else None


def piece_size(camera_id: int, name: str, quality: Quality = Quality.MAIN) -> int | None:
    """Give how many bytes a piece has, or None for one that is not there."""
    path = piece_path(camera_id, name, quality)
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_size if path else None
    return None


def segment(camera_id: int, name: str, quality: Quality = Quality.MAIN) -> bytes | None:
    """Give one piece of the picture."""
    path = piece_path(camera_id, name, quality)
    with contextlib.suppress(FileNotFoundError):
        return path.read_bytes() if path else None
    return None


def listed(camera_id: int) -> tuple[str, list[Listed]]:
    """Give the name of the main stream's relay and its pieces, oldest first; none without one."""
    found = playlist(camera_id)
    if found is None:
        return "", []
    run, text = found
    folder = _folder(camera_id, Quality.MAIN).path
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
    """Let the camera's relays begin again with its sources as they are now."""
    for quality in Quality:
        with contextlib.suppress(FileNotFoundError):
            _folder(camera_id, quality).retired.touch()


def retired_at(camera_id: int) -> float:
    """Say when this camera's relays were told to begin again, as a file's time; 0: never."""
    try:
        return _folder(camera_id, Quality.MAIN).retired.stat().st_mtime
    except FileNotFoundError:
        return 0.0


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
    for path in (*root().glob("[0-9]*"), *root().glob("[0-9]*/sub")):
        folder = Folder(path)
        if folder.age_s(folder.wanted) < older_than_s:
            continue
        if lock := take_lock(folder.lock):
            folder.beside.remove()
            folder.sweep()
            lock.close()
            removed += 1
    return removed
