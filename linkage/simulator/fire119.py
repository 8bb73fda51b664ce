"""The simulated 119 room: cases with every time stamp, engines on their way, an end."""

import math
from datetime import UTC, datetime
from functools import partial
from typing import Any

from linkage.simulator.driving import POSITION_EVERY_S, STEPS, place_at
from linkage.simulator.room import Room
from linkage.simulator.scenes import Case, Theme
from linkage.simulator.watching import Watching

THEMES: tuple[Theme, ...] = (
    Theme("F01", "건물화재", "1", ("상가 2층에서 검은 연기", "주방에서 불이 번짐"), 3),
    Theme("F03", "차량화재", "12", ("승용차 엔진에서 불꽃",), 2),
    Theme("R01", "교통사고구조", "1", ("차량에 운전자가 끼임",), 2),
    Theme("R02", "승강기구조", "2", ("승강기에 사람이 갇힘",), 2),
    Theme("E01", "심정지", "1", ("의식과 호흡이 없음",), 2),
    Theme("E02", "부상", "23", ("계단에서 넘어져 움직이지 못함",), 5),
)
# What each step of a unit is in the words of 119.
STEPS_OF = {
    "DISPATCHED": ("ordered", "departed"),
    "ARRIVED": ("arrived",),
    "CLOSED": ("under_control", "withdrawn"),
}
# Cases that 112 is always called to as well.
WITH_POLICE = frozenset({"R01"})


class Fire119Room(Room):
    """Reports as the 112 room does, in the words of 119, and stamps each step of its engines."""

    themes = THEMES

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.watching = Watching("ACT-119", self._send, self.after, self.city.random)

    def heard(self, event: dict[str, Any]) -> None:
        super().heard(event)
        if event["subject"] in self._open:
            self.watching.heard(event["subject"], event)

    def _send(self, message_type: str, payload: dict[str, Any], uid: str) -> None:
        self.client.send(message_type, payload, correlation_id=uid)

    def _payload(self, case: Case) -> dict[str, Any]:
        said = case.payload()
        return {
            "receipt_no": said["receipt_no"],
            "version": said["version"],
            "kind_code": said["kind_code"],
            "kind_name": said["kind_name"],
            "urgency": said["urgency"],
            "place": said["place"],
            "address": said["address"],
            "summary": said["summary"],
            "received_at": case.occurred_at.isoformat(),
            "units": [{"unit": unit, "vehicle": "pumper"} for unit in case.units],
        }

    def _unit(self, _case: Case) -> str:
        return f"한빛펌프{self.city.random.randint(1, 9)}"

    def _status(self, case: Case, status: str, unit: str, uid: str) -> None:
        if case.receipt_no not in self._open:
            return
        now = datetime.now(UTC).isoformat()
        times = [{"step": step, "at": now, "unit": unit} for step in STEPS_OF[status]]
        payload = {"receipt_no": case.receipt_no, "times": times}
        self.client.send("STATUS_UPDATE", payload, correlation_id=uid)
        if status == "DISPATCHED":
            bearing = self.city.random.uniform(0, math.tau)
            for step in range(STEPS):
                self.after(step * POSITION_EVERY_S, partial(self._drive, case, unit, bearing, step))
            if case.theme.code in WITH_POLICE:
                said = {"receipt_no": case.receipt_no, "text": "112와 공동대응: 교통 통제"}
                self.client.send("CO_RESPONSE", said)
        elif status == "CLOSED":
            payload = {"receipt_no": case.receipt_no, "closing_code": "DONE"}
            self.client.send("CLOSE", payload)

    def _drive(self, case: Case, unit: str, bearing: float, step: int) -> None:
        if case.receipt_no in self._open:
            position = {"unit": unit, "vehicle": "pumper"}
            position |= place_at(case, bearing=bearing, step=step)
            payload = {"receipt_no": case.receipt_no, "positions": [position]}
            self.client.send("UNIT_POSITION", payload)
