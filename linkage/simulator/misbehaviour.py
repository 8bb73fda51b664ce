"""How a stand-in agency may misbehave, switched by HTTP: as one who takes, and as one who sends."""

import threading
from dataclasses import dataclass, field
from typing import Any

# What we send to it: POST .../faults {"mode": ..., "seconds": ..., "times": ...}.
TAKING = frozenset(
    {
        "error500",
        "hang",
        "reset",
        "drip",
        "redirect",
        "late",
        "delay",
        "no_ack",
        "garbage",
        "refuse",
    }
)
# What it sends to us.
SENDING = frozenset(
    {
        "duplicate",
        "out_of_order",
        "wrong_signature",
        "wrong_clock",
        "unknown_code",
        "flood",
        "silent",
    }
)
# "ok" ends both faults, the others the one of their side.
OK, TAKING_OK, SENDING_OK = "ok", "taking-ok", "sending-ok"
MODES = TAKING | SENDING | {OK, TAKING_OK, SENDING_OK}
# Longer than we wait for an answer.
LATE_S = 31.0
WRONG_CLOCK_S = 600.0
FOREVER = 1_000_000


@dataclass
class Fault:
    mode: str = OK
    seconds: float = 0.0
    left: int = 0


@dataclass
class Faults:
    """The faults of one agency: at most one as a taker and one as a sender at a time."""

    taking: Fault = field(default_factory=Fault)
    sending: Fault = field(default_factory=Fault)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def set(self, asked: dict[str, Any]) -> bool:
        """Switch a fault on or off. False for a mode that is not known."""
        mode = asked.get("mode", OK)
        if mode not in MODES:
            return False
        fault = Fault(mode, float(asked.get("seconds", 0)), int(asked.get("times", FOREVER)))
        if mode in {OK, TAKING_OK, SENDING_OK}:
            fault = Fault()
        with self._lock:
            if mode in TAKING or mode in {OK, TAKING_OK}:
                self.taking = fault
            if mode in SENDING or mode in {OK, SENDING_OK}:
                self.sending = fault
        return True

    @property
    def is_silent(self) -> bool:
        """Whether the agency says nothing at all of its own."""
        return self.sending.mode == "silent"

    def take(self) -> Fault:
        """Use up one turn of the taker's fault."""
        return self._use(self.taking)

    def send(self) -> Fault:
        """Use up one turn of the sender's fault."""
        return self._use(self.sending)

    def _use(self, fault: Fault) -> Fault:
        with self._lock:
            if fault.mode == OK or fault.left <= 0:
                return Fault()
            fault.left -= 1
            return Fault(fault.mode, fault.seconds, fault.left)

    def state(self) -> dict[str, Any]:
        with self._lock:
            return {
                side: {"mode": fault.mode, "left": fault.left, "seconds": fault.seconds}
                for side, fault in (("taking", self.taking), ("sending", self.sending))
            }
