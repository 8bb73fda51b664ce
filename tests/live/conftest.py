"""Real processes for the live tests: a daphne of our own on a free port, a private Redis."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
import redis
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection

from controlroom.accounts.models import User

ROOT = Path(__file__).parent.parent.parent
# As in deploy/controlroom-web.service.
SOCKET = "unix:{}:mode=660:backlog=1024"


def until(condition: Callable[[], object], *, within_s: float = 10, what: str = "") -> None:
    """Wait for a condition, no longer than the deadline."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what or condition}"
        time.sleep(0.02)


def database_url() -> str:
    """Give the address of the database that this test uses, for another process."""
    at = connection.settings_dict
    login = quote(at["USER"]) + (f":{quote(at['PASSWORD'])}" if at["PASSWORD"] else "")
    return f"postgis://{login}@/{at['NAME']}?host={quote(at['HOST'])}&port={at['PORT']}"


class Web:
    """A daphne process of the whole product on a free port of 127.0.0.1.

    It keeps its listening socket, so that it can be killed and started on the same address.
    With `on_socket` it listens on a socket in the file system instead, as behind a proxy.
    """

    def __init__(self, folder: Path, *, on_socket: str = "", **environment: str) -> None:
        self._socket = on_socket
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.host = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self.url = f"http://{self.host}"
        self.log_path = folder / "daphne.log"
        self._environment = (
            os.environ
            | {
                "DJANGO_SETTINGS_MODULE": "tests.settings",
                "DATABASE_URL": database_url(),
                "CONTROLROOM_TEST_REDIS_PREFIX": os.environ["CONTROLROOM_REDIS_PREFIX"],
                "CONTROLROOM_STATE_DIR": str(folder / "state"),
            }
            | environment
        )
        self.process: subprocess.Popen[bytes]

    def start(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        """Start, doing this over and over until it answers."""
        fd = self._listening.fileno()
        with self.log_path.open("ab") as output:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "daphne",
                    *(("-e", SOCKET.format(self._socket)) if self._socket else ("--fd", str(fd))),
                    "controlroom.asgi:application",
                ],
                cwd=ROOT,
                env=self._environment,
                pass_fds=[fd],
                # As the unit has it; what others may read is named where it is made.
                umask=0o027 if self._socket else -1,
                stdout=output,
                stderr=output,
            )
        until(
            lambda: (meanwhile(), self.answers())[1],
            within_s=120,
            what="the web process answers",
        )

    def answers(self) -> bool:
        assert self.process.poll() is None, self.log()
        try:
            if self._socket:
                with socket.socket(socket.AF_UNIX) as probe:
                    return probe.connect_ex(self._socket) == 0
            return httpx.get(f"{self.url}/healthz", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def stop(self, how: int = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def close(self) -> None:
        if self.process.poll() is None:
            self.stop()
        self._listening.close()
        sys.stdout.write(self.log())  # pytest shows it when the test fails

    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def cookie_of(self, user: User) -> str:
        """Sign the user in; gives the Cookie header of the session."""
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


@pytest.fixture
def start_web(transactional_db, tmp_path) -> Iterator[Callable[..., Web]]:
    """Start web processes against the test's database: start_web(REDIS_URL=..., ...)."""
    with ExitStack() as stack:

        def start(**environment: str) -> Web:
            folder = tmp_path / f"web{len(list(tmp_path.glob('web*')))}"
            folder.mkdir()
            web = Web(folder, **environment)
            stack.callback(web.close)
            web.start()
            return web

        yield start


@pytest.fixture
def web(start_web) -> Web:
    return start_web()


class PrivateRedis:
    """A Redis of our own that a test may flush, stop and start again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = f"unix://{folder}/redis.sock?db=0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            pytest.skip("redis-server is not installed")
        self._process = subprocess.Popen(
            [
                *(program, "--port", "0", "--unixsocket", f"{self._folder}/redis.sock"),
                *("--save", "", "--appendonly", "no", "--dir", str(self._folder)),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self.answers, what="redis answers")

    def answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    def flush(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


@contextmanager
def short_folder() -> Iterator[Path]:
    """Give a folder whose path leaves room for a socket's name (108 bytes in all)."""
    with tempfile.TemporaryDirectory(prefix="cr", dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture
def private_redis() -> Iterator[PrivateRedis]:
    with short_folder() as folder:
        server = PrivateRedis(folder)
        server.start()
        yield server
        server.stop()
