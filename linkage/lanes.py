"""Which turns may run side by side in one worker, so that urgent news always finds a thread.

Long queues have some of the threads, agencies that answer slowly have others, what we ask of other
offices (traffic feeds, CAP alerts) has its own, films are made one at a time, and the rest stay
free. What finds its lane full
waits here, best first, and is rung for again when a place is free. All of it is memory of one
process and may be lost with it: the sweep, or beat's next question, finds what waited.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

# Of the worker's eleven threads (controlroom.runtime.room, deploy/): two are left for urgent news.
PLACES = {"long": 4, "slow": 2, "asks": 1, "slow asks": 1, "films": 1}
# Who took longer than this for the last answer, or silence, is called in the slow lane.
SLOW_S = 1.0
# Before each message, a long queue waits so long for what is urgent: threads share one processor.
GIVE_WAY_S = 0.1


# A link by its key; a source that we ask by its kind and key.
Caller = int | tuple[str, int]


class Lanes:
    def __init__(self, places: dict[str, int]) -> None:
        self._free = dict(places)
        self._waiting: dict[str, dict[int, dict[Caller, None]]] = {
            lane: defaultdict(dict) for lane in places
        }
        self._slow: set[Caller] = set()
        self._hurrying = 0
        self._nobody_hurries = threading.Event()
        self._nobody_hurries.set()
        self._lock = threading.Lock()

    @contextmanager
    def hurrying(self) -> Iterator[None]:
        """Let the others of this process give way meanwhile."""
        self._hurry(1)
        try:
            yield
        finally:
            self._hurry(-1)

    def _hurry(self, change: int) -> None:
        with self._lock:
            self._hurrying += change
            if self._hurrying:
                self._nobody_hurries.clear()
            else:
                self._nobody_hurries.set()

    def give_way(self, *, urgent: bool) -> None:
        """Wait a moment while somebody hurries, unless what comes is urgent itself."""
        if not urgent:
            self._nobody_hurries.wait(GIVE_WAY_S)

    def is_slow(self, caller: Caller) -> bool:
        return caller in self._slow

    @contextmanager
    def timed(self, caller: Caller) -> Iterator[None]:
        """Remember how long the other end takes to answer, or we for want of an answer."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.answered_in(caller, time.monotonic() - began)

    def answered_in(self, caller: Caller, took_s: float) -> None:
        with self._lock:
            if took_s > SLOW_S:
                self._slow.add(caller)
            else:
                self._slow.discard(caller)

    def enter(self, lane: str, caller: Caller, priority: int) -> bool:
        """Take a place; without one, put the caller in line and say False."""
        with self._lock:
            if self._free[lane] > 0:
                self._free[lane] -= 1
                return True
            self._waiting[lane][priority][caller] = None
            return False

    def leave(self, lane: str) -> tuple[Caller, int] | None:
        """Give the place back; give who is to be rung for now, and with what priority."""
        with self._lock:
            self._free[lane] += 1
            line = self._waiting[lane]
            for priority in sorted(line):
                if line[priority]:
                    caller = next(iter(line[priority]))
                    # One look serves whatever it was rung for.
                    for callers in line.values():
                        callers.pop(caller, None)
                    return caller, priority
            return None


lanes = Lanes(PLACES)
