"""What bin/faults breaks, and how: processes, services, lines, agencies of a throw-away room."""

import contextlib
import json
import os
import random
import signal
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controlroom.runtime import embedded, processes, room
from controlroom.runtime.places import Places
from controlroom.runtime.processes import Child
from controlroom.runtime.run import Room
from controlroom.runtime.supervisor import Kept
from controlroom.runtime.witnessed import Witness

WEB, WORKER, BEAT, AUDITOR = "web", "worker", "beat", "auditor"
REDIS, POSTGRES, LINE = "redis", "postgres", "line"
AGENCIES = ("police112-90010", "fire119-90010")
# Fetches by itself: its faults keep it from taking, or from saying that it has.
FETCHING = "disaster-90010"
TAKING = ("hang", "reset", "drip", "redirect", "no_ack", "garbage")
# In the first round these come first: the shortest run must not be without them.
FIRST = ("F8", "F2", "F9", "F6")
# An agency's clock: marked from 5 s on, refused from 5 min on.
CLOCKS_S = (20, -20, 600, -600)
# Until an agency has a message in its hands; there may be none to give it.
TAKEN_WITHIN_S = 8.0
NEVER = float("inf")


@dataclass(frozen=True)
class Fault:
    """What is done, under the number of reliability_and_console.md A6, and for how long."""

    number: str
    words: str
    begin: Callable[[], object]
    end: Callable[[], object] = lambda: None
    lasts_s: float = 0.0


