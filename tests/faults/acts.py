"""What each watcher is there for, made for certain: the broker's loss, Celery's death, deafness.

Each act gives a complaint when its watcher did not do its work, and the run ends there.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from django.conf import settings
from redis import Redis

from controlroom.journal import pulses
from controlroom.journal.models import Stream
from linkage.models import Alarm, Link, OutboxMessage
from tests.faults import books
from tests.faults.people import Caller, Operator, Watch, stubbornly, until
from tests.faults.screens import CITY

# So many messages wait at each agency before the broker loses their tasks.
WAITING = 3
# A task that was under way or fetched before the loss has ended by then.
IDLE_S = 6.0
# The breaker tries again at least every minute.
NOTHING_MOVES_S = 100.0
HEARD_WITHIN_S = 60.0


@dataclass
class Stage:
    """Who takes part, and what was counted on the way."""

    watch: Watch
    caller: Caller
    operator: Operator
    say: Callable[[str], None]


def the_broker_loses_everything(stage: Stage) -> str:
    """Let messages wait for those we post to, empty Redis, and let nothing new happen: only a sweep
    can find them. The first that each then takes is answered too late: it must come again."""
    links = posted_to()
    for link in links:
        switch(link, "error500")
    stage.caller.burst(30)
    stage.caller.storm()
    if not until(lambda: all(_waiting(link) >= WAITING for link in links), within_s=180):
        return "no agency was owed anything for three minutes under load"
    stage.operator.resting.set()
    for link in links:
        switch(link, "silent")
    stage.caller.finish()
    _forget_all_tasks()
    waiting = {link: _waiting(link) for link in links}
    before = deliveries()
    for link in links:
        switch(link, "late", times=1)
    took_s = drain()
    if left := {link: number for link in links if (number := _waiting(link))}:
        return f"what the broker lost was never sent again: {said(left)} still wait"
    after = deliveries()
    again = {link: after[link] - before[link] - waiting[link] for link in links}
    stage.say(
        f"counted  the broker lost the tasks of {said(waiting)}: all sent {took_s:.0f} s later, "
        f"{said(again)} a second time because the answer came too late"
    )
    stage.operator.resting.clear()
    for link in links:
        switch(link, "ok")
    return ""


def _forget_all_tasks() -> None:
    """Empty Redis again and again, until what was fetched before has ended too."""
    ends = time.monotonic() + IDLE_S
    while time.monotonic() < ends:
        with Redis.from_url(settings.REDIS_URL) as redis:
            redis.flushall()
        time.sleep(1.0)


def celery_is_dead(stage: Stage) -> str:
    """While worker, beat and Redis are dead, let obligations fall due: only the auditor sees it."""
    watch = stage.watch
    stage.caller.burst(30)
    began = time.monotonic()
    if not until(lambda: bool(watch.late), within_s=180):
        return "nothing fell due although nobody could send it"
    overdue = time.monotonic()
    until(
        lambda: bool(watch.silent) or (_all_said(watch) and _stands("worker.stalled")), within_s=90
    )
    if not _all_said(watch):
        unsaid = ", ".join(sorted(watch.silent or watch.late - watch.said))
        waited_s = max(watch.silent.values(), default=time.monotonic() - overdue)
        return f"{unsaid}: overdue for {waited_s:.0f} s and nobody said so"
    if not _stands("worker.stalled"):
        return "no worker lives, and nobody said so"
    stage.say(
        f"counted  with Celery and Redis dead, {len(watch.late)} links were overdue after "
        f"{overdue - began:.0f} s; that and the dead workers stood as alarms after "
        f"{time.monotonic() - began:.0f} s"
    )
    return ""


def _all_said(watch: Watch) -> bool:
    return bool(watch.late) and watch.late <= watch.said


def _stands(kind: str) -> bool:
    return stubbornly(Alarm.objects.standing().filter(kind=kind).exists)


def the_bell_falls_silent(stage: Stage) -> str:
    """Report until the doorbell rings at every web process with screens, whose connection to it
    fell silent before: without it screens live from the two-second poll alone."""
    began = time.monotonic()

    def heard() -> bool:
        stage.caller.report()
        city = stubbornly(lambda: Stream.objects.get(municipality__code=CITY))
        return until(lambda: _rung(city), within_s=7)

    if not until(heard, within_s=HEARD_WITHIN_S):
        return (
            f"no screen's process heard the doorbell for {HEARD_WITHIN_S:.0f} s after its "
            "connection fell silent"
        )
    stage.say(
        f"counted  the doorbell rang again {time.monotonic() - began:.0f} s after its silence"
    )
    return ""


def _rung(city: Any) -> bool:
    rung = [
        pulse.data.get("rung", {}).get(str(city.municipality_id), 0)
        for pulse in stubbornly(pulses.screens)
        if pulse.data.get("seats")
    ]
    return bool(rung) and all(number >= city.head for number in rung)


ACTS: dict[str, Callable[[Stage], str]] = {
    "sweeper": the_broker_loses_everything,
    "auditor": celery_is_dead,
    "rejoin": the_bell_falls_silent,
}


def hush() -> None:
    """Let the agencies say nothing more: what they close now would be answered behind the count."""
    for link in agencies():
        switch(link, "silent")


def drain() -> float:
    """Wait until nothing is owed any more, or nothing moves; give the seconds it took."""
    began = moved = time.monotonic()
    left = stubbornly(books.undelivered)
    while left and time.monotonic() - moved < NOTHING_MOVES_S:
        time.sleep(0.5)
        before, left = left, stubbornly(books.undelivered)
        if left != before:
            moved = time.monotonic()
    return time.monotonic() - began


def agencies() -> list[str]:
    found = _ask("").json()["agencies"]
    return [path.strip("/").rpartition("/")[2] for path in found]


def posted_to() -> list[str]:
    """Give the agencies that wait for our posts; the others fetch, whoever of ours is dead."""
    posted = stubbornly(
        lambda: set(Link.objects.exclude(push_url="").values_list("code", flat=True))
    )
    return [link for link in agencies() if link in posted]


def ledger(link: str) -> dict[str, Any]:
    book: dict[str, Any] = _ask(f"agency/{link}/ledger").json()
    return book


def deliveries() -> dict[str, int]:
    return {link: ledger(link)["deliveries"] for link in agencies()}


def said(numbers: dict[str, int]) -> str:
    return ", ".join(f"{number} of {link}" for link, number in numbers.items())


def switch(link: str, mode: str, **more: int) -> None:
    httpx.post(
        f"{_door()}agency/{link}/faults", json={"mode": mode, **more}, timeout=30, trust_env=False
    ).raise_for_status()


def _waiting(link: str) -> int:
    return stubbornly(OutboxMessage.objects.pending().filter(link__code=link).count)


def _ask(path: str) -> httpx.Response:
    return httpx.get(f"{_door()}{path}", timeout=60, trust_env=False)


def _door() -> str:
    return f"http://127.0.0.1:{os.environ['CONTROLROOM_SIM_PORT']}/"
