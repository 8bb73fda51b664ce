"""Screens that live through anything: each holds what its operator would see."""

import asyncio
import threading
from typing import Any

import httpx

from bench._screens import Screen

CITY = "90010"


class Wall:
    """Screens in a thread of their own, following the live protocol from the first entry on."""

    def __init__(self, *, host: str, cookie: str, count: int) -> None:
        self.shown: list[dict[str, dict[str, Any]]] = [{} for _ in range(count)]
        self.numbers: list[set[int]] = [set() for _ in range(count)]
        self.dismissed = 0
        self.screens = [
            Screen(host=host, code=CITY, cookie=cookie, heard=self._hears(index), cursor=0)
            for index in range(count)
        ]
        self._loop = asyncio.new_event_loop()
        self._tasks: list[asyncio.Task[None]] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _hears(self, index: int) -> Any:
        def heard(_screen: Screen, event: dict[str, Any], _now: float) -> None:
            self.numbers[index].add(event["number"])
            feature = event["data"].get("incident")
            if event["kind"].startswith("incident.") and isinstance(feature, dict):
                self.shown[index][feature["id"]] = feature

        return heard

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._seat()
        self._loop.run_forever()

    def _seat(self) -> None:
        self._tasks = [self._loop.create_task(self._live(screen)) for screen in self.screens]

    async def _live(self, screen: Screen) -> None:
        while True:
            try:
                await screen.run()
            except httpx.HTTPError:
                # The catching up was refused: come back, as a browser does.
                await asyncio.sleep(0.5)
            else:
                # Only a final close code ends a screen: nobody signed this person out.
                self.dismissed += 1
                await asyncio.sleep(2)

    def reconnect(self) -> None:
        """Close every socket at once and come back at once."""

        def again() -> None:
            for task in self._tasks:
                task.cancel()
            self._seat()

        self._loop.call_soon_threadsafe(again)

    def lowest(self) -> int:
        return min(screen.cursor or 0 for screen in self.screens)
