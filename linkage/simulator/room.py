"""The simulated 112 room: cases come in by chance, are corrected, taken back, attended, closed."""

import hashlib
import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx

from linkage.simulator.client import AgencyClient
from linkage.simulator.scenes import THEMES, Case, City

log = logging.getLogger("linkage.simulator")
STILL_TRIES, STILL_AGAIN_S = 5, 2.0


@dataclass(frozen=True)
class Habits:
    """How often what happens, as shares of the cases."""

    correct: float = 0.35
    cancel: float = 0.06
    same_scene: float = 0.12
    duplicate: float = 0.05
    is_drill: bool = False


def still_in(data: dict[str, Any]) -> dict[str, Any] | None:
    """Give what a STILL, or a report of the centre, tells of a picture."""
    payload: dict[str, Any] = data["payload"]
    told = payload if data["msg_type"] == "STILL" else payload.get("still")
    return told if told and "picture" in told else None


def _hash_of(response: httpx.Response) -> str:
    return hashlib.sha256(response.content).hexdigest()


class Room:
    """Runs what is due on one thread; webhooks only put work into its agenda."""

    themes = THEMES

    def __init__(
        self,
        *,
        client: AgencyClient,
        city: City,
        rate_per_min: float,
        habits: Habits | None = None,
        limit: int | None = None,
    ) -> None:
        self.client, self.city, self.rate_per_min = client, city, rate_per_min
        self.habits = habits or Habits()
        self.limit = limit
        self.sent = 0
        # What is fetched from it, by the last part of its address; see receiver.Page.
        self.pages: dict[str, Callable[[], tuple[str, bytes]]] = {}
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._numbers = itertools.count(1)
        self._started = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
        self._open: dict[str, Case] = {}
        # Of each still that was told: whether the picture came and was the one that was told.
        self.stills: dict[str, bool] = {}

    def run(self) -> None:
        """Work until the client is told to stop."""
        self.after(0, self._new_case)
        while not self.client.stopping.is_set():
            due = self._next_due()
            if due is not None:
                due()

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        with self._changed:
            heapq.heappush(self._agenda, (time.monotonic() + seconds, next(self._order), work))
            self._changed.notify()

    def _next_due(self) -> Callable[[], None] | None:
        with self._changed:
            if not self._agenda or self.client.faults.is_silent:
                self._changed.wait(0.5)
                return None
            wait_s = self._agenda[0][0] - time.monotonic()
            if wait_s > 0:
                self._changed.wait(min(wait_s, 0.5))
                return None
            return heapq.heappop(self._agenda)[2]

    def heard(self, event: dict[str, Any]) -> None:
        """Take a message of the centre: answer an acknowledgement by sending units."""
        if told := still_in(event["data"]):
            self.after(0, partial(self._fetch_still, told, STILL_TRIES))
        case = self._open.get(event["subject"])
        if case is None:
            return
        if event["data"]["msg_type"] == "CLOSE":
            self._open.pop(case.receipt_no, None)
        elif event["data"]["msg_type"] == "ACK":
            uid = event["id"]
            self.after(self.city.random.uniform(2, 8), lambda: self._dispatch(case, uid))

    def _fetch_still(self, told: dict[str, Any], tries: int) -> None:
        """Fetch the picture by the way that was told, and hold it against its hash."""
        try:
            response = self.client.fetch(told["picture"])
            status, is_whole = response.status_code, _hash_of(response) == told["sha256"]
        except httpx.HTTPError:
            status, is_whole = 0, False
        if (status == 0 or status >= 500 or status == 429) and tries > 1:
            self.after(STILL_AGAIN_S, partial(self._fetch_still, told, tries - 1))
            return
        self.stills[told["still"]] = status == 200 and is_whole
        log.info("still %s: HTTP %s, whole: %s", told["still"], status, is_whole)

    def _new_case(self) -> None:
        if self.limit is not None and self.sent >= self.limit:
            return
        gap_s = self.city.random.expovariate(self.rate_per_min / 60)
        self.after(min(gap_s, 600), self._new_case)
        self._report(self.city.case(receipt_no=self._number(), at=datetime.now(UTC)))

    def _number(self) -> str:
        return f"{self._started}-{next(self._numbers):05d}"

    def _report(self, case: Case) -> None:
        self._open[case.receipt_no] = case
        response = self.client.send("EVENT_NOTIFY", self._payload(case))
        self.sent += 1
        log.info("reported %s: HTTP %s", case.receipt_no, response.status_code)
        if response.status_code not in {201, 202}:
            self._open.pop(case.receipt_no, None)
            return
        self.city.town.note(case)
        chance, habits = self.city.random, self.habits
        if chance.random() < habits.duplicate:
            self.after(chance.uniform(0.5, 5), lambda: self._say_again(case))
        if chance.random() < habits.correct:
            self.after(chance.uniform(5, 40), lambda: self._correct(case))
        if chance.random() < habits.same_scene:
            self.after(chance.uniform(3, 60), lambda: self._another_caller(case))
        if chance.random() < habits.cancel:
            self.after(chance.uniform(15, 90), lambda: self._cancel(case))

    def _payload(self, case: Case) -> dict[str, Any]:
        return case.payload()

    def _say_again(self, case: Case) -> None:
        self.client.send("EVENT_NOTIFY", self._payload(case))

    def _correct(self, case: Case) -> None:
        if case.receipt_no in self._open:
            self.city.correct(case)
            self.client.send("EVENT_NOTIFY", self._payload(case))

    def _another_caller(self, case: Case) -> None:
        if self.limit is not None and self.sent >= self.limit:
            return
        at = datetime.now(UTC)
        self._report(self.city.same_scene(case, receipt_no=self._number(), at=at))

    def _cancel(self, case: Case) -> None:
        if self._open.pop(case.receipt_no, None) is not None:
            case.version += 1
            self.client.send(
                "CANCEL",
                {"receipt_no": case.receipt_no, "version": case.version, "reason": "오인 신고"},
            )

    def _dispatch(self, case: Case, uid: str) -> None:
        if case.receipt_no not in self._open or case.units:
            return
        unit = self._unit(case)
        case.units.append(unit)
        self._status(case, "DISPATCHED", unit, uid)
        self.after(
            self.city.random.uniform(20, 90), lambda: self._status(case, "ARRIVED", unit, "")
        )
        self.after(self.city.random.uniform(120, 400), lambda: self._end(case, unit))

    def _unit(self, case: Case) -> str:
        return f"{case.station[:2]}{self.city.random.randint(1, 9)}"

    def _end(self, case: Case, unit: str) -> None:
        self._status(case, "CLOSED", unit, "")
        self._open.pop(case.receipt_no, None)

    def _status(self, case: Case, status: str, unit: str, uid: str) -> None:
        if case.receipt_no in self._open:
            payload = {"receipt_no": case.receipt_no, "status": status, "unit": unit}
            self.client.send("STATUS_UPDATE", payload, correlation_id=uid)
