"""bin/faults: the whole system under load and seeded random faults, then the count of its books.

Everything runs on throw-away services of its own. A witness (tests/faults/witness.py) watches like
operators do and compares at the end what was accepted, what the journal says, what every screen
shows and what the agencies were told. With a part of the system left out the count must not come
out: that is how the witness itself is tested.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controlroom.runtime import embedded, packages, places, processes, room, run
from controlroom.runtime.places import CHECKOUT, CannotRun, Places
from controlroom.runtime.processes import Child
from controlroom.runtime.run import Room
from controlroom.runtime.supervisor import Kept

PARTS = ("sweeper", "rejoin", "auditor")
# Its presence in the state folder is what lets CONTROLROOM_FAULTS_WITHOUT count.
MARKER = "faults-run"
SETTLED_WITHIN_S = 180.0
VERDICT_WITHIN_S = 600.0
# Long enough that an obligation becomes overdue and its alarm is due.
OUTAGE_S = 80.0
WEB, WORKER, BEAT, AUDITOR, REDIS, POSTGRES = (
    "web",
    "worker",
    "beat",
    "auditor",
    "redis",
    "postgres",
)
AGENCIES = ("police112-90010", "fire119-90010")


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1_000_000)
    for name in ("DATABASE_URL", "REDIS_URL"):
        for given in (name, f"{name}_FILE"):
            # These faults may meet no service of anybody else.
            os.environ.pop(given, None)
    run.provide(develop=False)
    temporary = places.throw_away("faults")
    try:
        with temporary.held(), _opened(temporary, options.without) as running:
            return _Run(running, temporary, seed, options).go()
    except KeyboardInterrupt:
        return 130
    finally:
        temporary.remove()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bin/faults",
        description="Start everything on throw-away services, break it at random under load, and "
        "count: accepted = journal = every screen = what the agencies were told, once each, and "
        "nothing overdue without an alarm. Exit 0 when the count comes out.",
    )
    parser.add_argument("--minutes", type=float, default=2.0, help="how long faults go on (2)")
    parser.add_argument("--seed", type=int, help="repeats a run's order of faults")
    parser.add_argument(
        "--without", choices=PARTS, default="", help="leave a part out: the run must then fail"
    )
    return parser


def _opened(where: Places, without: str) -> contextlib.AbstractContextManager[Room]:
    where.create()
    (where.app / MARKER).touch()
    return run.open_room(
        where,
        port=room.free_port(),
        settings={
            "CONTROLROOM_FAULTS_WITHOUT": without,
            "CONTROLROOM_WATCH_EVERY_S": "2",
            "CONTROLROOM_REJOIN_S": "15",
            "CONTROLROOM_SIM_AGENCIES": "police112,fire119",
            "CONTROLROOM_SIM_RATE": "40",
        },
        watched=without != "auditor",
    )


@dataclass(frozen=True)
class Fault:
    """What is done, under the number of reliability_and_console.md A6, and for how long."""

    number: str
    words: str
    begin: Callable[[], object]
    end: Callable[[], object] = lambda: None
    lasts_s: float = 0.0


@dataclass
class _Run:
    """One run: its room, its witness, its dice."""

    running: Room
    places: Places
    seed: int
    options: argparse.Namespace
    extra: Child | None = None
    rounds: int = 0
    began: float = field(default_factory=time.monotonic)

    def go(self) -> int:
        self.dice = random.Random(self.seed)  # noqa: S311 - an order of faults, not a secret
        self.length_s = self.options.minutes * 60
        without = f", without the {self.options.without}" if self.options.without else ""
        print(f"seed {self.seed}, {self.options.minutes:g} min of faults{without}", flush=True)
        with _Witness(self.running.env) as self.witness:
            self._wait(lambda: self.witness.said("watching"), SETTLED_WITHIN_S)
            self.began = time.monotonic()
            self._break_things()
            self._closing_act()
            self.witness.tell("verify")
            self._wait(lambda: self.witness.verdict is not None, VERDICT_WITHIN_S)
            code = self.witness.verdict
        if code is None:
            print("  FAILED  the witness gave no verdict in time")
            code = 1
        if code:
            run.show_logs(self.places)
        return code

    # --- the course of a run ------------------------------------------------------------
    def _break_things(self) -> None:
        """Break one thing after the other, in a new order each round, while one agency is out."""
        out = self._agency("F15", "error500", OUTAGE_S, agency=AGENCIES[0])
        self._say(out)
        out.begin()
        ends = self.began + OUTAGE_S
        order: list[Fault] = []
        while time.monotonic() - self.began < self.length_s:
            if ends and time.monotonic() > ends:
                out.end()
                ends = 0.0
            order = order or self._round()
            self._make(order.pop())
        self._sleep(max(0.0, ends - time.monotonic()))
        out.end()

    def _round(self) -> list[Fault]:
        self.rounds += 1
        every = self._faults()
        self.dice.shuffle(every)
        return every

    def _make(self, fault: Fault) -> None:
        self._say(fault)
        fault.begin()
        self._sleep(fault.lasts_s)
        fault.end()
        self._sleep(self.dice.uniform(0.5, 1.5))

    def _closing_act(self) -> None:
        """Let agencies fail while the last reports come: only a sweep can find those later."""
        self._say(Fault("F15", "both agencies answer 500 while the last reports come", lambda: 0))
        for agency in AGENCIES:
            self._switch(agency, "error500")
        self.witness.tell("burst")
        self._sleep(6)
        for agency in AGENCIES:
            self._switch(agency, "silent")
        self._sleep(4)
        for agency in AGENCIES:
            self._switch(agency, "taking-ok")

    def _say(self, fault: Fault) -> None:
        lasting = f" for {fault.lasts_s:.0f} s" if fault.lasts_s else ""
        at = time.monotonic() - self.began
        print(f"  {at:7.1f} s  {fault.number:<4} {fault.words}{lasting}", flush=True)

    def _sleep(self, seconds: float) -> None:
        self._wait(lambda: False, seconds)

    def _wait(self, done: Callable[[], bool], seconds: float) -> None:
        """Keep everything running until it is done, or the time is over."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and not done():
            self.running.supervisor.look()
            time.sleep(0.05)

    # --- the faults ---------------------------------------------------------------------
    def _faults(self) -> list[Fault]:
        hold = min(max(self.length_s / 40, 4.0), 20.0)
        # While the long outage of the first is on, the other one misbehaves.
        agency = AGENCIES[1] if self.rounds == 1 else self.dice.choice(AGENCIES)
        taking = self.dice.choice(["hang", "reset", "drip", "redirect", "no_ack", "garbage"])
        return [
            *(self._killed("F1", WEB) for _twice in range(2)),
            *(self._killed("F2", WORKER) for _twice in range(2)),
            self._killed("F3", BEAT),
            *([self._killed("F3", AUDITOR)] if self._find(AUDITOR) else []),
            Fault("F4", "redis forgets everything (FLUSHALL)", lambda: self._redis(b"FLUSHALL")),
            self._gone("F5", REDIS, hold),
            Fault("F6", "redis restarts five times in a row", self._restart_redis),
            self._gone("F8", POSTGRES, 0.3, how=signal.SIGQUIT),
            Fault("F9", "one postgres session is killed by -9", self._kill_session),
            self._gone("F10", POSTGRES, hold),
            self._agency("F15", taking, hold, agency=agency),
            self._agency("F16", "late", hold, agency=agency),
            Fault("F17", "the same report 40 times at once", lambda: self.witness.tell("storm")),
            self._agency("F18", "out_of_order", hold, agency=agency),
            self._agency("F19", "wrong_clock", hold, agency=agency),
            Fault("F20", "60 reports at once", lambda: self.witness.tell("burst")),
            Fault("F22", "all screens reconnect at once", lambda: self.witness.tell("reconnect")),
            Fault("F23", "the bell's membership runs out", lambda: None, lasts_s=1.0),
            Fault("F24", "a commit sleeps while others go on", lambda: self.witness.tell("slow")),
            Fault("F25", "a second beat runs", self._second_beat, self._end_second_beat, hold),
            self._gone("F25", BEAT, hold),
        ]

    def _killed(self, number: str, name: str) -> Fault:
        return Fault(number, f"{name} is killed by -9", lambda: self._kill(name, 0.3))

    def _gone(self, number: str, name: str, seconds: float, how: int = signal.SIGKILL) -> Fault:
        words = f"{name} is gone" if seconds > 1 else f"{name} is stopped at once"
        return Fault(number, words, lambda: self._kill(name, seconds, how), lasts_s=seconds + 1.0)

    def _agency(self, number: str, mode: str, seconds: float, *, agency: str) -> Fault:
        return Fault(
            number,
            f"{agency}: {mode}",
            lambda: self._switch(agency, mode),
            lambda: self._switch(agency, "ok"),
            seconds,
        )

    def _find(self, name: str) -> Kept | None:
        kept = self.running.supervisor.kept
        return next((each for each in kept if each.spec.name == name), None)

    def _kill(self, name: str, back_after_s: float, how: int = signal.SIGKILL) -> None:
        kept = self._find(name)
        if kept is None or kept.child is None:
            return
        kept.pause_s = back_after_s
        with contextlib.suppress(ProcessLookupError):
            os.kill(kept.child.pid, how)
        self._wait(lambda: kept.child is None, 10.0)
        kept.due_at = time.monotonic() + back_after_s

    def _restart_redis(self) -> None:
        for _time in range(5):
            self._kill(REDIS, 0.2)
            self._sleep(0.8)

    def _redis(self, command: bytes) -> None:
        with contextlib.suppress(OSError):
            embedded.tell_redis(self.places, command)

    def _kill_session(self) -> None:
        """Kill one session of the application: PostgreSQL then ends all and recovers."""
        kept = self._find(POSTGRES)
        sessions = list(_sessions(kept.child.pid)) if kept and kept.child else []
        if sessions:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.dice.choice(sessions), signal.SIGKILL)

    def _second_beat(self) -> None:
        kept = self._find(BEAT)
        if kept is None:
            return
        spec = room.beat(self.places, self.running.env, name="beat-2")
        mark = self.running.supervisor.mark
        self.extra = processes.start(spec, log=self.places.log / "beat-2.log", mark=mark)

    def _end_second_beat(self) -> None:
        if self.extra is not None:
            self.extra.signal_group(signal.SIGKILL)
            self.extra.process.wait()
            self.extra = None

    def _switch(self, agency: str, mode: str) -> None:
        port = self.running.env["CONTROLROOM_SIM_PORT"]
        _post(f"http://127.0.0.1:{port}/agency/{agency}/faults", {"mode": mode})


