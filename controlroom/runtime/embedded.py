"""The private PostgreSQL/PostGIS cluster and the private Redis of one state folder."""

import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from urllib.parse import quote

from controlroom.runtime import debian, packages
from controlroom.runtime.places import CannotRun, Places
from controlroom.runtime.processes import Spec
from controlroom.runtime.supervisor import Supervisor

NAME = "controlroom"
PORT = "5432"
# Of a database that is thrown away: it must survive its processes, not the machine.
CARELESS = ["fsync=off", "full_page_writes=off"]
SETTINGS = ["listen_addresses=", "unix_socket_permissions=0700", "max_connections=200"]


def start(supervisor: Supervisor, *, careless: bool = False) -> dict[str, str]:
    """Start what DATABASE_URL and REDIS_URL do not name; give the addresses of what was started.

    `careless` trades durability for speed: only for services that are thrown away.
    """
    places, addresses, specs = supervisor.places, {}, []
    if not _is_set("DATABASE_URL"):
        cluster = Cluster(places)
        cluster.create()
        specs.append(cluster.spec(careless=careless))
        addresses["DATABASE_URL"] = cluster.address
    if not _is_set("REDIS_URL"):
        folder = places.socket_folder(places.redis)
        specs.append(redis_spec(folder))
        addresses["REDIS_URL"] = redis_address(folder / "redis.sock")
    supervisor.keep(*specs)
    if "DATABASE_URL" in addresses:
        cluster.create_database()
    return addresses


def wanted() -> tuple[bool, bool]:
    """Say whether a private PostgreSQL and a private Redis are wanted."""
    return not _is_set("DATABASE_URL"), not _is_set("REDIS_URL")


def _is_set(name: str) -> bool:
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


def environment() -> dict[str, str]:
    """Give this process's environment without what would lead libpq to another server.

    Where Python may leave no bytecode beside the sources it is kept in .venv: without any, every
    start of a process compiles three thousand modules, which takes longer than all the rest of it.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    if own.pop("PYTHONDONTWRITEBYTECODE", ""):
        own.setdefault("PYTHONPYCACHEPREFIX", str(packages.VENV / "bytecode"))
    return own


class Cluster:
    """A cluster that only its owner reaches: by a socket in a 0700 folder, never by TCP."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.data = places.postgres / "data"
        self.sockets = places.socket_folder(places.postgres)
        matching = self._matching()
        self.binaries, self.version = matching.binaries, matching.version
        # PostgreSQL refuses to run as root; Debian's package brings this account.
        self.user = "postgres" if os.geteuid() == 0 else None

    @property
    def address(self) -> str:
        return self.address_of(NAME)

    def address_of(self, database: str) -> str:
        return f"postgis://{NAME}@/{database}?host={quote(str(self.sockets))}&port={PORT}"

    def create(self) -> None:
        """Make the data folder once; a half-made one is made again."""
        if self.user:
            for folder in {self.places.postgres, self.sockets}:
                shutil.chown(folder, self.user, self.user)
        if (self.data / "PG_VERSION").exists():
            return
        part = self.data.with_name("data.part")
        shutil.rmtree(part, ignore_errors=True)
        options = ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"]
        self._call("initdb", "-D", str(part), "-U", NAME, *options)
        part.rename(self.data)

    def spec(self, *, careless: bool) -> Spec:
        settings = [*SETTINGS, f"unix_socket_directories={self.sockets}", f"port={PORT}"]
        settings += CARELESS if careless else []
        command = [str(self.binaries / "postgres"), "-D", str(self.data)]
        for setting in settings:
            command += ["-c", setting]
        return Spec(
            name="postgres",
            command=command,
            env=environment() | {"LC_ALL": "C.UTF-8"},
            ready=self._answers,
            # SIGINT is PostgreSQL's fast shutdown: SIGTERM would wait for every session to leave.
            stop_signal=signal.SIGINT,
            orphan_signal=signal.SIGINT,
            stop_within_s=30.0,
            user=self.user,
            cwd=self.places.postgres,
        )

    def create_database(self, name: str = NAME) -> None:
        """Make the database once; migrate adds PostGIS to it."""
        query = "SELECT datname FROM pg_database"
        if name not in self._call("psql", *self._at(), "-d", "postgres", "-tAc", query).split():
            self._call("createdb", *self._at(), name)

    def dump(self, database: str) -> str:
        return self._call("pg_dump", *self._at(), database)

    def fill(self, database: str, dumped: str) -> None:
        """Run what dump() gave in a new database: all of it or nothing."""
        options = ["-q", "-1", "-v", "ON_ERROR_STOP=1", "-o", os.devnull]
        self._call("psql", *self._at(), "-d", database, *options, given=dumped)

    def _at(self) -> list[str]:
        return ["-h", str(self.sockets), "-p", PORT, "-U", NAME]

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(self.sockets / f".s.PGSQL.{PORT}"))
        except OSError:
            return False
        command = [str(self.binaries / "pg_isready"), "-q", "-d", "postgres", *self._at()]
        return subprocess.run(command, env=environment(), check=False).returncode == 0

    def _matching(self) -> debian.Postgres:
        """Choose the PostgreSQL that made the data, else the newest."""
        found = debian.find_postgres()
        if not found:
            raise CannotRun("no PostgreSQL with PostGIS found")
        try:
            made_by = int((self.data / "PG_VERSION").read_text(encoding="ascii"))
        except FileNotFoundError:
            return found[0]
        for postgres in found:
            if postgres.version == made_by:
                return postgres
        raise CannotRun(
            f"{self.data} was made by PostgreSQL {made_by}, which is not installed any more; "
            "install it, or move that folder away to start with an empty room"
        )

    def _call(self, program: str, *arguments: str, given: str = "") -> str:
        done = subprocess.run(
            [str(self.binaries / program), *arguments],
            user=self.user,
            group=self.user,
            extra_groups=[] if self.user else None,
            env=environment() | {"LC_ALL": "C.UTF-8"},
            cwd=self.places.postgres,
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CannotRun(f"{program} failed: {done.stderr.strip()}")
        return done.stdout


def redis_address(socket: Path) -> str:
    return f"unix://{quote(str(socket))}?db=0"


def redis_spec(folder: Path) -> Spec:
    """Run Redis on a socket, in memory only: it holds nudges and counters, never facts."""
    program = debian.find_redis()
    if program is None:
        raise CannotRun("no Redis found")
    address = folder / "redis.sock"
    options = {
        "--port": "0",
        "--unixsocket": str(address),
        "--unixsocketperm": "700",
        "--dir": str(folder),
        "--save": "",
        "--appendonly": "no",
        "--maxmemory-policy": "noeviction",
        "--daemonize": "no",
        "--databases": "32",
    }
    return Spec(
        name="redis",
        # One program under several names; redis-server is the name that serves.
        command=["redis-server", *(part for pair in options.items() for part in pair)],
        executable=program,
        env=environment(),
        ready=lambda: _pong(address),
    )


def _pong(address: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            client.connect(str(address))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def tell_redis(places: Places, command: bytes) -> None:
    """Give the private Redis of this state folder one command, and wait for its answer."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(str(places.socket_folder(places.redis) / "redis.sock"))
        client.sendall(command + b"\r\n")
        client.recv(64)
