"""Where a checkout keeps its state: one folder per checkout, outside /root, for its owner only."""

import fcntl
import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
# sockaddr_un holds 107 bytes; PostgreSQL adds "/.s.PGSQL.5432.lock".
SOCKET_FOLDER_MAX_BYTES = 80


class CannotRun(Exception):
    """Says in one sentence what a person has to do first."""


class Busy(Exception):
    """Says that another command holds this state folder."""


@dataclass(frozen=True)
class Places:
    """The folders of one set of embedded services."""

    state: Path

    @property
    def postgres(self) -> Path:
        return self.state / "postgres"

    @property
    def redis(self) -> Path:
        return self.state / "redis"

    @property
    def janus(self) -> Path:
        return self.state / "janus"

    @property
    def app(self) -> Path:
        return self.state / "app"

    @property
    def log(self) -> Path:
        return self.state / "log"

    @property
    def secrets(self) -> Path:
        return self.state / "secrets.json"

    @property
    def running(self) -> Path:
        return self.state / "running.json"

    def create(self) -> None:
        """Make the folders. As root, postgres must pass through the state folder, not read it."""
        self.state.mkdir(parents=True, exist_ok=True)
        found = self.state.stat()
        if found.st_uid != os.geteuid():
            raise CannotRun(f"{self.state} belongs to another user; move it away or set it right")
        self.state.chmod(0o711 if os.geteuid() == 0 else 0o700)
        for folder in (self.postgres, self.redis, self.janus, self.app, self.log):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o700)

    def socket_folder(self, folder: Path) -> Path:
        """Give a folder short enough to hold a socket: the one asked for, or one under /tmp."""
        if len(os.fsencode(folder)) <= SOCKET_FOLDER_MAX_BYTES:
            return folder
        short = Path(tempfile.gettempdir()) / f"controlroom-{_short_hash(folder)}"
        short.mkdir(mode=0o700, exist_ok=True)
        found = short.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o077:
            raise CannotRun(f"{short} is not a private folder; remove it")
        return short

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the state folder for this process, and for the warden that outlives it.

        Raises: Busy when another command holds it.
        """
        self.create()
        descriptor = os.open(self.state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Busy from error
            self.running.unlink(missing_ok=True)
            try:
                yield
            finally:
                self.running.unlink(missing_ok=True)
        finally:
            os.close(descriptor)

    def announce(self, **facts: Any) -> None:
        """Write what runs here, for a second start and for bin/manage."""
        write_private(self.running, json.dumps(facts | {"pid": os.getpid()}))

    def announced(self) -> dict[str, Any]:
        """Read what runs here; empty while a start is still under way."""
        try:
            facts: dict[str, Any] = json.loads(self.running.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        return facts

    def remove(self) -> None:
        for folder in (self.postgres, self.redis, self.janus):
            short = self.socket_folder(folder)
            if short != folder:
                shutil.rmtree(short, ignore_errors=True)
        shutil.rmtree(self.state, ignore_errors=True)


def of_checkout() -> Places:
    """Give the lasting state folder of this checkout."""
    name = _short_hash(CHECKOUT)
    if os.geteuid() == 0:
        return Places(Path("/var/lib") / f"controlroom-{name}")
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Places(Path(base) / "controlroom" / name)


def throw_away(purpose: str) -> Places:
    """Give a new state folder that its user removes."""
    return Places(Path(tempfile.mkdtemp(prefix=f"controlroom-{purpose}-")))


def write_private(path: Path, text: str) -> None:
    """Write a file whole or not at all, readable by its owner only."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    part.replace(path)


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:10]
