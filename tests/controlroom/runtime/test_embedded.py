"""The private PostgreSQL and Redis: reached by their owner alone, and gone with their keeper."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
import redis

from controlroom.runtime import debian, places
from tests.controlroom.runtime.test_supervisor import alive, until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not debian.find_postgres(), reason="this machine has no PostGIS of its own"),
    pytest.mark.skipif(debian.find_redis() is None, reason="this machine has no Redis of its own"),
]

PROGRAM = """
import json
from controlroom.runtime import joined, places
where = places.throw_away("test")
print(where.state, flush=True)
try:
    with joined.temporary(where, careless=True) as (supervisor, env):
        pids = {kept.spec.name: kept.child.pid for kept in supervisor.kept}
        print(json.dumps({"pids": pids, "env": env}), flush=True)
        supervisor.watch()
except KeyboardInterrupt:
    pass
finally:
    where.remove()
"""


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", dict, Path]]:
    """Start both services under a supervisor of their own; DATABASE_URL must not name others."""
    kept = {"DATABASE_URL", "REDIS_URL"}
    env = {name: value for name, value in os.environ.items() if name not in kept}
    with subprocess.Popen(
        [sys.executable, "-P", "-c", PROGRAM],
        env=env | {"PYTHONPATH": str(places.CHECKOUT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        state = Path(program.stdout.readline().strip())
        try:
            yield program, json.loads(program.stdout.readline()), state
        finally:
            program.terminate()
            program.wait(timeout=30)
            places.Places(state).remove()


def connect(env: dict[str, str]) -> psycopg.Connection:
    url = urlsplit(env["DATABASE_URL"])
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    return psycopg.connect(user=url.username, dbname=url.path[1:], **query)


def test_they_listen_on_private_sockets_only(keeper):
    _program, told, state = keeper
    with connect(told["env"]) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        extensions = connection.execute("SELECT name FROM pg_available_extensions").fetchall()
        assert ("postgis",) in extensions
    client = redis.Redis.from_url(told["env"]["REDIS_URL"])
    try:
        assert client.config_get("port") == {"port": "0"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    finally:
        client.close()
    for folder in ("postgres", "redis"):
        assert (state / folder).stat().st_mode & 0o077 == 0


def test_a_killed_server_comes_back_with_its_data(keeper):
    _program, told, _state = keeper
    with connect(told["env"]) as connection:
        connection.execute("CREATE TABLE fact (number integer)")
        connection.execute("INSERT INTO fact VALUES (112)")
    os.kill(told["pids"]["postgres"], 9)

    def reads_again() -> bool:
        try:
            with connect(told["env"]) as connection:
                return connection.execute("SELECT number FROM fact").fetchone() == (112,)
        except psycopg.OperationalError:
            return False

    until(reads_again, within_s=30)


def test_they_do_not_outlive_a_killed_keeper(keeper):
    program, told, _state = keeper
    program.kill()
    program.wait()
    until(lambda: not any(alive(pid) for pid in told["pids"].values()), within_s=20)
