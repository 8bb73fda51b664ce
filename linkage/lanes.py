"""Which turns may run side by side in one worker, so that urgent news always finds a thread.

Long queues have some of the threads, agencies that answer slowly have others, and the rest stay
free. What finds its lane full waits here, best first, and is rung for again when a place is free.
All of it is memory of one process and may be lost with it: the sweep finds what waited.
"""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

# Of the worker's eight threads (controlroom.runtime.room, deploy/): two are left for urgent news.
PLACES = {"long": 4, "slow": 2}
# An agency whose last answer, or silence, took longer than this is called in the slow lane.
SLOW_S = 1.0
# Before each message, a long queue waits so long for what is urgent: threads share one processor.
GIVE_WAY_S = 0.1


class Lanes:
    def __init__(self, places: dict[str, int]) -> None:
        self._free = dict(places)
        self._waiting: dict[str, dict[int, dict[int, None]]] = {
            lane: defaultdict(dict) for lane in places
        }
        self._slow: set[int] = set()
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

    def is_slow(self, link_id: int) -> bool:
        return link_id in self._slow

    def answered_in(self, link_id: int, took_s: float) -> None:
        """Remember how long the link's agency took for its last answer, or we for want of one."""
        with self._lock:
            if took_s > SLOW_S:
                self._slow.add(link_id)
            else:
                self._slow.discard(link_id)

    def enter(self, lane: str, link_id: int, priority: int) -> bool:
        """Take a place; without one, put the link in line and say False."""
        with self._lock:
            if self._free[lane] > 0:
                self._free[lane] -= 1
                return True
            self._waiting[lane][priority][link_id] = None
            return False

    def leave(self, lane: str) -> tuple[int, int] | None:
        """Give the place back; give the link that is to be rung for now, and its priority."""
        with self._lock:
            self._free[lane] += 1
            line = self._waiting[lane]
            for priority in sorted(line):
                if line[priority]:
                    link_id = next(iter(line[priority]))
                    # One look serves whatever it was rung for.
                    for links in line.values():
                        links.pop(link_id, None)
                    return link_id, priority
            return None


lanes = Lanes(PLACES)
