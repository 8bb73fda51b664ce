"""Janus for a demonstration, a test or a measurement: Debian's, with the files of deploy/janus."""

import atexit
import functools
import secrets
import socket
import subprocess
import time
from pathlib import Path

from controlroom.runtime.debian import Janus
from controlroom.runtime.places import CHECKOUT, CannotRun, write_private
from controlroom.runtime.processes import Spec

DEPLOYED = CHECKOUT / "deploy" / "janus"
# As the files of deploy/janus have them.
FOLDER, RUNTIME, SECRET = "/etc/controlroom/janus", "/run/controlroom-janus", '"SECRET"'
# One start in three may fail on a busy machine.
ATTEMPTS = 12
MODULES = "/usr/lib/x86_64-linux-gnu/janus"
# Below what the kernel gives away by itself.
FIRST_PORT, PORTS, CHOICES = 20_000, 128, 90


def environment(folder: Path) -> dict[str, str]:
    """Choose what the control room and its Janus know of each other."""
    return {
        "CONTROLROOM_JANUS_SOCKET": str(folder / "janus.sock"),
        "CONTROLROOM_JANUS_SECRET": secrets.token_urlsafe(24),
        "CONTROLROOM_JANUS_RTP_PORT": str(first_port()),
    }


@functools.cache
def first_port() -> int:
    """Choose the ports of this process's Janus, which no other run on this machine has chosen.

    Janus binds them when somebody watches; a TCP socket on the first marks them until we end.
    Raises: CannotRun.
    """
    for number in secrets.SystemRandom().sample(range(CHOICES), CHOICES):
        mark, first = socket.socket(), FIRST_PORT + PORTS * number
        try:
            mark.bind(("127.0.0.1", first))
        except OSError:
            mark.close()
        else:
            atexit.register(mark.close)
            return first
    raise CannotRun("every range of ports for Janus is taken")


def spec(janus: Janus, folder: Path, env: dict[str, str]) -> Spec:
    """Say how Janus is run. Nobody waits for it: where it is not, pictures come by play list.

    Janus 1.1.2 may close its socket as it starts, and ends; whoever keeps it starts it again.
    """
    for file in DEPLOYED.iterdir():
        text = file.read_text(encoding="utf-8").replace(RUNTIME, str(folder))
        text = text.replace(FOLDER, str(folder)).replace(MODULES, str(janus.modules))
        secret = f'"{env["CONTROLROOM_JANUS_SECRET"]}"'
        write_private(folder / file.name, text.replace(SECRET, secret))
    for name in ("janus.sock", "admin.sock"):
        (folder / name).unlink(missing_ok=True)
    folders = ["--configs-folder", str(folder), "--config", str(folder / "janus.jcfg")]
    return Spec(name="janus", command=[str(janus.program), *folders], env=janus.libraries)


def started(janus: Janus, folder: Path, env: dict[str, str]) -> "subprocess.Popen[bytes]":
    """Start Janus without a supervisor and wait until it answers.

    Raises: CannotRun.
    """
    own = spec(janus, folder, env)
    for _attempt in range(ATTEMPTS):
        with (folder / "janus.log").open("ab") as log:
            process = subprocess.Popen(own.command, env=own.env, stdout=log, stderr=log)
        while process.poll() is None and not answers(folder / "janus.sock"):
            time.sleep(0.02)
        if process.poll() is None:
            return process
    raise CannotRun(f"Janus does not stay; see {folder / 'janus.log'}")


def answers(at: Path) -> bool:
    """Say whether a Janus listens on this socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
        line.settimeout(1)
        try:
            line.connect(str(at))
            line.send(b'{"janus": "ping", "transaction": "1"}')
            return bool(line.recv(8192))
        except OSError:
            return False
