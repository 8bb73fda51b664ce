"""An agency down for 24 hours: what waits for it, how quickly it drains, and what others notice.

The day is lived with the clock in steps of a minute (bench/_outage.py): reports come in and are
worked, two agencies are owed the same, one is shut and hangs in between. The day ends at the real
time. Then one real worker runs: first the agency hangs, with the real time limits, then it returns;
what came up for it that day drains. Meanwhile the other agency is owed one message every 100 ms.
Any breach (lost, twice, out of order, given up, no breaker, no telephone task) ends with an error.
The floor is the worst wait of the other agency with nobody down, in the same run.

Arguments: --messages N (owed to the agency in that day, 1000), --step-s N (60), --others N (100).
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from redis import Redis  # noqa: E402

from bench._scratch import scratch_database  # noqa: E402
from controlroom.runtime.room import WORKER  # noqa: E402

DRAINED_WITHIN_S = 600
# What beat does every five seconds.
SWEEP_S = 5.0
EVERY_S = 0.1


@contextmanager
def worker() -> Iterator[None]:
    command = [sys.executable, "-m", "celery", "-A", "controlroom.celery", "worker", *WORKER]
    process = subprocess.Popen(
        [*command, "--loglevel", "ERROR"], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


@contextmanager
def sweeping() -> Iterator[None]:
    from django.db import connection  # noqa: PLC0415

    from linkage import tasks  # noqa: PLC0415

    ended = threading.Event()

    def sweep() -> None:
        while not ended.wait(SWEEP_S):
            tasks.sweep()
        connection.close()

    thread = threading.Thread(target=sweep)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def doors(stage: "Stage") -> Iterator[tuple[Any, Any]]:
    from linkage import transport  # noqa: PLC0415

    agencies = [stage.agency(code) for code in ("1320001", "1320002")]
    try:
        yield agencies[0], agencies[1]
    finally:
        for agency in agencies:
            with suppress(OSError):
                agency.door.close()
        transport.hang_up()


class Stage:
    """A city with an operator, and agencies with doors of their own."""

    def __init__(self) -> None:
        from django.contrib.gis.geos import MultiPolygon, Polygon  # noqa: PLC0415

        from controlroom.accounts.models import User  # noqa: PLC0415
        from controlroom.municipalities.choices import Role  # noqa: PLC0415
        from controlroom.municipalities.models import Membership, Municipality  # noqa: PLC0415
        from incidents import catalogue  # noqa: PLC0415

        self.city = Municipality.objects.create(
            code="90010",
            name_ko="한빛시",
            name_en="Hanbit",
            boundary=MultiPolygon(Polygon.from_bbox((127.3, 36.3, 127.5, 36.5)), srid=4326),
        )
        catalogue.install()
        self.operator = User.objects.create_user("haneul", display_name="하늘")
        Membership.objects.create(user=self.operator, municipality=self.city, role=Role.OPERATOR)

    def agency(self, code: str) -> Any:
        from bench._outage import Agency, Door  # noqa: PLC0415
        from linkage.demo.link import room_link  # noqa: PLC0415
        from linkage.links import new_webhook_secret  # noqa: PLC0415
        from linkage.simulator.receiver import Receiver  # noqa: PLC0415

        secret = new_webhook_secret()
        receiver = Receiver(secret=secret, on_message=lambda _event: None)
        door = Door(receiver)
        made = room_link(
            "police112",
            municipality=self.city,
            organisation_code=code,
            code=f"police112-{code}",
            push_url=door.url,
            allow_private_address=True,
            webhook_secret=secret,
        )
        return Agency(made.link, receiver, door)


class Others:
    """What the other agency is owed meanwhile: one fact after the other, each waited for."""

    def __init__(self, day: Any, operator: Any) -> None:
        self._day, self._operator, self._number = day, operator, 0

    def worst_s(self, count: int, *, until: Callable[[], bool] = lambda: False) -> float:
        """Owe so many, or as long as told; give the longest from fact to acknowledgement."""
        from linkage.models import OutboxMessage  # noqa: PLC0415

        first = self._number
        while self._number - first < count and not until():
            self._number += 1
            self._day.owe_other(f"other-{self._number}")
            time.sleep(EVERY_S)
        mine = OutboxMessage.objects.filter(
            case_number__in=[f"other-{n}" for n in range(first + 1, self._number + 1)]
        )
        wait_until(lambda: not mine.filter(acked_at=None).exists(), "the other agency is told")
        waits = [acked - made for made, acked in mine.values_list("created_at", "acked_at")]
        return max(waits, default=timedelta(0)).total_seconds()


def wait_until(done: Callable[[], bool], what: str) -> None:
    ends = time.monotonic() + DRAINED_WITHIN_S
    while not done():
        if time.monotonic() > ends:
            raise SystemExit(f"not in {DRAINED_WITHIN_S} s: {what}")
        time.sleep(0.1)


def run(stage: Stage, given: argparse.Namespace) -> tuple[Any, float]:
    from django.utils import timezone  # noqa: PLC0415

    from bench._outage import Day  # noqa: PLC0415
    from linkage import transport  # noqa: PLC0415

    with doors(stage) as (down, up):
        day = Day(down=down, up=up, operator=stage.operator, messages=given.messages)
        began = time.monotonic()
        day.live(began=timezone.now() - timedelta(hours=24), longest_step_s=given.step_s)
        day.judge_the_outage()
        day.telephone()
        figures = day.seen.figures
        print(f"a day lived in {time.monotonic() - began:.0f} s: {figures}", flush=True)
        transport.hang_up()
        others = Others(day, stage.operator)
        down.door.open()
        down.receiver.set_fault({"mode": "hang", "seconds": 8})
        with worker(), sweeping():
            others.worst_s(10)  # warm: imports, plans, pool
            figures["others_worst_s_beside_hanging"] = others.worst_s(given.others)
            print(f"beside a hanging agency: {figures['others_worst_s_beside_hanging']:.2f} s")
            returned = time.monotonic()
            day.come_back()
            drained: list[float] = []

            def is_drained() -> bool:
                if not drained and not day.waiting():
                    drained.append(time.monotonic() - returned)
                return bool(drained)

            figures["others_worst_s_while_draining"] = others.worst_s(10**6, until=is_drained)
            figures["drained_s"] = drained[0]
            print(f"drained in {drained[0]:.1f} s", flush=True)
            floor = others.worst_s(given.others)
        day.judge_the_return()
    return day.seen, floor


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--step-s", type=int, default=60)
    parser.add_argument("--others", type=int, default=100)
    given = parser.parse_args()
    # Leave through the finally blocks when told to stop: no process and no database stays behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    os.environ["CONTROLROOM_REDIS_PREFIX"] = prefix = f"bench-outage-{os.getpid()}"
    os.environ["CONTROLROOM_LOG_LEVEL"] = "ERROR"
    with scratch_database("outage"):
        try:
            seen, floor = run(Stage(), given)
        finally:
            with Redis.from_url(os.environ["REDIS_URL"]) as redis:
                for key in redis.scan_iter(f"{prefix}*"):
                    redis.delete(key)
    figures = {name: round(value, 2) for name, value in seen.figures.items()}
    worst = max(value for name, value in figures.items() if name.startswith("others_worst_s"))
    print(
        json.dumps(
            {
                "bench": "outage",
                "figures": figures,
                "floor": {"others_worst_s": round(floor, 2)},
                "ratio": round(worst / max(floor, 0.001), 2),
            }
        )
    )
    if seen.complaints:
        raise SystemExit("\n".join(seen.complaints))


if __name__ == "__main__":
    main()
