"""One camera's relay: a thread that keeps one ffmpeg running while somebody wants the picture."""

import contextlib
import os
import secrets
import selectors
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import imageio_ffmpeg
import structlog
from django.conf import settings
from django.utils.translation import gettext as _

from cctv import relay_command, relay_launch
from cctv.choices import SourceKind
from cctv.errors import RelaysBusy
from cctv.relay_beside import Beside, Sender
from cctv.relay_command import Plan
from cctv.relay_folder import Folder
from cctv.relay_places import Seat
from cctv.relay_watch import StreamState, Watch
from cctv.sources import Source, pinned_url
from controlroom.errors import DomainError, Unavailable

log = structlog.get_logger(__name__)

IDLE_S = 20.0
BEAT_S = 0.2
LOOK_S = 0.05
WRITE_S = 1.0
FONT_FILE = Path("vendor/pretendard-1.3.9/Pretendard-Regular.subset.woff")
FIRST_PATIENCE_US = 500_000
LATER_PATIENCE_US = 5_000_000
# Nothing of ours but the clock: neither keys nor the database's address reach the child.
CHILD_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "KST-9"}


class TranscodingOff(Unavailable):
    """The camera sends what players cannot show, and this installation transcodes nothing."""

    code = "transcoding_off"


class TranscodesFull(Unavailable):
    """The camera sends what players cannot show, and this machine transcodes as many as it may."""

    code = "transcodes_full"


def ffmpeg() -> str:
    return settings.FFMPEG or str(imageio_ffmpeg.get_ffmpeg_exe())


def launcher() -> list[str]:
    """Start an ffmpeg that dies with the thread that asked for it."""
    return [sys.executable, "-I", "-S", relay_launch.__file__, str(os.getpid()), ffmpeg()]


def font_file() -> Path | None:
    for root in (*settings.STATICFILES_DIRS, settings.STATIC_ROOT):
        if (found := Path(root) / FONT_FILE).exists():
            return found
    return None


def authorities() -> str:
    return settings.CAMERA_CA_FILE or str(ssl.get_default_verify_paths().cafile or "")