class _Witness:
    """The process that watches: told what to do by lines, it prints its own, ends with a code."""

    def __init__(self, env: dict[str, str]) -> None:
        self.verdict: int | None = None
        self._heard: set[str] = set()
        self.process = subprocess.Popen(
            [str(packages.PYTHON), "-m", "tests.faults.witness"],
            # What it cannot reach meanwhile is what the run is about.
            env=env | {"CONTROLROOM_LOG_LEVEL": "ERROR"},
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "_Witness":
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join(5)

    def _read(self) -> None:
        assert self.process.stdout is not None  # noqa: S101 - it was asked for above
        for line in self.process.stdout:
            word = line.strip()
            self._heard.add(word)
            if not word.startswith("watching"):
                print(f"  {line.rstrip()}", flush=True)
        self.verdict = self.process.wait()

    def said(self, word: str) -> bool:
        if self.verdict is not None:
            raise CannotRun("the witness ended before it watched (see above)")
        return word in self._heard

    def tell(self, word: str) -> None:
        assert self.process.stdin is not None  # noqa: S101 - it was asked for above
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(f"{word}\n")
            self.process.stdin.flush()


def _sessions(postmaster: int) -> Iterator[int]:
    """Find the sessions of the application among the server's own processes."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            title = (folder / "cmdline").read_bytes()
            if parent == postmaster and title.startswith(b"postgres: controlroom"):
                yield int(folder.name)


def _post(url: str, body: dict[str, Any]) -> None:
    request = urllib.request.Request(url, json.dumps(body).encode(), method="POST")  # noqa: S310
    with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
        answer.read()