@dataclass
class Breaker:
    """Makes the faults of one room, and keeps count of them."""

    running: Room
    places: Places
    witness: Witness
    dice: random.Random
    hold_s: float
    made: Counter[str] = field(default_factory=Counter)
    extra: Child | None = None
    rounds: int = 0

    def round(self, *, spared: str = "") -> list[Fault]:
        """Give every fault once or twice, the last one first, in an order of the dice.

        The spared agency is let be.
        """
        agency = self.dice.choice([each for each in AGENCIES if each != spared])
        every = [*self._of_processes(), *self._of_services(), *self._of_agencies(agency)]
        every += [
            Fault("F17", "the same report 40 times at once", lambda: self.witness.tell("storm")),
            Fault("F20", "60 reports at once", lambda: self.witness.tell("burst")),
            Fault("F22", "all screens reconnect at once", lambda: self.witness.tell("reconnect")),
            Fault("F24", "a commit sleeps while others go on", lambda: self.witness.tell("slow")),
        ]
        self.dice.shuffle(every)
        self.rounds += 1
        if self.rounds == 1:
            every.sort(key=lambda fault: fault.number in FIRST)
        return every

    def _of_processes(self) -> list[Fault]:
        return [
            *([Fault("F1", "web is killed by -9 with reports in its hands", self._kill_web)] * 2),
            *(
                Fault("F2", f"worker is killed by -9 while {each} has its message", take)
                for each in AGENCIES
                for take in [self._kill_worker_at(each)]
            ),
            self._killed("F3", BEAT),
            *([self._killed("F3", AUDITOR)] if self.find(AUDITOR) else []),
            Fault("F25", "a second beat runs", self._second_beat, self._end_beat, self.hold_s),
            self._gone("F25", BEAT),
        ]

    def _of_services(self) -> list[Fault]:
        return [
            Fault("F4", "redis forgets everything (FLUSHALL)", lambda: self.redis(b"FLUSHALL")),
            self._gone("F5", REDIS),
            Fault("F6", "redis restarts five times in a row", self._restart_redis),
            self._gone("F8", POSTGRES, 0.3, how=signal.SIGQUIT),
            Fault("F9", "one postgres session is killed by -9", self._kill_session),
            self._gone("F10", POSTGRES),
            Fault("F23", "the doorbell's connection falls silent", self.silence, lasts_s=1.0),
        ]

    def _of_agencies(self, agency: str) -> list[Fault]:
        taking = self.dice.choice(TAKING)
        clock_s = self.dice.choice(CLOCKS_S)
        return [
            self.misbehaves("F15", agency, taking),
            self.misbehaves("F15", FETCHING, self.dice.choice(TAKING)),
            self.misbehaves("F16", agency, "late"),
            self.misbehaves("F17", agency, "duplicate"),
            self.misbehaves("F18", agency, "out_of_order"),
            self.misbehaves("F19", agency, "wrong_clock", seconds=clock_s),
        ]

    def misbehaves(
        self, number: str, agency: str, mode: str, lasts_s: float = 0.0, *, seconds: float = 0.0
    ) -> Fault:
        by = f" by {seconds:+.0f} s" if seconds else ""
        return Fault(
            number,
            f"{agency}: {mode}{by}",
            lambda: self.switch(agency, mode, seconds=seconds),
            lambda: self.switch(agency, "ok"),
            lasts_s or self.hold_s,
        )

    def make(self, fault: Fault) -> None:
        fault.begin()
        self.made[fault.number] += 1

    # --- processes ----------------------------------------------------------------------
    def find(self, name: str) -> Kept | None:
        kept = self.running.supervisor.kept
        return next((each for each in kept if each.spec.name == name), None)

    def kill(self, name: str, back_after_s: float, how: int = signal.SIGKILL) -> None:
        kept = self.find(name)
        if kept is None or kept.child is None:
            return
        kept.pause_s = back_after_s
        with contextlib.suppress(ProcessLookupError):
            os.kill(kept.child.pid, how)
        self.wait(lambda: kept.child is None, 10.0)
        kept.due_at = time.monotonic() + back_after_s

    def bring_back(self, *names: str) -> None:
        for name in names:
            if kept := self.find(name):
                kept.pause_s = kept.due_at = 0.0

    def wait(self, done: Callable[[], bool], seconds: float) -> bool:
        """Keep everything running until it is done, or the time is over."""
        ends = time.monotonic() + seconds
        while not done():
            if time.monotonic() > ends:
                return False
            self.running.supervisor.look()
            time.sleep(0.05)
        return True

    def _killed(self, number: str, name: str) -> Fault:
        return Fault(number, f"{name} is killed by -9", lambda: self.kill(name, 0.3))

    def _gone(
        self, number: str, name: str, seconds: float = 0.0, how: int = signal.SIGKILL
    ) -> Fault:
        seconds = seconds or self.hold_s
        words = f"{name} is gone" if seconds > 1 else f"{name} is stopped at once"
        return Fault(number, words, lambda: self.kill(name, seconds, how), lasts_s=seconds + 1.0)

    def _kill_web(self) -> None:
        """Kill it a random moment after twenty reports set out."""
        self.witness.tell("salvo")
        self.wait(lambda: False, self.dice.uniform(0.05, 0.5))
        self.kill(WEB, 0.3)

    def _kill_worker_at(self, agency: str) -> Callable[[], None]:
        def kill() -> None:
            """Kill it between the agency's taking of a message and the answer."""
            self.switch(agency, "delay", seconds=4, times=1)
            self.witness.tell("salvo")
            if self.wait(lambda: self._used(agency), TAKEN_WITHIN_S):
                self.made["F2 before the answer"] += 1
            self.kill(WORKER, 0.3)
            self.switch(agency, "taking-ok")

        return kill

    def _second_beat(self) -> None:
        if self.find(BEAT) is None:
            return
        spec = room.beat(self.places, self.running.env, name="beat-2")
        mark = self.running.supervisor.mark
        self.extra = processes.start(spec, log=self.places.log / "beat-2.log", mark=mark)

    def _end_beat(self) -> None:
        if self.extra is not None:
            self.extra.signal_group(signal.SIGKILL)
            self.extra.process.wait()
            self.extra = None

    # --- services -----------------------------------------------------------------------
    def redis(self, command: bytes) -> None:
        with contextlib.suppress(OSError):
            embedded.tell_redis(self.places, command)

    def silence(self) -> bool:
        """Let the connections that hear the doorbell fall silent; False when there was none."""
        kept = self.find(LINE)
        if kept is None or kept.child is None:
            return False
        before = len(self._silences())
        os.kill(kept.child.pid, signal.SIGUSR1)
        self.wait(lambda: len(self._silences()) > before, 5.0)
        silenced = sum(self._silences()[before:])
        self.made["F23 connections"] += silenced
        return silenced > 0

    def _silences(self) -> list[int]:
        lines = processes.tail(self.places.log / f"{LINE}.log", 1_000_000).splitlines()
        return [int(line.split()[1]) for line in lines if line.startswith("silenced ")]

    def _restart_redis(self) -> None:
        for _time in range(5):
            self.kill(REDIS, 0.2)
            self.wait(lambda: False, 0.8)

    def _kill_session(self) -> None:
        """Kill one session of the application: PostgreSQL then ends all and recovers."""
        kept = self.find(POSTGRES)
        sessions = list(_sessions(kept.child.pid)) if kept and kept.child else []
        if sessions:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.dice.choice(sessions), signal.SIGKILL)

    # --- agencies -----------------------------------------------------------------------
    def switch(self, agency: str, mode: str, **more: float) -> None:
        _call(f"{self._door(agency)}faults", {"mode": mode, **more})

    def _used(self, agency: str) -> bool:
        state = _call(self._door(agency))
        return bool(state) and state["faults"]["taking"]["left"] == 0

    def _door(self, agency: str) -> str:
        return f"http://127.0.0.1:{self.running.env['CONTROLROOM_SIM_PORT']}/agency/{agency}/"


def _sessions(postmaster: int) -> Iterator[int]:
    """Find the sessions of the application among the server's own processes."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            title = (folder / "cmdline").read_bytes()
            if parent == postmaster and title.startswith(b"postgres: controlroom"):
                yield int(folder.name)


def _call(url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Ask the stand-in agencies' door; empty when it does not answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data)  # noqa: S310
    with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
        found: dict[str, Any] = json.loads(answer.read())
        return found
    return {}
