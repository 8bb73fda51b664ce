"""One child process: on a leash to this process, in a group of its own, logged to a file."""

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1
LOG_MAX_BYTES = 20_000_000
# Every child carries it, whatever group or session it moves to: by it the warden finds the rest.
MARK = "CONTROLROOM_SUPERVISED"

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Spec:
    """What to run, when it counts as ready, and how it is asked to stop."""

    name: str
    command: list[str]
    env: dict[str, str]
    ready: Callable[[], bool] = lambda: True
    ready_within_s: float = 60.0
    stop_signal: signal.Signals = signal.SIGTERM
    # What the kernel sends when the supervisor is gone; nobody is left to insist.
    orphan_signal: signal.Signals = signal.SIGTERM
    stop_within_s: float = 10.0
    user: str | None = None
    pass_fds: tuple[int, ...] = ()
    cwd: Path | None = None
    executable: str | None = None


@dataclass
class Child:
    """A started process of a Spec."""

    spec: Spec
    process: subprocess.Popen[bytes]
    started_at: float = field(default_factory=time.monotonic)

    @property
    def pid(self) -> int:
        return self.process.pid

    def signal_group(self, signal_number: int) -> None:
        """Signal the process and what it started in its group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal_number)


def start(spec: Spec, *, log: Path, mark: str, stdin: int = subprocess.DEVNULL) -> Child:
    """Start a child that the kernel signals when this process dies, even by kill -9.

    The leash is set after the change of user, which would clear it, and right before exec.
    """
    parent = os.getpid()
    orphan_signal = int(spec.orphan_signal)

    def leash() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, orphan_signal, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    account = pwd.getpwnam(spec.user) if spec.user else None
    with log.open("ab") as stream:
        process = subprocess.Popen(
            spec.command,
            executable=spec.executable,
            env=spec.env | {MARK: mark},
            stdin=stdin,
            stdout=stream,
            stderr=subprocess.STDOUT,
            cwd=spec.cwd,
            start_new_session=True,
            pass_fds=spec.pass_fds,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=os.getgrouplist(account.pw_name, account.pw_gid) if account else None,
            # One thread only: the supervisor starts its children from its main loop.
            preexec_fn=leash,  # noqa: PLW1509
        )
    return Child(spec, process)


def trim(log: Path) -> None:
    """Keep one older part of a grown log; its writer appends, so it can be cut in place."""
    if log.exists() and log.stat().st_size > LOG_MAX_BYTES:
        log.with_name(f"{log.name}.1").write_bytes(log.read_bytes())
        os.truncate(log, 0)


def tail(log: Path, lines: int = 15) -> str:
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def marked(mark: str) -> list[int]:
    """List the processes of this machine that carry the mark, except this one."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if wanted in environment and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def ask_marked(mark: str) -> None:
    """Ask every marked process to end."""
    for pid in marked(mark):
        _signal(pid, signal.SIGTERM)


def end_marked(mark: str) -> None:
    """Kill every marked process, and what it starts meanwhile."""
    while remaining := marked(mark):
        for pid in remaining:
            _signal(pid, signal.SIGKILL)
        time.sleep(0.05)


def _signal(pid: int, signal_number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal_number)
