"""The supervisor: starts processes in order, restarts what dies, stops everything in reverse."""

import contextlib
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from controlroom.runtime import processes
from controlroom.runtime.places import CannotRun, Places
from controlroom.runtime.processes import Child, Spec
from controlroom.runtime.warden import Warden

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.3, 30.0
STEADY_AFTER_S = 30.0
LOOK_EVERY_S = 0.1
TRIM_EVERY_S = 60.0
ATTACHED_STOP_S = 20.0


@dataclass
class Kept:
    """A process that is kept running."""

    spec: Spec
    child: Child | None = None
    pause_s: float = FIRST_PAUSE_S
    due_at: float = 0.0
    restarts: int = 0
    stage: int = 0


class Supervisor:
    """Used as a context: leaving it, by whatever way, stops everything that it started."""

    def __init__(self, places: Places, say: Callable[[str], None] = print) -> None:
        self.places = places
        self.say = say
        self.kept: list[Kept] = []
        self.mark = f"{places.state}:{uuid.uuid4().hex}"
        self.hurried = False
        self._stop_asked = False
        # A signal that came while a child was handled, and whether one is handled now.
        self._asked_by = ""
        self._is_minding = False
        self._trimmed_at = time.monotonic()

    def __enter__(self) -> Self:
        self.warden = Warden(self.mark)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._interrupt)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop_asked = True
        self.stop()
        self.warden.dismiss()

    def _interrupt(self, number: int, _frame: FrameType | None) -> None:
        """Stop at the first signal, without waiting for anybody at the second."""
        if self._stop_asked:
            self.hurried = True
            return
        self._stop_asked = True
        name = signal.Signals(number).name
        if not self._is_minding:
            raise KeyboardInterrupt(name)
        self._asked_by = name

    @contextlib.contextmanager
    def _minding(self) -> Iterator[None]:
        """Let a signal wait: broken off within Popen it would leave a lock that stop() needs."""
        outer, self._is_minding = self._is_minding, True
        try:
            yield
        finally:
            self._is_minding = outer
        if self._asked_by and not outer:
            asked_by, self._asked_by = self._asked_by, ""
            raise KeyboardInterrupt(asked_by)

    def keep(self, *specs: Spec) -> None:
        """Start processes together and keep them running; return when all are ready.

        Raises: CannotRun with the end of its log when one does not become ready in time.
        """
        stage = max((kept.stage for kept in self.kept), default=0) + 1
        fresh = [Kept(spec, stage=stage) for spec in specs]
        for kept in fresh:
            processes.trim(self._log(kept.spec))
            with self._minding():
                self.kept.append(kept)
                self._start(kept)
        waiting = fresh
        while waiting:
            self.look()
            waiting = [kept for kept in waiting if not self._is_ready(kept)]
            time.sleep(0.03 if waiting else 0)

    def _is_ready(self, kept: Kept) -> bool:
        spec, child = kept.spec, kept.child
        if child and self._is_running(child.process) and spec.ready():
            return True
        too_late = child and time.monotonic() - child.started_at > spec.ready_within_s
        if too_late or kept.restarts > 2:
            tail = processes.tail(self._log(spec))
            raise CannotRun(f"{spec.name} does not start; the end of {self._log(spec)}:\n{tail}")
        return False

    def attached(self, command: list[str], env: dict[str, str]) -> int:
        """Run a command on this terminal to its end, keeping the others up; return its exit code.

        An interruption is passed on and waited for, so that the command can clean up.
        """
        return self.finish(self.begin(command, env))

    def begin(self, command: list[str], env: dict[str, str]) -> "subprocess.Popen[bytes]":
        """Start a command on this terminal, to be waited for by finish()."""
        return subprocess.Popen(command, env=env | {processes.MARK: self.mark})

    def finish(self, process: "subprocess.Popen[bytes]") -> int:
        """Wait for a command that was begun, as attached() does."""
        try:
            while self._is_running(process):
                self.look()
                time.sleep(LOOK_EVERY_S / 2)
        except KeyboardInterrupt as interrupted:
            # A Ctrl-C of the terminal has reached the command already.
            if str(interrupted) != signal.SIGINT.name:
                process.send_signal(signal.SIGINT)
            raise
        finally:
            _wait_or_kill(process, within_s=ATTACHED_STOP_S)
        return process.returncode

    def _is_running(self, process: "subprocess.Popen[bytes]") -> bool:
        with self._minding():
            return process.poll() is None

    def watch(self) -> None:
        """Keep everything running until a signal comes."""
        while True:
            self.look()
            time.sleep(LOOK_EVERY_S)

    def look(self) -> None:
        """Restart what has died and is due; replace a dead warden.

        Raises: KeyboardInterrupt when a signal came meanwhile.
        """
        with self._minding():
            self._look()

    def _look(self) -> None:
        now = time.monotonic()
        for kept in self.kept:
            if kept.child is None:
                if now >= kept.due_at:
                    self._start(kept)
            elif (code := kept.child.process.poll()) is not None:
                self._note_death(kept, kept.child, code)
            elif now - kept.child.started_at > STEADY_AFTER_S:
                kept.pause_s = FIRST_PAUSE_S
        self._look_at_warden()
        if now - self._trimmed_at > TRIM_EVERY_S:
            self._trimmed_at = now
            for kept in self.kept:
                processes.trim(self._log(kept.spec))

    def _note_death(self, kept: Kept, child: Child, code: int) -> None:
        child.signal_group(signal.SIGKILL)
        self.warden.remove(child.pid)
        kept.child = None
        kept.restarts += 1
        kept.due_at = time.monotonic() + kept.pause_s
        why = f"signal {-code}" if code < 0 else f"exit code {code}"
        self.say(f"{kept.spec.name} ended ({why}); restarting in {kept.pause_s:.1f} s")
        kept.pause_s = min(kept.pause_s * 2, LONGEST_PAUSE_S)

    def _look_at_warden(self) -> None:
        ended, _status = os.waitpid(self.warden.pid, os.WNOHANG)
        if ended:
            self.warden = Warden(self.mark)
            for kept in self.kept:
                if kept.child is not None:
                    self.warden.add(kept.child.pid)

    def _start(self, kept: Kept) -> None:
        kept.child = processes.start(kept.spec, log=self._log(kept.spec), mark=self.mark)
        self.warden.add(kept.child.pid)

    def stop(self) -> None:
        """Stop in reverse order of start, together what started together.

        What does not go in its time is killed.
        """
        for stage in sorted({kept.stage for kept in self.kept}, reverse=True):
            children = [kept.child for kept in self.kept if kept.stage == stage and kept.child]
            for child in children:
                _signal_leader(child, child.spec.stop_signal)
            for child in children:
                self._end(child)
        self.kept.clear()

    def _end(self, child: Child) -> None:
        deadline = time.monotonic() + child.spec.stop_within_s
        while child.process.poll() is None and time.monotonic() < deadline and not self.hurried:
            time.sleep(0.02)
        child.signal_group(signal.SIGKILL)
        child.process.wait()
        self.warden.remove(child.pid)

    def _log(self, spec: Spec) -> Path:
        return self.places.log / f"{spec.name}.log"


def _signal_leader(child: Child, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        child.process.send_signal(number)


def _wait_or_kill(process: "subprocess.Popen[bytes]", *, within_s: float) -> None:
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
