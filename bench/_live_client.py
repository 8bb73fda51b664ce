"""The screens of bench/live.py, in a process of their own.

Reads its orders as JSON from the command line, prints "ready" when every socket is open, then
reads from standard input the name of a file {id: time of acceptance}, waits until every screen
has every id (or the deadline passes), and prints its findings as JSON.
"""

import asyncio
import json
import statistics
import sys
import time
from array import array
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect

from bench._screens import Screen

OPENING_AT_ONCE = 50


class Ledger:
    """When each screen first heard of each incident."""

    def __init__(self, screens: int) -> None:
        self.first: list[dict[str, float]] = [{} for _ in range(screens)]

    def note(self, screen: int, name: str, now: float) -> None:
        self.first[screen].setdefault(name, now)

    def missed(self, accepted: dict[str, float]) -> int:
        return sum(1 for seen in self.first for name in accepted if name not in seen)

    def delays_ms(self, accepted: dict[str, float]) -> array:
        return array(
            "d",
            (
                (seen[name] - at) * 1000
                for seen in self.first
                for name, at in accepted.items()
                if name in seen
            ),
        )


def summary(delays: array) -> dict[str, float]:
    if not delays:
        return {"p50_ms": 0.0, "p99_ms": 0.0, "max_ms": 0.0, "received": 0}
    cuts = statistics.quantiles(delays, n=100, method="inclusive") if len(delays) > 1 else delays
    middle, last = (cuts[49], cuts[98]) if len(delays) > 1 else (delays[0], delays[0])
    return {"p50_ms": middle, "p99_ms": last, "max_ms": max(delays), "received": len(delays)}


async def open_screens(order: dict[str, Any], ledger: Ledger) -> list[Screen]:
    screens = []
    for index in range(order["screens"]):

        def heard(_screen: Screen, event: dict[str, Any], now: float, index: int = index) -> None:
            if event["subject"]["kind"] == "incident":
                ledger.note(index, event["data"]["incident"]["number"], now)

        screens.append(
            Screen(host=order["host"], code=order["code"], cookie=order["cookie"], heard=heard)
        )
    running = []
    for start in range(0, len(screens), OPENING_AT_ONCE):
        batch = screens[start : start + OPENING_AT_ONCE]
        running += [asyncio.create_task(screen.run()) for screen in batch]
        await asyncio.gather(*(screen.ready.wait() for screen in batch))
    for screen in screens:
        screen.tasks = running  # type: ignore[attr-defined]  # tasks live as long as the screens
    return screens


async def open_bare(order: dict[str, Any], ledger: Ledger) -> list[Any]:
    """Open sockets that only note what comes, for the floor."""

    async def listen(index: int, socket: Any) -> None:
        async for text in socket:
            ledger.note(index, text[:36], time.monotonic())

    sockets, running = [], []
    for index in range(order["screens"]):
        socket = await connect(
            f"ws://{order['host']}/", compression=None, ping_interval=None, open_timeout=60
        )
        sockets.append(socket)
        running.append(asyncio.create_task(listen(index, socket)))
    return [sockets, running]


async def main() -> None:
    order = json.loads(sys.argv[1])
    ledger = Ledger(order["screens"])
    opened = await (open_bare if order["bare"] else open_screens)(order, ledger)
    print("ready", flush=True)
    told = await asyncio.to_thread(sys.stdin.readline)
    accepted = json.loads(Path(told.strip()).read_text(encoding="utf-8"))
    deadline = time.monotonic() + order["patience_s"]
    while ledger.missed(accepted) and time.monotonic() < deadline:
        await asyncio.sleep(0.5)
    found: dict[str, Any] = {"missed": ledger.missed(accepted)}
    found |= summary(ledger.delays_ms(accepted))
    if not order["bare"]:
        found["gaps"] = sum(screen.gaps for screen in opened)
        codes = [code for screen in opened for code in screen.closed_with]
        found["closed"] = {str(code): codes.count(code) for code in set(codes)}
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
