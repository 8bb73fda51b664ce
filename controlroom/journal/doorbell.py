"""The doorbell: says that the journal grew or someone's access changed, never what was said.

Hubs of this process hear it directly; those of other processes through the channel layer, rung
by a thread of its own, so that a slow or absent Redis never holds up the one who rings. Rings
that wait melt into one: the newest number of a municipality is all that a listener needs.
"""

import asyncio
import os
import threading
from collections.abc import Callable
from typing import Any, Protocol

import structlog
from channels.layers import get_channel_layer

GROUP = "journal"
RANG = "journal.rang"
REVOKED = "journal.revoked"
SEND_TIMEOUT_S = 1.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 5.0
# Between two rounds of rings: bursts melt, and nobody notices the delay.
ROUND_S = 0.02

log = structlog.get_logger(__name__)


class Listener(Protocol):
    """Called from any thread; must return at once."""

    def grew(self, municipality_id: int, number: int) -> None: ...

    def access_changed(self, user_id: int) -> None: ...


class Bell:
    """Rings of this process that wait for the channel layer, and the thread that sends them."""

    def __init__(self, send: Callable[[dict[str, Any]], Any] | None = None) -> None:
        self._send = send or _group_send
        self._lock = threading.Lock()
        self._numbers: dict[int, int] = {}
        self._revoked: dict[int, None] = {}
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: asyncio.Event

    def ring(self, *, municipality_id: int, number: int) -> None:
        with self._lock:
            newest = max(number, self._numbers.get(municipality_id, 0))
            self._numbers[municipality_id] = newest
            self._wake()

    def revoke(self, *, user_id: int) -> None:
        with self._lock:
            self._revoked[user_id] = None
            self._wake()

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="doorbell", daemon=True)
            self._thread.start()
        elif self._loop is not None:
            self._loop.call_soon_threadsafe(self._waiting.set)

    def _run(self) -> None:
        asyncio.run(self._ring_on())

    async def _ring_on(self) -> None:
        with self._lock:
            self._waiting = asyncio.Event()
            self._waiting.set()  # what was rung before this thread stood
            self._loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE_S
        while True:
            await self._waiting.wait()
            self._waiting.clear()
            messages = self._take()
            try:
                for message in messages:
                    async with asyncio.timeout(SEND_TIMEOUT_S):
                        await self._send(message)
            except Exception as error:  # noqa: BLE001 - any failure to ring is survived the same way
                self._put_back(messages)
                log.warning("doorbell_silent", error=type(error).__name__, pause_s=pause)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
            else:
                pause = FIRST_PAUSE_S
                await asyncio.sleep(ROUND_S)

    def _take(self) -> list[dict[str, Any]]:
        with self._lock:
            numbers, self._numbers = self._numbers, {}
            revoked, self._revoked = self._revoked, {}
        return [
            *({"type": REVOKED, "user": user_id} for user_id in revoked),
            *(
                {"type": RANG, "municipality": municipality_id, "number": number}
                for municipality_id, number in numbers.items()
            ),
        ]

    def _put_back(self, messages: list[dict[str, Any]]) -> None:
        """Keep what could not be said; ringing twice harms nobody."""
        with self._lock:
            for message in messages:
                if message["type"] == REVOKED:
                    self._revoked[message["user"]] = None
                else:
                    key, number = message["municipality"], message["number"]
                    self._numbers[key] = max(number, self._numbers.get(key, 0))
        self._waiting.set()


async def _group_send(message: dict[str, Any]) -> None:
    await get_channel_layer().group_send(GROUP, message)


_bell = Bell()
_listeners: set[Listener] = set()
_listeners_lock = threading.Lock()


def _forget_parent() -> None:
    """A forked child has neither the parent's thread nor its listeners."""
    global _bell, _listeners, _listeners_lock
    _bell, _listeners, _listeners_lock = Bell(), set(), threading.Lock()


os.register_at_fork(after_in_child=_forget_parent)


def listen(listener: Listener) -> None:
    with _listeners_lock:
        _listeners.add(listener)


def unlisten(listener: Listener) -> None:
    with _listeners_lock:
        _listeners.discard(listener)


def ring(*, municipality_id: int, number: int) -> None:
    """Say that the municipality's journal reached this number. Never blocks, never raises."""
    with _listeners_lock:
        heard_here = list(_listeners)
    for listener in heard_here:
        listener.grew(municipality_id, number)
    _bell.ring(municipality_id=municipality_id, number=number)


def revoke(*, user_id: int) -> None:
    """Say that this person's sockets must be checked now. Never blocks, never raises."""
    with _listeners_lock:
        heard_here = list(_listeners)
    for listener in heard_here:
        listener.access_changed(user_id)
    _bell.revoke(user_id=user_id)
