"""A screen as the live protocol describes it, for tests and measurements: it ends with every event.

Connects with its cursor, applies contiguous frames, catches up over HTTP on a gap or when a
heartbeat knows more, and comes back after any close that does not forbid it.
"""

import asyncio
import json
import random
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

FINAL_CODES = frozenset({4401, 4403})
BEHIND_S = 2.0
Heard = Callable[["Screen", dict[str, Any], float], None]


@lru_cache(maxsize=64)
def read(text: str) -> dict[str, Any]:
    """Parse a frame once for all the screens that this one process plays."""
    frame: dict[str, Any] = json.loads(text)
    return frame


class Screen:
    """One client. `heard` is called with every new event and the clock (time.monotonic)."""

    def __init__(
        self, *, host: str, code: str, cookie: str, heard: Heard, cursor: int | None = None
    ) -> None:
        self.cursor = cursor
        self.heard = heard
        self.closed_with: list[int] = []
        self.gaps = 0
        self.beats = 0
        self.last_beat: dict[str, Any] = {}
        self.ready = asyncio.Event()
        self._behind_since: float | None = None
        self._host = host
        self._code = code
        self._cookie = cookie

    async def run(self) -> None:
        while True:
            query = "" if self.cursor is None else f"?cursor={self.cursor}"
            try:
                async with connect(
                    f"ws://{self._host}/ws/m/{self._code}/live{query}",
                    origin=f"http://{self._host}",
                    additional_headers={"Cookie": self._cookie},
                    compression=None,
                    open_timeout=60,
                    ping_interval=None,
                    max_queue=64,
                ) as socket:
                    await self._listen(socket)
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else 1006
                self.closed_with.append(code)
                if code in FINAL_CODES:
                    return
            except (OSError, InvalidHandshake, TimeoutError):
                pass
            await asyncio.sleep(random.uniform(0.05, 0.5))

    async def _listen(self, socket: ClientConnection) -> None:
        async for text in socket:
            now = time.monotonic()
            frame = read(text)
            await getattr(self, f"_on_{frame['type']}")(frame, now)

    async def _on_hello(self, frame: dict[str, Any], _now: float) -> None:
        if self.cursor is None:
            self.cursor = frame["cursor"]
        elif frame["mode"] == "snapshot":
            await self._catch_up()
        self.ready.set()

    async def _on_events(self, frame: dict[str, Any], now: float) -> None:
        if frame["prev"] > self.cursor:
            self.gaps += 1
            await self._catch_up()
        self._apply(frame["events"], now)
        self.cursor = max(self.cursor, frame["to"])

    async def _on_hb(self, frame: dict[str, Any], now: float) -> None:
        self.beats += 1
        self.last_beat = frame
        if frame["head"] <= self.cursor:
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = now
        elif now - self._behind_since > BEHIND_S:
            await self._catch_up()

    def _apply(self, events: list[dict[str, Any]], now: float) -> None:
        for event in events:
            if event["number"] > self.cursor:
                self.heard(self, event, now)

    async def _catch_up(self) -> None:
        address = f"http://{self._host}/m/{self._code}/live/events"
        async with httpx.AsyncClient(headers={"Cookie": self._cookie}, timeout=30) as http:
            while True:
                answer = await http.get(address, params={"after": self.cursor, "limit": 1000})
                answer.raise_for_status()
                page = answer.json()
                self._apply(page["events"], time.monotonic())
                if page["events"]:
                    self.cursor = page["events"][-1]["number"]
                if self.cursor >= page["head"] or not page["events"]:
                    return
