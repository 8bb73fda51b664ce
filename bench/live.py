"""Alert to screens: reports by HTTP until every open socket has them, beside a bare fan-out.

One real web process (daphne) and the configured Redis and PostgreSQL, reports through the agency
API with OAuth2, screens in a process of their own. Delay: from the 201 in the sender's hand to the
frame in the screen's hand; it is negative where the frame overtakes the answer. The floor is a
bare Redis publish to bare ASGI sockets under the same server, with messages of the same size.

Arguments: --seconds N (each load, 60), --burst-seconds N (60), --rate N (20), --floor-seconds N.
"""

import argparse
import asyncio
import itertools
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import httpx  # noqa: E402
from redis import Redis  # noqa: E402

from bench._scratch import scratch_database  # noqa: E402

CODE = "90010"
# Posts under way at once: what a situation room's gateway would keep open.
IN_FLIGHT = 48
# How long screens may take to hear the last of what was accepted.
PATIENCE_S = 60
HAND_OVER_S = 2.0


@contextmanager
def server(application: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run daphne on a free port of 127.0.0.1; gives its address and process."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    host = f"127.0.0.1:{listening.getsockname()[1]}"
    process = subprocess.Popen(
        [sys.executable, "-m", "daphne", "-v", "0", "--fd", str(listening.fileno()), application],
        cwd=ROOT,
        env=os.environ | {"CONTROLROOM_LOG_LEVEL": "ERROR"},
        pass_fds=[listening.fileno()],
    )
    try:
        for _ in range(300):
            with suppress(httpx.HTTPError):
                if httpx.get(f"http://{host}/healthz", timeout=5).status_code == 200:
                    break
            time.sleep(0.1)
        yield host, process
    finally:
        process.terminate()
        process.wait(20)
        listening.close()


class Screens:
    """The process of the screens."""

    def __init__(self, count: int, *, host: str, cookie: str = "", bare: bool = False) -> None:
        order = {
            "screens": count,
            "host": host,
            "code": CODE,
            "cookie": cookie,
            "bare": bare,
            "patience_s": PATIENCE_S,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench._live_client", json.dumps(order)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == "ready"

    def findings(self, accepted: dict[str, float]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with tempfile.NamedTemporaryFile("w", suffix=".json") as told:
            json.dump(accepted, told)
            told.flush()
            self._process.stdin.write(told.name + "\n")
            self._process.stdin.flush()
            found: dict[str, Any] = json.loads(self._process.stdout.readline())
        self._process.wait(20)
        return found


# A receipt number that came before would be the same report again, and change nothing.
_serials = itertools.count(1)


class Sender:
    """A 112 room's gateway: sends at its rate, whatever the answers take."""

    def __init__(self, *, host: str, link: str, token: str) -> None:
        from linkage.simulator.scenes import City  # noqa: PLC0415 - after django.setup

        self._url = f"http://{host}/api/v1/links/{link}/messages"
        self._token = token
        self._city = City(lon=127.4, lat=36.4, seed=1)
        self.accepted: dict[str, float] = {}
        self.refused: dict[int, int] = {}
        self.offered = 0

    async def send(self, *, rate: float, seconds: float) -> float:
        """Offer reports at the rate for so long; gives the seconds until the last answer."""
        self.accepted, self.refused, self.offered = {}, {}, 0
        waiting: asyncio.Queue[bytes | None] = asyncio.Queue()
        limits = httpx.Limits(max_connections=IN_FLIGHT, max_keepalive_connections=IN_FLIGHT)
        began = time.monotonic()
        async with httpx.AsyncClient(limits=limits, timeout=60) as http:
            workers = [asyncio.create_task(self._work(http, waiting)) for _ in range(IN_FLIGHT)]
            for index in range(round(rate * seconds)):
                await asyncio.sleep(began + index / rate - time.monotonic())
                waiting.put_nowait(self._message())
                self.offered += 1
            patient_until = time.monotonic() + HAND_OVER_S
            while not waiting.empty() and time.monotonic() < patient_until:
                await asyncio.sleep(0.05)
            while not waiting.empty():  # what the room could not hand over in time stays there
                waiting.get_nowait()
            for _ in workers:
                waiting.put_nowait(None)
            await asyncio.gather(*workers)
        return time.monotonic() - began

    async def _work(self, http: httpx.AsyncClient, waiting: asyncio.Queue[bytes | None]) -> None:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        while (body := await waiting.get()) is not None:
            key = {"Idempotency-Key": str(uuid.uuid4())}
            answer = await http.post(self._url, content=body, headers=headers | key)
            if answer.status_code == 201:
                self.accepted[answer.json()["incident"]["number"]] = time.monotonic()
            else:
                self.refused[answer.status_code] = self.refused.get(answer.status_code, 0) + 1

    def _message(self) -> bytes:
        now = datetime.now(UTC)
        case = self._city.case(receipt_no=f"{now:%Y%m%d}-{next(_serials):06d}", at=now)
        stamp = now.isoformat()
        return json.dumps(
            {
                "msg_id": str(uuid.uuid4()),
                "msg_type": "EVENT_NOTIFY",
                "schema_ver": "1.0",
                "occurred_at": stamp,
                "sent_at": stamp,
                "payload": case.payload(),
            }
        ).encode()


def set_the_stage() -> tuple[str, str, str]:
    """Make the city, its cameras, an operator and a 112 link; gives cookie, link and token."""
    from datetime import timedelta  # noqa: PLC0415

    from django.conf import settings  # noqa: PLC0415 - after django.setup, as all below
    from django.contrib.auth import (  # noqa: PLC0415
        BACKEND_SESSION_KEY,
        HASH_SESSION_KEY,
        SESSION_KEY,
    )
    from django.contrib.gis.geos import MultiPolygon, Point, Polygon  # noqa: PLC0415
    from django.contrib.sessions.backends.db import SessionStore  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415
    from oauth2_provider.models import get_access_token_model  # noqa: PLC0415

    from cctv.choices import Health, Purpose  # noqa: PLC0415
    from cctv.models import Camera, Site  # noqa: PLC0415
    from controlroom.accounts.models import User  # noqa: PLC0415
    from controlroom.municipalities.models import Membership, Municipality  # noqa: PLC0415
    from linkage.demo.link import room_link  # noqa: PLC0415

    city = Municipality.objects.create(
        code=CODE,
        name_ko="한빛시",
        name_en="Hanbit",
        boundary=MultiPolygon(Polygon.from_bbox((127.3, 36.3, 127.5, 36.5)), srid=4326),
        centre=Point(127.4, 36.4, srid=4326),
    )
    call_command("install_catalogue", verbosity=0, stdout=open(os.devnull, "w"))  # noqa: SIM115, PTH123
    for index in range(600):
        site = Site.objects.create(
            municipality=city,
            name=f"현장 {index}",
            register_id=f"S{index:04d}",
            purpose=Purpose.CRIME,
            location=Point(127.35 + index % 25 * 0.004, 36.35 + index // 25 * 0.004, srid=4326),
        )
        Camera.objects.create(
            municipality=city, site=site, name=f"카메라 {index}", health=Health.ONLINE
        )
    user = User.objects.create_user("haneul", password=None, display_name="하늘")
    Membership.objects.create(user=user, municipality=city, role="operator")
    user.refresh_from_db()
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    link = room_link("police112", municipality=city, rate_per_s=10_000, burst=100_000).link
    token = uuid.uuid4().hex
    get_access_token_model().objects.create(
        application=link.application,
        token=token,
        scope="police112",
        expires=timezone.now() + timedelta(hours=2),
    )
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}", link.code, token


def cpu_s(pid: int) -> float:
    """Read the processor time that a process has used."""
    after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def measure_floor(count: int, *, rate: float, seconds: float, size: int) -> dict[str, Any]:
    channel = os.environ["CONTROLROOM_REDIS_PREFIX"] + "-floor"
    with server("bench._live_floor:application") as (host, _process):
        screens = Screens(count, host=host, bare=True)
        accepted: dict[str, float] = {}
        with Redis.from_url(os.environ["REDIS_URL"]) as redis:
            while not redis.pubsub_numsub(channel)[0][1]:
                time.sleep(0.05)
            began = time.monotonic()
            for index in range(round(rate * seconds)):
                time.sleep(max(0.0, began + index / rate - time.monotonic()))
                name = str(uuid.uuid4())
                redis.publish(channel, name + "x" * (size - len(name)))
                accepted[name] = time.monotonic()
        return screens.findings(accepted)


def report(name: str, found: dict[str, Any]) -> None:
    closed = found.get("closed", {})
    print(
        f"{name:<34} p50 {found['p50_ms']:8.1f} ms   p99 {found['p99_ms']:8.1f} ms   "
        f"max {found['max_ms']:8.1f} ms   received {found['received']:>7}   "
        f"missed {found['missed']}" + (f"   closed {closed}" if closed else ""),
        flush=True,
    )


def measure(
    stage: tuple[str, str, str], count: int, *, rate: float, seconds: float, name: str
) -> dict[str, Any]:
    cookie, link, token = stage
    with server("controlroom.asgi:application") as (host, process):
        screens = Screens(count, host=host, cookie=cookie)
        sender = Sender(host=host, link=link, token=token)
        asyncio.run(sender.send(rate=2, seconds=2))  # warm: imports, plans, pool
        before = cpu_s(process.pid)
        took = asyncio.run(sender.send(rate=rate, seconds=seconds))
        used = cpu_s(process.pid) - before
        found = screens.findings(sender.accepted)
    found["accepted"] = len(sender.accepted)
    found["accepted_per_s"] = len(sender.accepted) / took
    print(
        f"{name}: offered {sender.offered} at {rate:g}/s, accepted {len(sender.accepted)} "
        f"({found['accepted_per_s']:.1f}/s), refused {sender.refused or 0}, "
        f"web process {100 * used / took:.0f} % of a core",
        flush=True,
    )
    report(f"{name}, {count} sockets", found)
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--burst-seconds", type=float, default=60)
    parser.add_argument("--floor-seconds", type=float, default=20)
    given = parser.parse_args()
    # Leave through the finally blocks when told to stop: no process and no database stays behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))
    os.environ["CONTROLROOM_REDIS_PREFIX"] = prefix = f"bench-live-{os.getpid()}"
    os.environ["CONTROLROOM_HTTPS"] = "false"
    os.environ["CONTROLROOM_ALLOWED_HOSTS"] = "127.0.0.1"
    floors = {}
    for count in (100, 500):
        floors[count] = measure_floor(
            count, rate=given.rate, seconds=given.floor_seconds, size=1500
        )
        report(f"floor, {count} sockets", floors[count])
    with scratch_database("live"):
        stage = set_the_stage()
        load = {"rate": given.rate, "seconds": given.seconds}
        hundred = measure(stage, 100, name="load", **load)
        many = measure(stage, 500, name="load", **load)
        burst = measure(stage, 100, name="burst", rate=10 * given.rate, seconds=given.burst_seconds)
        with Redis.from_url(os.environ["REDIS_URL"]) as redis:
            for key in redis.scan_iter(f"{prefix}*"):
                redis.delete(key)
    figures = {
        "p50_ms_100": hundred["p50_ms"],
        "p99_ms_100": hundred["p99_ms"],
        "p50_ms_500": many["p50_ms"],
        "p99_ms_500": many["p99_ms"],
        "burst_p99_ms": burst["p99_ms"],
        "burst_accepted": burst["accepted"],
        "burst_accepted_per_s": burst["accepted_per_s"],
        "missed": hundred["missed"] + many["missed"] + burst["missed"],
    }
    floor = {
        "p50_ms_100": floors[100]["p50_ms"],
        "p99_ms_100": floors[100]["p99_ms"],
        "p50_ms_500": floors[500]["p50_ms"],
        "p99_ms_500": floors[500]["p99_ms"],
    }
    print(
        json.dumps(
            {
                "bench": "live",
                "figures": {name: round(value, 2) for name, value in figures.items()},
                "floor": {name: round(value, 2) for name, value in floor.items()},
                "ratio": round(figures["p99_ms_100"] / floor["p99_ms_100"], 2),
            }
        )
    )


if __name__ == "__main__":
    main()