class Relay(threading.Thread):
    """Owns the stream's lock while it lives; ffmpeg dies with this thread (PR_SET_PDEATHSIG)."""

    def __init__(
        self,
        *,
        camera_id: int,
        folder: Folder,
        load: Callable[[], Source],
        lock: IO[str],
        seat: Seat,
        announce: Callable[[int, StreamState], None],
        transcode_slot: Callable[[], IO[str] | None],
        beside: Callable[[int], Beside | None],
    ) -> None:
        super().__init__(name=f"relay-{camera_id}", daemon=True)
        self.camera_id = camera_id
        self.folder = folder
        self.load = load
        self.lock = lock
        self.seat = seat
        self.announce = announce
        self.transcode_slot = transcode_slot
        self.beside_at = beside
        self.beside: Beside | None = None
        self.sender: Sender | None = None
        self.stopping = threading.Event()
        self.watch = Watch(began=time.monotonic())
        self.transcode = False
        self.transcoding: IO[str] | None = None
        self.run_id = ""
        self.began_at = time.time()
        self.told: StreamState | None = None
        self.written_at = 0.0
        self.process: subprocess.Popen[bytes] | None = None

    # --- life of the thread -----------------------------------------------------------------
    def run(self) -> None:
        try:
            if self._has_place():
                self._keep_running()
        except Exception as error:  # noqa: BLE001  # the edge of a thread
            # Only the kind: the text of an OSError could name what must not be logged.
            log.error("relay_failed", camera=self.camera_id, error=type(error).__name__)
        finally:
            self._end()

    def _has_place(self) -> bool:
        """Wait until another relay has given its place away, if none is free."""
        self._tell()
        while self._wanted():
            try:
                number = self.seat.look()
            except RelaysBusy as refusal:
                # Somebody came back to each of them; the next who wants this one hears it.
                log.warning("relay_without_place", camera=self.camera_id, reason=refusal.code)
                return False
            if number is not None:
                self.beside = self.beside_at(number)
                if self.beside:
                    self.folder.beside.write(self.beside)
                return True
            self.stopping.wait(LOOK_S)
        return False

    def _keep_running(self) -> None:
        self._tell()
        while self._wanted():
            self._one_run()
            until = time.monotonic() + self.watch.pause_s()
            while time.monotonic() < until and self._wanted():
                self._tell()
                self.stopping.wait(BEAT_S)

    def _wanted(self) -> bool:
        if self.stopping.is_set() or self.folder.age_s(self.folder.wanted) > IDLE_S:
            return False
        return not self.folder.gives_way()

    def _end(self) -> None:
        self._kill()
        self._give_slot_back()
        with contextlib.suppress(OSError):
            self.folder.beside.remove()
            self.folder.sweep()
            self.folder.write_state({"state": StreamState.ENDED, "at": time.time()})
        self.seat.close()
        self.lock.close()
        self.announce(self.camera_id, StreamState.ENDED)

    # --- one run of ffmpeg ------------------------------------------------------------------
    def _one_run(self) -> None:
        self.run_id = secrets.token_hex(4)
        self.folder.sweep(keep=self.run_id)
        if self._retired():
            self.transcode = False
        self.began_at = time.time()
        if self.beside and not self.beside.is_taken:
            self.sender = Sender(self.beside, self.folder.beside)
        try:
            plan = self._plan(self.load())
        except DomainError as refusal:
            self.watch.reason = refusal.code
            self.watch.stopped(time.monotonic())
            self._kill()
            return
        process = self._spawn(plan)
        self.watch.started(time.monotonic())
        # Name the new run at once: who waits for the first picture looks for its play list.
        self.written_at = 0.0
        self._tell()
        try:
            self._follow(process, copies=plan.copies)
        finally:
            self._kill()
            self.watch.stopped(time.monotonic())
        log.info("relay_run_over", camera=self.camera_id, reason=self.watch.reason)

    def _plan(self, source: Source) -> Plan:
        if source.kind == SourceKind.SYNTHETIC or source.address is None:
            (self.folder.path / relay_command.NAME).write_text(source.name, encoding="utf-8")
            font = self.folder.path / relay_command.FONT
            font.unlink(missing_ok=True)
            if found := font_file():
                font.symlink_to(found)
            return relay_command.synthetic(
                run=self.run_id,
                seed=source.seed,
                is_small=source.is_small,
                beside=self._handed_on(),
            )
        self._take_or_give_slot()
        patient = self.watch.reason == "no_picture"
        return relay_command.stream(
            run=self.run_id,
            url=pinned_url(source),
            address=source.address,
            transcode=self.transcode,
            patience_us=LATER_PATIENCE_US if patient else FIRST_PATIENCE_US,
            ca_file=authorities(),
            beside=self._handed_on(),
        )

    def _handed_on(self) -> int | None:
        """Name the descriptor by which ffmpeg hands its packets on."""
        return self.sender.theirs.fileno() if self.sender else None

    def _take_or_give_slot(self) -> None:
        """Hold a place for as long as this stream is transcoded.

        Raises: TranscodingOff, TranscodesFull.
        """
        if not self.transcode:
            self._give_slot_back()
        elif self.transcoding is None:
            self.transcoding = self.transcode_slot()
            if self.transcoding is None and settings.TRANSCODE_LIMIT == 0:
                raise TranscodingOff(_("this camera needs transcoding, which is switched off"))
            if self.transcoding is None:
                raise TranscodesFull(_("this server already transcodes as many cameras as it may"))

    def _give_slot_back(self) -> None:
        slot, self.transcoding = self.transcoding, None
        if slot:
            slot.close()

    def _spawn(self, plan: Plan) -> subprocess.Popen[bytes]:
        self.process = subprocess.Popen(  # noqa: S603  # our own launcher and arguments
            [*launcher(), *plan.arguments],
            cwd=self.folder.path,
            env=CHILD_ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            pass_fds=[self.sender.theirs.fileno()] if self.sender else [],
        )
        if self.sender:
            self.sender.theirs.close()
            self.sender.start()
        assert self.process.stdin  # noqa: S101  # asked for above
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(plan.script.encode())
            self.process.stdin.close()
        return self.process

    def _follow(self, process: subprocess.Popen[bytes], *, copies: bool) -> None:
        """Listen to this run until it ends, is stuck, must change, or nobody wants it."""
        assert process.stdout and process.stderr  # noqa: S101, PT018  # asked for in _spawn
        with selectors.DefaultSelector() as ears:
            for pipe in (process.stdout, process.stderr):
                os.set_blocking(pipe.fileno(), False)
                ears.register(pipe, selectors.EVENT_READ, bytearray())
            while ears.get_map() and self._wanted():
                for key, _mask in ears.select(timeout=BEAT_S):
                    if not self._listen(key):
                        ears.unregister(key.fileobj)
                if self._must_change(copies=copies):
                    return
                self._tell()

    def _listen(self, key: selectors.SelectorKey) -> bool:
        """Take what one pipe holds; False when it is closed."""
        chunk = os.read(key.fd, 65536)
        key.data.extend(chunk)
        while (end := key.data.find(b"\n")) >= 0:
            line = key.data[:end].decode("utf-8", "replace")
            del key.data[: end + 1]
            now = time.monotonic()
            if line.startswith("frame="):
                self.watch.progress(int(line[6:].strip() or 0), now)
            else:
                self.watch.hear(line, now)
        return bool(chunk)

    def _must_change(self, *, copies: bool) -> bool:
        if copies and self.watch.must_transcode():
            self.transcode = True
            return True
        return self._retired() or self.watch.stuck(time.monotonic())

    def _retired(self) -> bool:
        """Say whether the source was changed since this run began."""
        return time.time() - self.folder.age_s(self.folder.retired) > self.began_at

    def _kill(self) -> None:
        sender, self.sender = self.sender, None
        if sender:
            sender.stop()
        process, self.process = self.process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()

    # --- what others see --------------------------------------------------------------------
    def _tell(self) -> None:
        """Write the state once a second and whenever it changes; announce changes."""
        now = time.monotonic()
        state = self.watch.state(now)
        changed = state != self.told
        if not changed and now - self.written_at < WRITE_S:
            return
        age, moved_at = self.watch.age_s(now), self.watch.moved_at
        self.folder.write_state(
            {
                "state": state,
                "reason": self.watch.reason,
                "run": self.run_id,
                "at": time.time(),
                "frame_at": None if age is None else time.time() - age,
                "moved_at": None if moved_at is None else time.time() - (now - moved_at),
            }
        )
        self.told, self.written_at = state, now
        if changed:
            self.announce(self.camera_id, state)
