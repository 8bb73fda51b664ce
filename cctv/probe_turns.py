"""When which camera is probed, and what probing may cost: pure arithmetic.

Every camera has its own moment within the turn, drawn from its number, so that thousands are spread
evenly and a restart does not gather them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

# Knuth's multiplicative hash: neighbours in number are far apart in time.
_SPREAD = 2_654_435_761


def phase_s(camera_id: int, turn_s: float) -> float:
    """Give the camera's own moment within the turn. Units: seconds from its start."""
    return (camera_id * _SPREAD % 2**32) / 2**32 * turn_s


def next_turn(camera_id: int, after: datetime, turn_s: float) -> datetime:
    """Give the camera's next moment after this one."""
    now_s = after.timestamp()
    wait = (phase_s(camera_id, turn_s) - now_s) % turn_s
    return after + timedelta(seconds=wait or turn_s)


@dataclass
class Purse:
    """CPU time that probing may spend: filled steadily, emptied by what was truly spent.

    Units: seconds. `share` is of one core; what is saved never exceeds `most`.
    """

    share: float
    most: float = 2.0
    has: float = 1.0
    filled_at: float = 0.0

    def fill(self, now: float) -> None:
        self.has = min(self.most, self.has + self.share * max(0.0, now - self.filled_at))
        self.filled_at = now

    def spend(self, cpu_s: float) -> None:
        self.has -= cpu_s

    @property
    def is_open(self) -> bool:
        return self.has > 0
