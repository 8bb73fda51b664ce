"""A day on which one of two agencies is down: lived with the clock in steps, then judged.

Real reports come in and are worked, both agencies are owed the same, and their doors are real HTTP:
one is shut (refused), hangs for some hours in between, and is shut again. Used by bench outage and,
smaller, by tests/linkage/test_outage.py.
"""

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any

import time_machine
from django.utils import timezone

from controlroom.journal.models import Entry
from incidents import lifecycle
from incidents.models import Incident
from linkage import delivery, inbox, phone, tasks, transport
from linkage.choices import OutboxState, PhoneState
from linkage.models import Case, DeliveryAttempt, Link, OutboxMessage, PhoneTask
from linkage.simulator.receiver import Receiver, serve
from linkage.wire import canonical

DAY_S = 24 * 3600
# The agency takes connections and says nothing in these hours of the day.
HANGS_H = (8, 10)
# The life of an incident owes its link so many messages: acknowledged, accepted, closed.
PER_INCIDENT = 3
EVERY_NTH_URGENT = 10
AT_ONCE = 4
# While it hangs: we wait so long for an answer, and it keeps its answer back a little longer.
PATIENCE_S, KEEPS_BACK_S = 0.2, 0.4
STATES_OF_A_DAY = ["degraded", "down", "up"]


