"""The witness of bin/faults: operators' screens, one operator, a caller; and the count at the end.

Told by lines on standard input: storm, burst, salvo, reconnect, slow, an act, verify. Prints what
it finds and ends with 0 when every book agrees.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import django

django.setup()

from controlroom.journal.models import Stream  # noqa: E402
from linkage.models import Alarm, InboxMessage, Link  # noqa: E402
from tests.faults import acts, books  # noqa: E402
from tests.faults.people import (  # noqa: E402
    ACK_DEADLINE_S,
    Caller,
    Operator,
    Watch,
    commit_slowly,
    stubbornly,
    until,
)
from tests.faults.screens import CITY, Wall  # noqa: E402

SCREENS = 4
COUNTS = 6


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
        "salvo": lambda: caller.burst(20),
        "storm": caller.storm,
        "reconnect": wall.reconnect,
        "slow": commit_slowly,
    }
    stage = acts.Stage(watch, caller, operator, say)
    complaints: list[str] = []
    say("watching")
    for line in sys.stdin:
        order = line.strip()
        if order == "verify":
            break
        if act := acts.ACTS.get(order):
            if complaint := act(stage):
                complaints.append(complaint)
                break
            say(f"ended {order}")
        else:
            orders[order]()
    if not complaints:
        caller.finish()
    if not worker.is_alive():
        complaints.append("the operator of the run fell over (see above)")
    operator.stopping.set()
    worker.join(20)
    return verify(wall, caller, watch, complaints)


def verify(wall: Wall, caller: Caller, watch: Watch, complaints: list[str]) -> int:
    """Wait until all has come to rest, then compare the books; after a failed act only say so."""
    if not complaints:
        acts.hush()
    drained_s = 0.0 if complaints else acts.drain()
    watch.stopping.set()
    watch.thread.join(10)
    ledgers = {link: acts.ledger(link) for link in acts.agencies()}
    sent = {link: book["sent"] for link, book in ledgers.items()}
    sent[caller.link] = sent[caller.link] + caller.client.sent()
    if not complaints:
        head = stubbornly(lambda: Stream.objects.get(municipality__code=CITY).head)
        until(lambda: wall.lowest() >= head, within_s=60)
        complaints = count(sent, wall)
        complaints += [
            f"{link} was overdue for {s:.0f} s unsaid" for link, s in watch.silent.items()
        ]
        complaints += list(too_mild(sent, ledgers, watch))
    if wall.dismissed:
        complaints.append(f"screens were sent away for good {wall.dismissed} times")
    for fact in summary(sent, ledgers, wall, watch):
        say(f"counted  {fact}")
    return conclude(complaints, drained_s)


def count(sent: dict[str, Any], wall: Wall) -> list[str]:
    """Compare the books, again at a complaint: what the clock writes meanwhile is no fault."""
    complaints: list[str] = []
    for _look in range(COUNTS):
        complaints = stubbornly(
            lambda: [
                *books.of_the_intake(sent),
                *books.of_the_journal(),
                *books.of_the_screens([screen.copy() for screen in wall.shown]),
                *books.of_the_agencies(sent, lambda link: acts.ledger(link)["told"]),
                *books.of_the_grants(),
            ]
        )
        if not complaints:
            break
        time.sleep(3)
    return complaints


def too_mild(sent: dict[str, Any], ledgers: dict[str, Any], watch: Watch) -> Iterator[str]:
    """A run in which nothing was overdue, and nothing came twice, would prove nothing."""
    if not watch.overdue:
        yield "nothing was ever overdue: the run was too mild to prove anything"
    for link in acts.posted_to():
        book = ledgers[link]
        if book["deliveries"] <= len(book["told"]):
            yield f"{link} was never told anything twice: the run was too mild to prove anything"
    if not books.repeats(sent):
        yield "nothing was ever reported twice: the run was too mild to prove anything"


def summary(
    sent: dict[str, Any], ledgers: dict[str, Any], wall: Wall, watch: Watch
) -> Iterator[str]:
    rows = [row for link in sent.values() for row in link]
    accepted = {row["id"] for row in rows if row["status"] in books.ACCEPTED}
    refused = {row["id"] for row in rows} - accepted
    kept = stubbornly(InboxMessage.objects.count)
    yield f"{len(accepted)} messages accepted, {len(refused)} refused; {kept} rows in the inbox"
    tries = sum(row["tries"] for row in rows)
    yield f"{tries} tries of the agencies to post them, of which {books.repeats(sent)} repeats"
    for link, book in ledgers.items():
        effects, deliveries = len(book["told"]), book["deliveries"]
        yield (
            f"{link} took {deliveries} deliveries of {effects} messages: "
            f"{deliveries - effects} repeats absorbed"
        )
    for link, skews in stubbornly(books.clocks).items():
        yield f"{link}: clock differences of what was accepted from {skews[0]} to {skews[1]} s"
    alarms = stubbornly(lambda: sorted(set(Alarm.objects.values_list("kind", flat=True))))
    closed = sum(len(screen.closed_with) for screen in wall.screens)
    gaps = sum(screen.gaps for screen in wall.screens)
    yield f"{len(wall.screens)} screens, closed {closed} times, {gaps} gaps closed over HTTP"
    yield f"something was overdue in {watch.overdue} of {watch.looks} looks"
    yield f"alarms raised: {', '.join(alarms)}"


def conclude(complaints: list[str], drained_s: float) -> int:
    if not complaints:
        say(f"counted  drained {drained_s:.0f} s after the last fault ended")
    for complaint in complaints[1:]:
        say(f"WRONG    {complaint}")
    verdict = "PASSED   0 lost, 0 duplicate effects, 0 silent overdue"
    say(f"FAILED   {complaints[0]}" if complaints else verdict)
    return 1 if complaints else 0


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # Screens and pools have threads that wait for nobody.
    os._exit(code)
