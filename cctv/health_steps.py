"""How many looks it takes to believe a state of a camera and to believe that it is over: pure.

A state is believed after so many looks in a row that all say it, over at least so many seconds.
So one lorry before the lens, one flash or one lost packet changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple


class Step(NamedTuple):
    looks: int
    seconds: float


# To detect, by state; "online" is what it takes to clear any other. Cameras that somebody watches
# are looked at every LIVE_S, others once in a turn, and every AGAIN_S while there is a suspicion.
STEPS: dict[str, Step] = {
    "offline": Step(2, 5.0),
    "frozen": Step(2, 5.0),
    "covered": Step(3, 15.0),
    "dark": Step(3, 15.0),
    "blurred": Step(4, 30.0),
    "online": Step(2, 5.0),
    "unknown": Step(1, 0.0),
}
LIVE_S = 10.0
AGAIN_S = 15.0
# A camera that was never judged is believed at its first good look: it takes nothing away.
FIRST = Step(1, 0.0)


@dataclass(frozen=True)
class Memory:
    """What is believed of a camera, and what is suspected instead."""

    state: str = "unknown"
    since: datetime | None = None
    suspect: str = ""
    suspect_since: datetime | None = None
    looks: int = 0

    @property
    def suspects(self) -> bool:
        return bool(self.suspect)


def step(memory: Memory, seen: str, now: datetime) -> Memory:
    """Take one look into account. A believed state began when the first of its looks said so."""
    if seen == memory.state:
        return Memory(memory.state, memory.since)
    goes_on = seen == memory.suspect and memory.suspect_since is not None
    began = memory.suspect_since if goes_on and memory.suspect_since else now
    looks = memory.looks + 1 if goes_on else 1
    needed = FIRST if (memory.state, seen) == ("unknown", "online") else STEPS[seen]
    if looks >= needed.looks and now - began >= timedelta(seconds=needed.seconds):
        return Memory(seen, began)
    return Memory(memory.state, memory.since, seen, began, looks)


def detected_within_s(state: str, *, turn_s: float, is_watched: bool) -> float:
    """State the longest time from the fault to its state, looks on time."""
    needed = STEPS[state]
    every = LIVE_S if is_watched else AGAIN_S
    more = max(needed.looks - 1, -(-needed.seconds // every)) * every
    return (LIVE_S if is_watched else turn_s) + more
