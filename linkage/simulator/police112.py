"""The simulated 112 room in full: it asks for video, its cars move and see their cases."""

import itertools
import logging
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from linkage.simulator.driving import POSITION_EVERY_S, STEPS, place_at
from linkage.simulator.patrol import PatrolTerminal
from linkage.simulator.room import Room
from linkage.simulator.scenes import Case
from linkage.simulator.watching import Watching

log = logging.getLogger("linkage.simulator")
# Of the cases that end, so many are followed by a request for what was recorded.
REQUESTS = 0.1
BACK = timedelta(minutes=5)
BASIS = "PIPA-18-2-7"
LETTER = b"%PDF-1.7 simulated official letter"
# Of so many cameras of its list.
WATCHED = 2
CALL_SIGNS = ("순찰11호", "순찰12호", "순찰21호")
ENROL_AGAIN_S, LOOK_EVERY_S = 30.0, 5.0


class Police112Room(Room):
    """Answers a list of cameras by a request, and a report of the centre by its own number.

    Each case that a car is sent to is shared with the next of its terminals.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.watching = Watching("ACT-112", self._send, self.after, self.city.random)
        self.terminals = [
            PatrolTerminal(self.client.account.base_url, number=f"SIM-{n}", call_sign=call_sign)
            for n, call_sign in enumerate(CALL_SIGNS, 1)
        ]
        self._next: Iterator[PatrolTerminal] = iter(())
        # By case: the cameras that were listed first.
        self._listed: dict[str, list[int]] = {}
        # How each request for recorded video stands, as the centre tells.
        self.exports: dict[str, str] = {}

    def run(self) -> None:
        self.after(0, self.enrol)
        super().run()

    def enrol(self) -> None:
        """Register the terminals and let their browsers use the codes; tried until it works."""
        for terminal in self.terminals:
            said = {"number": terminal.number, "call_sign": terminal.call_sign}
            answer = self.client.ask("terminals", said)
            if answer.status_code != 201 or not terminal.enrol(answer.json()["enrolment_code"]):
                self.after(ENROL_AGAIN_S, self.enrol)
                return
        self._next = itertools.cycle(self.terminals)

    def heard(self, event: dict[str, Any]) -> None:
        super().heard(event)
        if event["subject"] in self._open:
            self.watching.heard(event["subject"], event)
        said, message_type = event["data"]["payload"], event["data"]["msg_type"]
        if message_type == "CAMERA_LIST" and event["subject"] in self._open:
            cameras = said.get("cameras", [])[:WATCHED]
            self._listed[event["subject"]] = [row["id"] for row in cameras]
        elif message_type == "EXPORT":
            self.exports[said["export"]] = said["state"]
            log.info("recorded video %s: %s %s", said["export_no"], said["state"], said["reason"])
        elif "report_no" in said and message_type != "ACK":
            self.after(self.city.random.uniform(1, 4), lambda: self._take_in(said, event["id"]))

    def _send(self, message_type: str, payload: dict[str, Any], uid: str = "") -> None:
        self.client.send(message_type, payload, correlation_id=uid)

    def _take_in(self, said: dict[str, Any], uid: str) -> None:
        payload = {"receipt_no": self._number(), "report_no": said["report_no"]}
        self.client.send("ACK", payload, correlation_id=uid)

    def _status(self, case: Case, status: str, unit: str, uid: str) -> None:
        super()._status(case, status, unit, uid)
        if status == "DISPATCHED":
            self._share(case, unit)
            bearing = self.city.random.uniform(0, math.tau)
            for step in range(STEPS):
                drive = partial(self._drive, case, unit, bearing, step)
                self.after(step * POSITION_EVERY_S, drive)

    def _end(self, case: Case, unit: str) -> None:
        super()._end(case, unit)
        cameras = self._listed.pop(case.receipt_no, [])
        if cameras and self.city.random.random() < REQUESTS:
            self.after(1, partial(self.ask_for_recording, case.receipt_no, cameras))

    def ask_for_recording(self, receipt_no: str, cameras: list[int]) -> None:
        """Ask for what the cameras recorded of late, and hand in the letter."""
        until = datetime.now(UTC)
        said = {
            "receipt_no": receipt_no,
            "cameras": cameras,
            "since": (until - BACK).isoformat(),
            "until": until.isoformat(),
            "purpose": "사건 수사",
            "legal_basis": BASIS,
        }
        answer = self.client.ask("exports", said, key=f"export-{receipt_no}")
        if answer.status_code == 201:
            made = answer.json()
            self.exports[made["export"]] = made["state"]
            door = f"exports/{made['export']}/letter?number=SIM-{receipt_no}&name=letter.pdf"
            self.exports[made["export"]] = self.client.hand_in(door, LETTER).json()["state"]
        log.info("asked for recorded video of %s: HTTP %s", receipt_no, answer.status_code)

    def _share(self, case: Case, unit: str) -> None:
        terminal = next(self._next, None)
        if terminal is None or case.receipt_no not in self._open:
            return
        said = {"terminal": terminal.number, "unit": unit}
        if self.client.ask(f"cases/{case.receipt_no}/shares", said).status_code == 201:
            terminal.receipt_no = case.receipt_no
            self._look(terminal, case.receipt_no)

    def _look(self, terminal: PatrolTerminal, receipt_no: str) -> None:
        """Look at the case until it is over, or another one took its place."""
        if terminal.receipt_no == receipt_no and terminal.look():
            self.after(LOOK_EVERY_S, partial(self._look, terminal, receipt_no))

    def _drive(self, case: Case, unit: str, bearing: float, step: int) -> None:
        if case.receipt_no in self._open:
            payload = {"receipt_no": case.receipt_no, "unit": unit}
            payload |= place_at(case, bearing=bearing, step=step)
            self.client.send("UNIT_POSITION", payload)
