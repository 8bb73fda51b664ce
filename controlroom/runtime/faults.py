"""bin/faults: the whole system under load and seeded random faults, then the count of its books.

Everything runs on throw-away services of its own. A witness (tests/faults/witness.py) watches like
operators do and compares at the end what was accepted, what the journal says, what every screen
shows and what the agencies were told. With a part of the system left out the count must not come
out: that is how the witness itself is tested.
"""

import argparse
import contextlib
import os
import random
import time
from dataclasses import dataclass, field

from controlroom.runtime import embedded, places, room, run
from controlroom.runtime.breaking import AGENCIES, BEAT, NEVER, REDIS, WORKER, Breaker, Fault
from controlroom.runtime.places import CannotRun, Places
from controlroom.runtime.run import Room
from controlroom.runtime.witnessed import Witness

PARTS = ("sweeper", "rejoin", "auditor")
# Its presence in the state folder is what lets CONTROLROOM_FAULTS_WITHOUT count.
MARKER = "faults-run"
SETTLED_WITHIN_S = 180.0
ACT_WITHIN_S = 400.0
VERDICT_WITHIN_S = 600.0
# Long enough that an obligation becomes overdue and its alarm is due.
OUTAGE_S = 80.0
REJOIN_S = 10


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
    redis = where.socket_folder(where.redis)
    return run.open_room(
        where,
        port=room.free_port(),
        settings={
            "REDIS_URL": embedded.redis_address(redis / "line.sock"),
            "CONTROLROOM_FAULTS_WITHOUT": without,
            "CONTROLROOM_WATCH_EVERY_S": "2",
            "CONTROLROOM_REJOIN_S": str(REJOIN_S),
            "CONTROLROOM_SIM_AGENCIES": "police112,fire119,disaster",
            "CONTROLROOM_SIM_RATE": "40",
        },
        watched=without != "auditor",
        ahead=[room.line(where, at=redis / "line.sock", to=redis / "redis.sock")],
    )


@dataclass
class _Run:
    """One run: its room, its witness, its dice."""

    running: Room
    places: Places
    seed: int
    options: argparse.Namespace
    began: float = field(default_factory=time.monotonic)

    def go(self) -> int:
        self.length_s = self.options.minutes * 60
        without = f", without the {self.options.without}" if self.options.without else ""
        print(f"seed {self.seed}, {self.options.minutes:g} min of faults{without}", flush=True)
        with Witness(self.running.env) as self.witness:
            self.breaker = Breaker(
                self.running,
                self.places,
                self.witness,
                random.Random(self.seed),  # noqa: S311 - an order of faults, not a secret
                min(max(self.length_s / 40, 4.0), 20.0),
            )
            self._wait_for("watching", SETTLED_WITHIN_S)
            if self.witness.verdict is not None:
                raise CannotRun("the witness ended before it watched (see above)")
            self.began = time.monotonic()
            self._break_things()
            self._prove_watchers()
            self.witness.tell("verify")
            self.breaker.wait(lambda: self.witness.verdict is not None, VERDICT_WITHIN_S)
            code = self.witness.verdict
        if code is None:
            print("  FAILED   the witness gave no verdict in time")
            code = 1
        if code and not self.options.without:
            run.show_logs(self.places)
        return code

    def _wait_for(self, word: str, seconds: float) -> None:
        self.breaker.wait(lambda: self.witness.said(word), seconds)

    # --- the course of a run ------------------------------------------------------------
    def _break_things(self) -> None:
        """Break one thing after the other, in a new order each round, while one agency is out."""
        lasts_s = min(OUTAGE_S, self.length_s)
        out = self.breaker.misbehaves("F15", AGENCIES[0], "error500", lasts_s)
        self._say(out)
        self.breaker.make(out)
        ends = self.began + lasts_s
        order: list[Fault] = []
        while time.monotonic() - self.began < self.length_s:
            if ends and time.monotonic() > ends:
                out.end()
                ends = 0.0
            order = order or self.breaker.round(spared=AGENCIES[0] if ends else "")
            self._make(order.pop())
        out.end()
        counted = [f"{number} x{n}" for number, n in sorted(self.breaker.made.items())]
        print(f"  made     {', '.join(counted)}", flush=True)

    def _make(self, fault: Fault) -> None:
        self._say(fault)
        self.breaker.make(fault)
        self._sleep(fault.lasts_s)
        fault.end()
        self._sleep(self.breaker.dice.uniform(0.5, 1.5))

    def _say(self, fault: Fault) -> None:
        lasting = f" for {fault.lasts_s:.0f} s" if fault.lasts_s else ""
        at = time.monotonic() - self.began
        print(f"  {at:7.1f} s  {fault.number:<4} {fault.words}{lasting}", flush=True)

    def _sleep(self, seconds: float) -> None:
        self.breaker.wait(lambda: False, seconds)

    # --- what each watcher is there for, for certain --------------------------------------
    def _prove_watchers(self) -> None:
        """Make what only this watcher can notice; the witness ends the run where it does not."""
        self._act("sweeper", "the broker loses every task while messages wait at both agencies")
        if self.witness.verdict is not None:
            return
        gone = (WORKER, BEAT, REDIS)
        for name in gone:
            self.breaker.kill(name, NEVER)
        self._act("auditor", "Celery and Redis are dead while obligations fall due")
        if self.witness.verdict is not None:
            return
        self.breaker.bring_back(*gone)
        self.breaker.wait(self._is_silenced, 120.0)
        self._act("rejoin", "the doorbell's connection falls silent under open screens")

    def _is_silenced(self) -> bool:
        self._sleep(2.0)
        return self.witness.verdict is not None or self.breaker.silence()

    def _act(self, watcher: str, words: str) -> None:
        if self.witness.verdict is None:
            self._say(Fault("act", words, lambda: None))
            self.witness.tell(watcher)
            self._wait_for(f"ended {watcher}", ACT_WITHIN_S)
