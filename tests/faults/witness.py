"""The witness of bin/faults: operators' screens, one operator, a caller; and the count at the end.

Told by lines on standard input: storm, burst, reconnect, slow, verify. Prints what it finds and
ends with 0 when every book agrees.
"""

import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

import django
import httpx

django.setup()

from django.db import Error, connection, connections, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from controlroom.journal import log, pulses  # noqa: E402
from controlroom.journal.models import Stream  # noqa: E402
from controlroom.municipalities.models import Municipality  # noqa: E402
from linkage.choices import LinkState  # noqa: E402
from linkage.models import Alarm, Link, OutboxMessage  # noqa: E402
from linkage.simulator.client import Account, AgencyClient  # noqa: E402
from linkage.watch.checks import GRACE  # noqa: E402
from tests.faults import books  # noqa: E402
from tests.faults.screens import CITY, Wall  # noqa: E402

SCREENS, OPERATOR = 4, "haneul"
ACK_DEADLINE_S = 5
# From when an obligation is overdue, the auditor has this long to say so.
SAID_WITHIN_S = 45.0
# The breaker tries again at least every minute.
NOTHING_MOVES_S = 100.0
COUNTS = 6
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


class Watch:
    """Looks beside the auditor, in its own way, for what is overdue and not said."""

    def __init__(self) -> None:
        self.looks = 0
        self.overdue = 0
        self.silent: dict[str, float] = {}
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
        self.stopping = threading.Event()

    @property
    def cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())

    def work(self, wall: Wall) -> threading.Thread:
        thread = threading.Thread(target=self._work, args=(wall,), daemon=True)
        thread.start()
        return thread

    def _work(self, wall: Wall) -> None:
        while not self.stopping.wait(0.2):
            waiting = [
                key
                for key, feature in list(wall.shown[0].items())
                if feature["status"] == "received" and key not in self.done
            ]
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


def main() -> int:
    address = os.environ["CONTROLROOM_SIM_BASE_URL"]
    Link.objects.update(ack_deadline_s=ACK_DEADLINE_S)
    operator = Operator(address)
    host = address.removeprefix("http://")
    wall = Wall(host=host, cookie=operator.cookie, count=SCREENS)
    caller, watch = Caller(address), Watch()
    worker = operator.work(wall)
    orders: dict[str, Callable[[], object]] = {
        "burst": caller.burst,
        "storm": caller.storm,
        "reconnect": wall.reconnect,
        "slow": commit_slowly,
    }
    say("watching")
    for line in sys.stdin:
        if line.strip() == "verify":
            break
        orders[line.strip()]()
    caller.finish()
    operator.stopping.set()
    worker.join(20)
    return verify(wall, caller, watch)


def verify(wall: Wall, caller: Caller, watch: Watch) -> int:
    """Wait until all has come to rest, then compare the books."""
    heard_again = bell_is_heard(caller)
    drained_s = drain()
    head = stubbornly(lambda: Stream.objects.get(municipality__code=CITY).head)
    until(lambda: wall.lowest() >= head, within_s=60)
    watch.stopping.set()
    watch.thread.join(10)
    ledgers = {link: ledger(link) for link in agencies()}
    sent = {link: book["sent"] for link, book in ledgers.items()}
    sent[caller.link] = sent[caller.link] + caller.client.sent()
    told = {link: book["told"] for link, book in ledgers.items()}
    complaints = count(sent, told, wall)
    complaints += [f"{link} was overdue for {s:.0f} s unsaid" for link, s in watch.silent.items()]
    if not heard_again:
        complaints.append("no screen's process hears the doorbell any more")
    if wall.dismissed:
        complaints.append(f"screens were sent away for good {wall.dismissed} times")
    if not watch.overdue:
        complaints.append("nothing was ever overdue: the run was too mild to prove anything")
    return conclude(complaints, summary(sent, told, ledgers, wall, watch), drained_s)


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


def count(sent: dict[str, Any], told: dict[str, Any], wall: Wall) -> list[str]:
    """Compare the books, again at a complaint: what the clock writes meanwhile is no fault."""
    complaints: list[str] = []
    for _look in range(COUNTS):
        complaints = stubbornly(
            lambda: [
                *books.of_the_intake(sent),
                *books.of_the_journal(),
                *books.of_the_screens(wall.shown),
                *books.of_the_agencies(told),
            ]
        )
        if not complaints:
            break
        time.sleep(3)
    return complaints


def bell_is_heard(caller: Caller) -> bool:
    """Report once more in the calm: the doorbell must ring at every web process with screens."""
    caller.client.post(caller._report())
    city = stubbornly(lambda: Stream.objects.get(municipality__code=CITY))

    def heard() -> bool:
        rung = [
            pulse.data.get("rung", {}).get(str(city.pk), 0)
            for pulse in stubbornly(pulses.screens)
            if pulse.data.get("seats")
        ]
        return bool(rung) and all(number >= city.head for number in rung)

    return until(heard, within_s=60)


def summary(
    sent: dict[str, Any],
    told: dict[str, Any],
    ledgers: dict[str, Any],
    wall: Wall,
    watch: Watch,
) -> Iterator[str]:
    rows = [row for link in sent.values() for row in link]
    accepted = {row["id"] for row in rows if row["status"] in books.ACCEPTED}
    refused = {row["id"] for row in rows} - accepted
    yield f"{len(accepted)} messages accepted, {len(refused)} refused"
    alarms = stubbornly(lambda: sorted(set(Alarm.objects.values_list("kind", flat=True))))
    effects = sum(len(link) for link in told.values())
    deliveries = sum(book["deliveries"] for book in ledgers.values())
    yield f"{effects} effects at the agencies from {deliveries} deliveries"
    closed = sum(len(screen.closed_with) for screen in wall.screens)
    gaps = sum(screen.gaps for screen in wall.screens)
    yield f"{len(wall.screens)} screens, closed {closed} times, {gaps} gaps closed over HTTP"
    yield f"something was overdue in {watch.overdue} of {watch.looks} looks"
    yield f"alarms raised: {', '.join(alarms)}"


def conclude(complaints: list[str], facts: Iterator[str], drained_s: float) -> int:
    for fact in facts:
        say(f"counted  {fact}")
    say(f"counted  drained {drained_s:.0f} s after the last fault ended")
    for complaint in complaints:
        say(f"WRONG    {complaint}")
    say("FAILED" if complaints else "PASSED   0 lost, 0 duplicate effects, 0 silent overdue")
    return 1 if complaints else 0


def until(holds: Callable[[], bool], *, within_s: float) -> bool:
    ends = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > ends:
            return False
        time.sleep(0.2)
    return True


def agencies() -> list[str]:
    found = httpx.get(_door(), timeout=30, trust_env=False).json()["agencies"]
    return [path.strip("/").rpartition("/")[2] for path in found]


def ledger(link: str) -> dict[str, Any]:
    book: dict[str, Any] = httpx.get(
        f"{_door()}agency/{link}/ledger", timeout=60, trust_env=False
    ).json()
    return book


def _door() -> str:
    return f"http://127.0.0.1:{os.environ['CONTROLROOM_SIM_PORT']}/"


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # Screens and pools have threads that wait for nobody.
    os._exit(code)
