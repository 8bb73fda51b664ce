"""How a simulated room asks for video: the list first, then cameras out of it, on its own law."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

# Of its cases, and of the cameras of a list.
ASKS = 0.8
WATCHED = 2
WAITS_S = (1, 5)

Send = Callable[[str, dict[str, Any], str], None]


@dataclass
class Watching:
    """The video side of a room; `after` and `send` are the room's own."""

    basis: str
    send: Send
    after: Callable[[float, Callable[[], None]], None]
    chance: Random
    purpose: str = "SCENE"
    ground: str = ""
    # The cases whose list was asked for or has come.
    known: set[str] = field(default_factory=set)
    # What was said to each request, by its type: granted, refused.
    answers: dict[str, int] = field(default_factory=dict)

    def heard(self, receipt_no: str, event: dict[str, Any]) -> None:
        """Ask for the list when the centre has seen the case, and for cameras when it comes."""
        said = event["data"]["payload"]
        match event["data"]["msg_type"]:
            case "ACK" if receipt_no not in self.known:
                self.known.add(receipt_no)
                self._later(receipt_no, event["id"])
            case "CAMERA_LIST":
                cameras = [row["id"] for row in said.get("cameras", [])[:WATCHED]]
                self.known.add(receipt_no)
                if cameras and said["version"] == 1 and self.chance.random() <= ASKS:
                    self._later(receipt_no, event["id"], cameras=cameras)
            case "STREAM_GRANT" | "STREAM_DENY" as answer:
                self.answers[answer] = self.answers.get(answer, 0) + 1

    def _later(self, receipt_no: str, uid: str, **more: Any) -> None:
        said = {"receipt_no": receipt_no, "purpose": self.purpose, "basis": self.basis, **more}
        if self.ground:
            said["ground"] = self.ground
        wait_s = self.chance.uniform(*WAITS_S)
        self.after(wait_s, partial(self.send, "STREAM_REQUEST", said, uid))
