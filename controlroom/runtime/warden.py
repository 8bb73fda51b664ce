"""A second process that outlives the supervisor just long enough to end what it leaves behind."""

import contextlib
import os
import signal
import time

from controlroom.runtime.processes import ask_marked, end_marked

GRACE_S = 3.0


class Warden:
    """Knows the process groups of the children; acts when the supervisor's end of the pipe closes.

    The kernel's parent-death signal asks each direct child; the warden insists, and also finds
    what children started in sessions of their own.
    """

    def __init__(self, mark: str) -> None:
        self.mark = mark
        reading, self._writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._writing)
            self._watch(reading)
        os.close(reading)

    def add(self, group: int) -> None:
        self._tell(f"+{group}\n")

    def remove(self, group: int) -> None:
        self._tell(f"-{group}\n")

    def dismiss(self) -> None:
        """Close the pipe after everything has stopped, and wait for the warden's own sweep."""
        os.close(self._writing)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)

    def _tell(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError):
            os.write(self._writing, line.encode())

    def _watch(self, reading: int) -> None:
        try:
            os.setsid()
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            groups = read_groups(reading)
            ask_marked(self.mark)
            end_groups(groups, within_s=GRACE_S)
            end_marked(self.mark)
        finally:
            # Nothing of the supervisor's own ending may run twice.
            os._exit(0)


def read_groups(reading: int) -> set[int]:
    """Follow the supervisor's lines until it is gone; give the groups that were left."""
    groups: set[int] = set()
    with os.fdopen(reading, encoding="ascii") as lines:
        for line in lines:
            sign, group = line[0], int(line[1:])
            if sign == "+":
                groups.add(group)
            else:
                groups.discard(group)
    return groups


def end_groups(groups: set[int], *, within_s: float) -> None:
    """Wait for groups to end after the kernel's signal to their leaders, then kill what is left."""
    for group in groups:
        _signal_group(group, signal.SIGTERM)
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline and any(_signal_group(group, 0) for group in groups):
        time.sleep(0.1)
    for group in groups:
        _signal_group(group, signal.SIGKILL)


def _signal_group(group: int, number: int) -> bool:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
