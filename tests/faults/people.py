"""Who lives through a run of faults: a second auditor, a caller, an operator at work."""

import os
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

import httpx
from django.db import Error, connection, connections, transaction
from django.utils import timezone

from controlroom.journal import log
from controlroom.municipalities.models import Municipality
from linkage.choices import LinkState
from linkage.models import Alarm, OutboxMessage
from linkage.simulator.client import Account, AgencyClient
from linkage.watch.findings import GRACE
from tests.faults.screens import CITY, Wall

OPERATOR = "haneul"
ACK_DEADLINE_S = 5
# From when an obligation is overdue, the auditor has this long to say so.
SAID_WITHIN_S = 45.0
T = TypeVar("T")


def start_anew() -> None:
    """Forget connections that the database has ended, and a pool that waits ever longer."""
    connections.close_all()
    connection.close_pool()


def stubbornly(question: Callable[[], T], *, within_s: float = 60.0) -> T:
    """Ask the database until it answers: it may be away, or have just come back."""
    ends = time.monotonic() + within_s
    while True:
        try:
            return question()
        except Error:
            start_anew()
            if time.monotonic() > ends:
                raise
            time.sleep(0.3)


def until(holds: Callable[[], bool], *, within_s: float) -> bool:
    ends = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > ends:
            return False
        time.sleep(0.2)
    return True


class Watch:
    """Looks beside the auditor, in its own way, for what is overdue and not said."""

    def __init__(self) -> None:
        self.looks = 0
        self.overdue = 0
        self.silent: dict[str, float] = {}
        # At the last look: who is owed something beyond its time, and of whom an alarm says so.
        self.late: set[str] = set()
        self.said: set[str] = set()
        self._since: dict[str, float] = {}
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        while not self.stopping.wait(1.0):
            try:
                self._look()
            except Error:
                # Nobody could have said anything meanwhile either.
                self._since.clear()
                start_anew()

    def _look(self) -> None:
        now, clock = timezone.now(), time.monotonic()
        horizon = now - timedelta(seconds=ACK_DEADLINE_S) - GRACE
        rows = OutboxMessage.objects.pending().filter(created_at__lt=horizon)
        rows = rows.exclude(link__state=LinkState.SUSPENDED).order_by()
        late = set(rows.values_list("link__code", flat=True).distinct())
        standing = Alarm.objects.standing().filter(kind="outbox.overdue")
        said = set(standing.values_list("subject_id", flat=True))
        self.looks += 1
        self.overdue += bool(late)
        self.late, self.said = late, late & said
        for link in list(self._since):
            if link not in late - said:
                del self._since[link]
        for link in late - said:
            waited = clock - self._since.setdefault(link, clock)
            if waited > SAID_WITHIN_S:
                self.silent[link] = max(waited, self.silent.get(link, 0.0))


class Caller:
    """One more telephone of the 112 room, with the room's own secrets."""

    def __init__(self, address: str) -> None:
        self.link = os.environ["CONTROLROOM_SIM_LINK"]
        self.client = AgencyClient(
            Account(
                address,
                os.environ["CONTROLROOM_SIM_CLIENT_ID"],
                os.environ["CONTROLROOM_SIM_CLIENT_SECRET"],
                self.link,
            )
        )
        self._pool = ThreadPoolExecutor(8)
        self._numbers = iter(range(1, 1_000_000))
        self._waiting: list[Any] = []

    def _report(self) -> dict[str, Any]:
        number = next(self._numbers)
        return {
            "msg_id": str(uuid4()),
            "msg_type": "EVENT_NOTIFY",
            "schema_ver": "1.0",
            "occurred_at": datetime.now(UTC).isoformat(),
            "payload": {
                "receipt_no": f"witness-{number:05d}",
                "version": 1,
                "kind_code": "201",
                "urgency": str(number % 4),
                "place": {
                    "lon": 127.38 + (number % 20) / 1000,
                    "lat": 36.35 + (number // 20 % 20) / 1000,
                    "error_radius_m": 30,
                    "method": "gps",
                },
                "summary": "점검용 신고",
            },
        }

    def report(self) -> None:
        """Report once, and wait for the answer."""
        self.client.post(self._report())

    def burst(self, count: int = 60) -> None:
        self._waiting += [self._pool.submit(self.client.post, self._report()) for _ in range(count)]

    def storm(self, count: int = 40) -> None:
        report = {**self._report(), "sent_at": datetime.now(UTC).isoformat()}
        self._waiting += [self._pool.submit(self.client.post, report) for _ in range(count)]

    def finish(self) -> None:
        for call in self._waiting:
            call.result(timeout=120)


class Operator:
    """Signs in once and acknowledges what comes, so that agencies are owed something."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.http = httpx.Client(base_url=address, timeout=15, trust_env=False)
        page = self.http.get("/accounts/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        form = {
            "username": OPERATOR,
            "password": os.environ["CONTROLROOM_DEMO_PASSWORD"],
            "csrfmiddlewaretoken": token[1] if token else "",
        }
        answer = self.http.post("/accounts/login/", data=form)
        if answer.status_code != 302:
            raise SystemExit(f"the operator could not sign in: HTTP {answer.status_code}")
        self.done: set[str] = set()
        self.stopping, self.resting = threading.Event(), threading.Event()

    @property
    def cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())

    def work(self, wall: Wall) -> threading.Thread:
        thread = threading.Thread(target=self._work, args=(wall,), daemon=True)
        thread.start()
        return thread

    def _work(self, wall: Wall) -> None:
        while not self.stopping.wait(0.2):
            waiting = (
                []
                if self.resting.is_set()
                else [
                    key
                    # A copy is made in one go: the screen goes on writing meanwhile.
                    for key, feature in wall.shown[0].copy().items()
                    if feature["status"] == "received" and key not in self.done
                ]
            )
            if waiting and self._acknowledge(waiting[-1]):
                self.done.add(waiting[-1])

    def _acknowledge(self, incident: str) -> bool:
        """Try once; an answer that never came is asked for again."""
        headers = {"X-CSRFToken": self.http.cookies.get("csrftoken") or "", "Referer": self.address}
        path = f"/m/{CITY}/incidents/{incident}/acknowledge/"
        try:
            return self.http.post(path, json={}, headers=headers).status_code < 500
        except httpx.HTTPError:
            return False


def commit_slowly() -> None:
    """Let one commit sleep after it has taken its number, while others want theirs (F24)."""

    def sleep_and_commit() -> None:
        city = Municipality.objects.get(code=CITY)
        with transaction.atomic():
            log.append(
                municipality_id=city.pk,
                kind="drill.slow_commit",
                subject_kind="drill",
                subject_id="slow",
                data={},
            )
            time.sleep(1.5)

    def run() -> None:
        try:
            sleep_and_commit()
        except Error:
            start_anew()

    threading.Thread(target=run, daemon=True).start()
