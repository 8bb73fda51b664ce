"""The simulated 112 room in full: it asks for video, and its cars say where they are."""

import math
from functools import partial
from typing import Any

from linkage.simulator.driving import POSITION_EVERY_S, STEPS, place_at
from linkage.simulator.room import Room
from linkage.simulator.scenes import Case

ASKS = 0.8
WATCHED = 2


class Police112Room(Room):
    """Answers a list of cameras by a request, and a report of the centre by its own number."""

    def heard(self, event: dict[str, Any]) -> None:
        super().heard(event)
        said, message_type = event["data"]["payload"], event["data"]["msg_type"]
        if message_type == "CAMERA_LIST" and event["subject"] in self._open:
            self._ask_for_video(event["subject"], said, event["id"])
        elif "report_no" in said:
            self.after(self.city.random.uniform(1, 4), lambda: self._take_in(said, event["id"]))

    def _ask_for_video(self, receipt_no: str, said: dict[str, Any], uid: str) -> None:
        cameras = [row["id"] for row in said.get("cameras", [])[:WATCHED]]
        if not cameras or said["version"] > 1 or self.city.random.random() > ASKS:
            return
        payload = {
            "receipt_no": receipt_no,
            "cameras": cameras,
            "purpose": "SCENE",
            "basis": "ACT-112",
        }
        wait_s = self.city.random.uniform(1, 5)
        self.after(wait_s, partial(self._send, "STREAM_REQUEST", payload, uid))

    def _send(self, message_type: str, payload: dict[str, Any], uid: str = "") -> None:
        self.client.send(message_type, payload, correlation_id=uid)

    def _take_in(self, said: dict[str, Any], uid: str) -> None:
        payload = {"receipt_no": self._number(), "report_no": said["report_no"]}
        self.client.send("ACK", payload, correlation_id=uid)

    def _status(self, case: Case, status: str, unit: str, uid: str) -> None:
        super()._status(case, status, unit, uid)
        if status == "DISPATCHED":
            bearing = self.city.random.uniform(0, math.tau)
            for step in range(STEPS):
                drive = partial(self._drive, case, unit, bearing, step)
                self.after(step * POSITION_EVERY_S, drive)

    def _drive(self, case: Case, unit: str, bearing: float, step: int) -> None:
        if case.receipt_no in self._open:
            payload = {"receipt_no": case.receipt_no, "unit": unit}
            payload |= place_at(case, bearing=bearing, step=step)
            self.client.send("UNIT_POSITION", payload)