class Door:
    """An agency's HTTP server at one port: it can be shut and opened again."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._held: socket.socket | None = None
        self._port = 0
        self.open()

    @property
    def is_shut(self) -> bool:
        return self._held is not None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/"

    def open(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None
        self._server = serve(self._receiver, port=self._port)
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def shut(self) -> None:
        """Refuse every connection from now on; the port stays ours."""
        self.close()
        held = socket.socket()
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", self._port))
        self._held = held

    def close(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None
            return
        transport.hang_up()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass
class Agency:
    link: Link
    receiver: Receiver
    door: Door


@dataclass
class Seen:
    """What was looked at on the way, and what it says in the end."""

    figures: dict[str, float] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    most_open_calls: int = 0

    def expect(self, holds: object, complaint: str) -> None:
        if not holds:
            self.complaints.append(complaint)


def steps(*, longest_s: int) -> Iterator[int]:
    """Give the steps of the clock through the day: as the tries come, then as long as told."""
    passed = 0
    for step_s in (1, 2, 5, 10, 30, *[60] * 10):
        passed += step_s
        yield step_s
    while passed < DAY_S:
        step_s = min(longest_s, DAY_S - passed)
        passed += step_s
        yield step_s


def report(link: Link, receipt_no: str, *, urgency: str) -> None:
    now = timezone.now().isoformat()
    document = {
        "msg_id": receipt_no,
        "msg_type": "EVENT_NOTIFY",
        "schema_ver": "1.0",
        "occurred_at": now,
        "sent_at": now,
        "payload": {
            "receipt_no": receipt_no,
            "version": 1,
            "kind_code": "201",
            "urgency": urgency,
            "summary": "주점 앞 다툼",
            "address": "한빛시 중앙로 12",
        },
    }
    inbox.accept(link=link, raw=canonical(document))


def incident_of(link: Link, receipt_no: str) -> Incident:
    case = Case.objects.select_related("incident").get(link=link, external_id=receipt_no)
    found: Incident = case.incident
    return found


class Day:
    """Reports and their work, owed to both agencies alike."""

    def __init__(self, *, down: Agency, up: Agency, operator: Any, messages: int) -> None:
        self.down, self.up, self._operator = down, up, operator
        count = max(1, round(messages / PER_INCIDENT))
        # Whoever works that day was there before it began.
        operator.memberships.update(valid_from=timezone.now() - timedelta(days=2))
        self._todo = list(self._work(count))
        self._done = 0
        self.seen = Seen()

    def _work(self, count: int) -> Iterator[Callable[[], None]]:
        """Give the moves of the day: a few incidents at a time, interleaved, for each agency."""
        for first in range(0, count, AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, count))
            for move in (self._report, self._claim, self._close):
                for number in numbers:
                    for agency in (self.down, self.up):
                        yield lambda move=move, number=number, agency=agency: move(agency, number)

    def _report(self, agency: Agency, number: int) -> None:
        is_urgent = number % EVERY_NTH_URGENT == 0
        report(agency.link, f"day-{number}", urgency="0" if is_urgent else "3")
        priority = 1 if is_urgent else 3
        Incident.objects.filter(pk=self._incident(agency, number).pk).update(priority=priority)

    def _claim(self, agency: Agency, number: int) -> None:
        lifecycle.claim(incident=self._incident(agency, number), by=self._operator)

    def _close(self, agency: Agency, number: int) -> None:
        incident = self._incident(agency, number)
        lifecycle.close(incident=incident, by=self._operator, result="resolved")

    def _incident(self, agency: Agency, number: int) -> Incident:
        return incident_of(agency.link, f"day-{number}")

    def owe_other(self, receipt_no: str) -> None:
        """Take a report of the other agency in, and owe it one message for its acknowledgement."""
        report(self.up.link, receipt_no, urgency="3")
        incident = incident_of(self.up.link, receipt_no)
        lifecycle.acknowledge(incident=incident, by=self._operator)

    def live(self, *, began: Any, longest_step_s: int) -> None:
        """Live the day from its beginning, which lies a day back: it ends at the real time."""
        passed = 0
        self.down.door.shut()
        with time_machine.travel(began, tick=True) as clock:
            for step_s in steps(longest_s=longest_step_s):
                self._hang_or_not(passed / 3600)
                self._move((passed + step_s) / DAY_S)
                self._look()
                clock.shift(timedelta(seconds=step_s))
                passed += step_s
            self._look()

    def _hang_or_not(self, hour: float) -> None:
        hangs = HANGS_H[0] <= hour < HANGS_H[1]
        if hangs and self.down.receiver.faults.taking.mode != "hang":
            transport.READ_TIMEOUT_S = PATIENCE_S
            transport.hang_up()
            self.down.door.open()
            self.down.receiver.set_fault({"mode": "hang", "seconds": KEEPS_BACK_S})
        elif not hangs and self.down.receiver.faults.taking.mode == "hang":
            self.down.receiver.set_fault({"mode": "ok"})
            self.down.door.shut()

    def _move(self, share: float) -> None:
        upto = round(share * len(self._todo))
        for move in self._todo[self._done : upto]:
            move()
        self._done = max(self._done, upto)

    def _look(self) -> None:
        """Do what beat and the workers do, for both links."""
        tasks.sweep()
        for agency in (self.down, self.up):
            while delivery.deliver_some(link_id=agency.link.pk):
                pass
        open_calls = PhoneTask.objects.filter(message__link=self.down.link).open().count()
        self.seen.most_open_calls = max(self.seen.most_open_calls, open_calls)

    def judge_the_outage(self) -> None:
        """Judge the end of the day, before the agency returns."""
        seen, down, up = self.seen, self.down.link, self.up.link
        down.refresh_from_db()
        owed = OutboxMessage.objects.filter(link=down)
        urgent = owed.filter(
            priority__lte=down.phone_upto_priority,
            created_at__lte=timezone.now() - timedelta(seconds=down.phone_after_s),
        ).count()
        calls = PhoneTask.objects.filter(message__link=down).count()
        tries = DeliveryAttempt.objects.filter(message__link=down).count()
        waited = [
            (acked - created).total_seconds()
            for created, acked in OutboxMessage.objects.filter(link=up).values_list(
                "created_at", "acked_at"
            )
            if acked is not None
        ]
        seen.figures |= {
            "queued": owed.offered().count(),
            "tries_while_down": tries,
            "phone_tasks": calls,
            "others_delivered_while_down": len(waited),
            "others_worst_s_while_down": max(waited, default=0.0),
        }
        seen.expect(owed.offered().count() == owed.count(), "not all is owed still")
        seen.expect(down.state == "down" and down.failures >= 3, f"the link is {down.state}")
        seen.expect(down.paused_until is not None, "the breaker did not open")
        seen.expect(tries < DAY_S / 60 + 30, f"{tries} tries: the breaker did not hold back")
        seen.expect(calls == urgent > 0, f"{calls} telephone tasks for {urgent} urgent messages")
        untold = OutboxMessage.objects.filter(link=up).exclude(state=OutboxState.ACKED).count()
        seen.expect(untold == 0, f"{untold} messages of the other agency wait")
        other_calls = PhoneTask.objects.filter(message__link=up).count()
        seen.expect(other_calls == 0, f"{other_calls} telephone tasks for the other agency")

    def telephone(self) -> None:
        """Tell the agency half of what is urgent by telephone."""
        for task in PhoneTask.objects.filter(message__link=self.down.link).order_by("pk")[::2]:
            phone.done(
                task=task, by=self._operator, who="박 경위", at=timezone.now(), said="전화로 알림"
            )

    def come_back(self) -> None:
        self.down.receiver.set_fault({"mode": "ok"})
        if self.down.door.is_shut:
            self.down.door.open()

    def waiting(self) -> int:
        return int(OutboxMessage.objects.filter(link=self.down.link).offered().count())

    def judge_the_return(self) -> None:
        """Judge what both agencies were told in the end, by their own books."""
        for agency in (self.down, self.up):
            self._judge_told(agency)
        seen, link = self.seen, self.down.link
        link.refresh_from_db()
        seen.expect(link.state == "up" and link.paused_until is None, f"the link is {link.state}")
        changes = Entry.objects.filter(kind="link.state", subject_id=link.code).order_by("number")
        states = list(changes.values_list("data__state", flat=True))
        seen.expect(states == STATES_OF_A_DAY, f"the link went through {states}")
        dead = Entry.objects.filter(kind="exchange.dead").count()
        seen.expect(dead == 0, f"{dead} messages were given up within their life")
        calls = Counter(
            PhoneTask.objects.filter(message__link=link).values_list("state", flat=True)
        )
        settled = {PhoneState.RECONCILED, PhoneState.WITHDRAWN}
        seen.expect(set(calls) <= settled, f"telephone tasks stand as {dict(calls)}")
        seen.figures["phone_tasks_reconciled"] = calls[PhoneState.RECONCILED]
        seen.figures["phone_tasks_withdrawn"] = calls[PhoneState.WITHDRAWN]

    def _judge_told(self, agency: Agency) -> None:
        """Once each, nothing else, and within each incident in the order of the facts."""
        seen, code = self.seen, agency.link.code
        owed = OutboxMessage.objects.filter(link=agency.link).order_by("pk")
        rows = [
            (str(uid), incident, state)
            for uid, incident, state in owed.values_list("uid", "incident_id", "state")
        ]
        told = list(agency.receiver.effects)
        seen.expect(sorted(told) == sorted(uid for uid, *_ in rows), f"{code}: told is not owed")
        ended = {OutboxState.ACKED, OutboxState.RECONCILED}
        seen.expect({state for *_, state in rows} <= ended, f"{code}: not all is acknowledged")
        place = {uid: n for n, uid in enumerate(told)}
        last: dict[Any, list[int]] = {}
        for uid, incident, _state in rows:
            last.setdefault(incident, []).append(place.get(uid, -1))
        late = sum(a > b for places in last.values() for a, b in pairwise(places))
        seen.expect(late == 0, f"{code}: {late} messages out of order")
