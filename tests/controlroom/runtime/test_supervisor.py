"""The supervisor with real processes: what dies comes back, and nothing outlives the supervisor."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controlroom.runtime import places, processes

pytestmark = pytest.mark.live

# Keeps two processes: one plain, one that starts another in a session of its own and ignores
# being asked to stop.
PROGRAM = """
import sys
from pathlib import Path
from controlroom.runtime.places import Busy, Places
from controlroom.runtime.processes import Spec
from controlroom.runtime.supervisor import Supervisor
import os

state = Path(sys.argv[1])
child = (
    "import os, time, pathlib;"
    "pathlib.Path({0!r}).write_text(str(os.getpid()));"
    "time.sleep(600)"
)
plain = [sys.executable, "-c", child.format(str(state / "plain.pid"))]
stubborn = [
    sys.executable,
    "-c",
    "import signal, subprocess, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    f"subprocess.Popen([sys.executable, '-c', {child.format(str(state / 'grandchild.pid'))!r}],"
    " start_new_session=True);" + child.format(str(state / "stubborn.pid")),
]
where = Places(state / "state")
try:
    with where.held(), Supervisor(where) as supervisor:
        supervisor.keep(
            Spec("plain", plain, dict(os.environ)),
            Spec("stubborn", stubborn, dict(os.environ), stop_within_s=0.5),
        )
        where.announce(mode="test", address="here")
        print("ready", flush=True)
        supervisor.watch()
except Busy:
    print("busy", where.announced().get("address"))
    sys.exit(3)
except KeyboardInterrupt:
    print("stopped")
"""
NAMES = ("plain", "stubborn", "grandchild")


def until(condition: Callable[[], object], *, within_s: float = 15.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "not reached in time"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


def run_program(folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-P", "-c", PROGRAM, str(folder)],
        env=os.environ | {"PYTHONPATH": str(places.CHECKOUT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def pid_of(folder: Path, name: str) -> int:
    text = folder.joinpath(f"{name}.pid").read_text(encoding="ascii")
    return int(text) if text else 0


def all_started(folder: Path) -> bool:
    return all((folder / f"{name}.pid").exists() and pid_of(folder, name) for name in NAMES)


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    program = run_program(tmp_path)
    assert program.stdout is not None
    try:
        assert program.stdout.readline() == "ready\n"
        until(lambda: all_started(tmp_path))
        yield program
    finally:
        program.kill()
        program.wait()
        program.stdout.close()
        if all_started(tmp_path):
            until(lambda: not any(alive(pid_of(tmp_path, name)) for name in NAMES))


def test_a_killed_process_comes_back(supervised, tmp_path):
    before = pid_of(tmp_path, "plain")
    os.kill(before, signal.SIGKILL)
    until(lambda: pid_of(tmp_path, "plain") not in {0, before})
    assert alive(pid_of(tmp_path, "plain"))


def test_the_first_signal_stops_everything_in_its_time(supervised, tmp_path):
    supervised.send_signal(signal.SIGTERM)
    output, _error = supervised.communicate(timeout=15)
    assert output.endswith("stopped\n")
    assert [name for name in NAMES if alive(pid_of(tmp_path, name))] == []
    assert not (tmp_path / "state" / "running.json").exists()


# A signal comes just when the supervisor looks whether a child lives, and has its lock.
INTERRUPTED = """
import os, signal, sys
from pathlib import Path
from controlroom.runtime.places import Places
from controlroom.runtime.processes import Spec
from controlroom.runtime.supervisor import Supervisor

class Lock:
    def __init__(self, real):
        self.real, self.release = real, real.release
    def acquire(self, *waiting):
        taken = self.real.acquire(*waiting)
        os.kill(os.getpid(), signal.SIGTERM)
        return taken
    def __enter__(self):
        self.real.acquire()
    def __exit__(self, *_error):
        self.release()

where = Places(Path(sys.argv[1]))
where.create()
try:
    with Supervisor(where) as supervisor:
        supervisor.keep(Spec("plain", ["sleep", "600"], dict(os.environ)))
        process = supervisor.kept[0].child.process
        process._waitpid_lock = Lock(process._waitpid_lock)
        supervisor.watch()
except KeyboardInterrupt as interrupted:
    print("stopped by", interrupted)
"""


def test_a_signal_in_the_midst_of_a_look_at_a_child_stops_everything_too(tmp_path):
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path / "state")]
    env = os.environ | {"PYTHONPATH": str(places.CHECKOUT)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "stopped by SIGTERM\n", done.stderr


def test_nothing_outlives_a_killed_supervisor(supervised, tmp_path):
    pids = [pid_of(tmp_path, name) for name in NAMES]
    assert all(alive(pid) for pid in pids)
    supervised.kill()
    supervised.wait()
    until(lambda: not any(alive(pid) for pid in pids))


def test_a_killed_warden_is_replaced_and_does_its_work(supervised, tmp_path):
    children = Path(f"/proc/{supervised.pid}/task/{supervised.pid}/children")
    ours = {pid_of(tmp_path, name) for name in NAMES}
    [warden] = {int(pid) for pid in children.read_text(encoding="ascii").split()} - ours
    os.kill(warden, signal.SIGKILL)

    def replaced() -> bool:
        now = {int(pid) for pid in children.read_text(encoding="ascii").split()}
        return bool(now - ours - {warden})

    until(replaced)
    pids = [pid_of(tmp_path, name) for name in NAMES]
    supervised.kill()
    supervised.wait()
    until(lambda: not any(alive(pid) for pid in pids))


def test_a_second_start_says_where_the_first_one_is(supervised, tmp_path):
    second = run_program(tmp_path)
    output, _error = second.communicate(timeout=15)
    assert (second.returncode, output) == (3, "busy here\n")
    assert supervised.poll() is None


def test_the_folder_is_free_again_after_a_killed_supervisor(supervised, tmp_path):
    supervised.kill()
    supervised.wait()

    def starts() -> bool:
        next_one = run_program(tmp_path)
        assert next_one.stdout is not None
        first_line = next_one.stdout.readline()
        next_one.send_signal(signal.SIGTERM)
        next_one.communicate(timeout=15)
        return first_line == "ready\n"

    until(starts)


def test_a_log_that_has_grown_keeps_one_older_part(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "LOG_MAX_BYTES", 10)
    log = tmp_path / "web.log"
    with log.open("ab") as writer:
        writer.write(b"0123456789ABCDEF")
        writer.flush()
        processes.trim(log)
        writer.write(b"next")
    assert log.read_bytes() == b"next"
    assert (tmp_path / "web.log.1").read_bytes() == b"0123456789ABCDEF"
