"""The auditor as a process: needs no Redis, comes back when killed, is heard outside."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from controlroom.journal.models import Pulse
from controlroom.runtime.places import CHECKOUT
from linkage.models import Canary
from linkage.watch.rounds import AUDITOR
from tests.live.conftest import database_url, until

pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]

# What bin/run does with it.
PROGRAM = """
import os, sys
from pathlib import Path
from controlroom.runtime import packages, room
from controlroom.runtime.places import Places
from controlroom.runtime.supervisor import Supervisor

packages.PYTHON = Path(sys.executable)
where = Places(Path(sys.argv[1]))
where.create()
with Supervisor(where) as supervisor:
    supervisor.keep(room.auditor(dict(os.environ)))
    print(supervisor.kept[0].child.pid, flush=True)
    while True:
        supervisor.look()
"""


class Monitor(BaseHTTPRequestHandler):
    """The monitor outside."""

    heard: list[str] = []

    def do_GET(self) -> None:
        self.heard.append(self.path)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Be quiet."""


@pytest.fixture
def monitor() -> Iterator[str]:
    Monitor.heard = []
    server = HTTPServer(("127.0.0.1", 0), Monitor)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/ping"
    server.shutdown()
    server.server_close()


@pytest.fixture
def supervised(tmp_path: Path, monitor: str) -> Iterator["subprocess.Popen[str]"]:
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database_url(),
        # Nobody listens there: the auditor must not care.
        "REDIS_URL": f"unix://{tmp_path}/none.sock?db=0",
        "CONTROLROOM_TEST_REDIS_PREFIX": os.environ["CONTROLROOM_REDIS_PREFIX"],
        "CONTROLROOM_WATCH_EVERY_S": "1",
        "CONTROLROOM_HEARTBEAT_URL": monitor,
        "PYTHONPATH": str(CHECKOUT),
    }
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "state")]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    yield process
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    assert process.stdout is not None
    process.stdout.close()


def test_a_killed_auditor_is_back_and_goes_on_without_redis(supervised, city):
    assert supervised.stdout is not None
    first = int(supervised.stdout.readline())
    until(lambda: Pulse.objects.filter(name=AUDITOR), within_s=60, what="the first round")
    until(lambda: Monitor.heard, within_s=30, what="the heartbeat outside")
    os.kill(first, signal.SIGKILL)
    Pulse.objects.filter(name=AUDITOR).delete()
    until(lambda: Pulse.objects.filter(name=AUDITOR), within_s=60, what="a round after the kill")
    assert Canary.objects.filter(processed_at=None).count() == 1
