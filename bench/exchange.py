"""Messages through the outbox with 1, 10 and 100 links, beside a bare Celery task that posts.

One real worker (threads), the configured Redis and PostgreSQL, an agency in a process of its own
that acknowledges at once. The messages are owed already; the clock runs from the first nudge (one
for every message, as facts give them) to the last acknowledgement on record. The floor is one
Celery task per message in the same worker, which posts a signed body of the same size over the same
transport and records nothing. Urgent: messages of priority 1 come up while 10,000 others are on
their way over ten links; their time runs from the fact to the acknowledgement in the journal.

Arguments: --messages N (each load, 2000), --bulk N (10000), --urgent N (100).
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import httpx  # noqa: E402
from redis import Redis  # noqa: E402

from bench._scratch import scratch_database  # noqa: E402
from controlroom.runtime.room import WORKER  # noqa: E402

PER_INCIDENT = 5
PATIENCE_S = 600
BODY_BYTES = 1000


@contextmanager
def running(*command: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, *command], cwd=ROOT, text=True, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def until(done: Callable[[], bool], *, every_s: float = 0.05) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not done():
        if time.monotonic() > ends:
            raise SystemExit("the load did not end in time")
        time.sleep(every_s)


class Stage:
    """A city, its links to the agency, and incidents that owe them messages."""

    def __init__(self, url: str) -> None:
        from django.conf import settings  # noqa: PLC0415
        from django.contrib.gis.geos import MultiPolygon, Polygon  # noqa: PLC0415

        from controlroom.municipalities.models import Municipality  # noqa: PLC0415
        from incidents import catalogue  # noqa: PLC0415
        from incidents.models import Kind  # noqa: PLC0415
        from linkage.choices import AgencyKind  # noqa: PLC0415
        from linkage.links import create_link  # noqa: PLC0415
        from linkage.models import Agency  # noqa: PLC0415

        # A hundred client secrets are hashed, and none is ever used.
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
        self.city = Municipality.objects.create(
            code="90010",
            name_ko="한빛시",
            name_en="Hanbit",
            boundary=MultiPolygon(Polygon.from_bbox((127.3, 36.3, 127.5, 36.5)), srid=4326),
        )
        catalogue.install()
        self.kind = Kind.objects.filter(service="police112").first()
        self.links = []
        for number in range(100):
            agency = Agency.objects.create(
                kind=AgencyKind.POLICE,
                organisation_code=f"{1_000_000 + number}",
                name_ko=f"기관 {number}",
            )
            made = create_link(
                municipality=self.city,
                agency=agency,
                service="police112",
                code=f"bench-{number}",
                push_url=url,
                allow_private_address=True,
            )
            self.links.append(made.link)
        self._incidents = 0

    def owe(self, count: int, *, links: list[Any], priority: int = 3) -> list[int]:
        """Write messages that are due now, in turn for these links; give whom to nudge."""
        from django.utils import timezone  # noqa: PLC0415

        from incidents.models import Incident, IncidentEvent  # noqa: PLC0415
        from linkage.models import OutboxMessage  # noqa: PLC0415

        now = timezone.now()
        incidents = []
        for _number in range(-(-count // PER_INCIDENT)):
            self._incidents += 1
            incidents.append(
                Incident(
                    municipality=self.city,
                    number=f"2026-{self._incidents:06}",
                    service="police112",
                    kind=self.kind,
                    priority=priority,
                    occurred_at=now,
                )
            )
        Incident.objects.bulk_create(incidents)
        events = [
            IncidentEvent(
                municipality=self.city, incident=incidents[n // PER_INCIDENT], verb="note"
            )
            for n in range(count)
        ]
        IncidentEvent.objects.bulk_create(events)
        rows = [
            OutboxMessage(
                municipality=self.city,
                link=links[(n // PER_INCIDENT) % len(links)],
                incident=event.incident,
                event=event,
                message_type="STATUS_UPDATE",
                case_number=event.incident.number,
                priority=priority,
                payload={
                    "receipt_no": event.incident.number,
                    "status": "ACCEPTED",
                    "incident_number": event.incident.number,
                    "incident_version": 1,
                    "at": now.isoformat(),
                },
            )
            for n, event in enumerate(events)
        ]
        OutboxMessage.objects.bulk_create(rows)
        return [row.link_id for row in rows]


def left() -> int:
    from linkage.models import OutboxMessage  # noqa: PLC0415

    return int(OutboxMessage.objects.offered().count())


def measure(stage: Stage, count: int, links: int) -> float:
    from linkage import tasks  # noqa: PLC0415

    nudged = stage.owe(count, links=stage.links[:links])
    began = time.monotonic()
    for link_id in nudged:
        tasks.nudge(link_id)
    until(lambda: left() == 0)
    return count / (time.monotonic() - began)


def measure_floor(url: str, secret: str, count: int) -> float:
    from bench._exchange_floor import post  # noqa: PLC0415

    def taken() -> int:
        return int(httpx.get(url).text)

    before = taken()
    body = "x" * BODY_BYTES
    began = time.monotonic()
    for _number in range(count):
        post.delay(url, secret, str(uuid.uuid4()), body)
    until(lambda: taken() - before >= count)
    return count / (time.monotonic() - began)


def measure_urgent(stage: Stage, bulk: int, urgent: int) -> tuple[float, float, int]:
    """Give p50 and p99 in ms, and how many of the bulk were still waiting at the last urgent."""
    from controlroom.journal.models import Entry  # noqa: PLC0415
    from linkage import tasks  # noqa: PLC0415
    from linkage.models import OutboxMessage  # noqa: PLC0415

    for link_id in stage.owe(bulk, links=stage.links[:10]):
        tasks.nudge(link_id)
    for number in range(urgent):
        (link_id,) = stage.owe(1, links=[stage.links[number % 10]], priority=1)
        tasks.nudge_urgently(link_id)
        time.sleep(0.05)
    waiting = OutboxMessage.objects.offered().filter(priority=3).count()
    mine = OutboxMessage.objects.filter(priority=1)
    until(lambda: not mine.filter(acked_at=None).exists())
    created = {str(uid): at for uid, at in mine.values_list("uid", "created_at")}
    acked = Entry.objects.filter(kind="exchange.acked").values_list("data__exchange__id", "at")
    took = sorted((at - created[uid]).total_seconds() * 1000 for uid, at in acked if uid in created)
    if len(took) != urgent:
        raise SystemExit(f"{len(took)} of {urgent} urgent messages are in the journal")
    until(lambda: left() == 0)
    return took[len(took) // 2], took[min(len(took) - 1, round(0.99 * len(took)))], waiting


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--bulk", type=int, default=10_000)
    parser.add_argument("--urgent", type=int, default=100)
    given = parser.parse_args()
    # Leave through the finally blocks when told to stop: no process and no database stays behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    os.environ["CONTROLROOM_REDIS_PREFIX"] = prefix = f"bench-exchange-{os.getpid()}"
    os.environ["CONTROLROOM_LOG_LEVEL"] = "ERROR"
    options = [*WORKER, "--loglevel", "ERROR"]
    with (
        scratch_database("exchange"),
        running("bench/_exchange_agency.py", stdout=subprocess.PIPE) as agency,
        running("-m", "celery", "-A", "bench._exchange_floor", "worker", *options),
    ):
        try:
            assert agency.stdout is not None
            url = f"http://127.0.0.1:{int(agency.stdout.readline())}/"
            figures, floor = run(Stage(url), url, given)
        finally:
            with Redis.from_url(os.environ["REDIS_URL"]) as redis:
                for key in redis.scan_iter(f"{prefix}*"):
                    redis.delete(key)
    ratio = min(figures[f"msgs_per_s_{links}"] for links in (1, 10, 100)) / floor["msgs_per_s"]
    rounded = {name: round(value, 1) for name, value in figures.items()}
    print(
        json.dumps(
            {
                "bench": "exchange",
                "figures": rounded,
                "floor": {name: round(value, 1) for name, value in floor.items()},
                "ratio": round(ratio, 2),
            }
        )
    )


def run(
    stage: Stage, url: str, given: argparse.Namespace
) -> tuple[dict[str, float], dict[str, float]]:
    from linkage.links import signing_secrets  # noqa: PLC0415

    (secret,) = signing_secrets(stage.links[0])
    measure_floor(url, secret, 50)  # warm: imports, plans, pool
    measure(stage, 50, 10)
    floor = {"msgs_per_s": measure_floor(url, secret, given.messages)}
    print(f"floor: bare task {floor['msgs_per_s']:.0f} messages/s", flush=True)
    figures: dict[str, float] = {}
    for links in (1, 10, 100):
        figures[f"msgs_per_s_{links}"] = speed = measure(stage, given.messages, links)
        print(f"{links} links: {speed:.0f} messages/s", flush=True)
    p50, p99, waiting = measure_urgent(stage, given.bulk, given.urgent)
    figures["urgent_p99_ms"] = p99
    print(
        f"{given.urgent} urgent among {given.bulk}: p50 {p50:.0f} ms, p99 {p99:.0f} ms "
        f"({waiting} others still waited when the last urgent one came)",
        flush=True,
    )
    return figures, floor


if __name__ == "__main__":
    main()
