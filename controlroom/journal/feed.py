"""A feed: what one scope hears, read from the log once and handed to all its seats."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

import structlog
from django.db import Error, connections

from controlroom.journal import log as journal
from controlroom.journal.frames import Frame, encode
from controlroom.journal.seats import Seat

PAGE = 200
# Reads are spaced so that fan-out (about 40 µs a seat) leaves most of the process to requests;
# what comes meanwhile goes out in one frame.
PAUSE_PER_SEAT_S, SHORTEST_PAUSE_S = 0.0001, 0.005
RETRY_S = 1.0
# A backlog goes out page by page; so long may the slower seats delay the next page.
PATIENCE_S = 1.0

T = TypeVar("T")
logger = structlog.get_logger(__name__)


class Reader:
    """One thread with its own database connection, for an event loop that must not wait."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def __call__(self, question: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        def ask() -> T:
            try:
                return question(*args, **kwargs)
            except Error:
                connections.close_all()
                raise

        return await asyncio.get_running_loop().run_in_executor(self._thread, ask)

    def close(self) -> None:
        self._thread.submit(connections.close_all)
        self._thread.shutdown(wait=False)


class Scope(NamedTuple):
    municipality_id: int
    audiences: frozenset[str]


class Feed:
    """Reads one scope forward from where it began and offers each frame to every seat."""

    def __init__(self, scope: Scope, *, read: Reader, seen: int, head: int) -> None:
        self.scope = scope
        # Seats that take frames, and among all guests those still catching up.
        self.seats: set[Seat] = set()
        self.guests: set[Seat] = set()
        # Last number of the scope; and of the municipality as far as we looked.
        self.head = head
        self.seen = seen
        self.confirmed_at = time.monotonic()
        self._wanted = seen
        self._read = read
        self._wake = asyncio.Event()

    @classmethod
    async def begin(cls, scope: Scope, read: Reader) -> "Feed":
        seen = (await read(journal.heads, [scope.municipality_id])).get(scope.municipality_id, 0)
        head = await read(journal.scope_head, **scope._asdict(), upto=seen)
        return cls(scope, read=read, seen=seen, head=head)

    def reached(self, number: int) -> None:
        """Take note that the municipality's journal goes up to this number."""
        if number <= self.seen:
            self.confirmed_at = time.monotonic()
        else:
            self._wanted = max(self._wanted, number)
            self._wake.set()

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                while self.seen < self._wanted:
                    await self._advance()
            except Exception as error:
                logger.warning("journal_unreadable", error=type(error).__name__, exc_info=True)
                await asyncio.sleep(RETRY_S)
                self._wake.set()

    async def _advance(self) -> None:
        """Read a page and hand it out."""
        wanted = self._wanted
        entries = await self._read(
            journal.read_after,
            **self.scope._asdict(),
            after=self.seen,
            prev=self.head,
            limit=PAGE,
        )
        self.confirmed_at = time.monotonic()
        # A full page may have more behind it, even below the number that woke us.
        self.seen = max(self.seen, wanted) if len(entries) < PAGE else entries[-1]["number"]
        if entries:
            frame = Frame.of(entries)
            self.head = frame.to
            self.seen = max(self.seen, frame.to)
            for seat in list(self.seats):
                seat.offer(frame)
            await asyncio.sleep(max(SHORTEST_PAUSE_S, PAUSE_PER_SEAT_S * len(self.seats)))
        if len(entries) == PAGE:
            await self._let_seats_drain()

    async def _let_seats_drain(self) -> None:
        """Give healthy clients the time to take a page before the next one fills their queue."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and any(seat.is_behind for seat in self.seats):
            await asyncio.sleep(SHORTEST_PAUSE_S)

    async def catch_up(self, seat: Seat, *, after: int, read: Reader) -> None:
        """Send what the seat missed, then let it take frames, with nothing left out between."""
        while after < self.seen and seat.close_code is None:
            upto = self.seen
            entries = await read(
                journal.read_after, **self.scope._asdict(), after=after, upto=upto, limit=PAGE
            )
            if entries:
                frame = Frame.of(entries)
                await seat.send_text(frame.text)
                after = frame.to
            if len(entries) < PAGE:
                after = upto
        # No await since the feed's position was compared: no frame can come between.
        seat.position = after
        self.seats.add(seat)

    def beat(self, server_time: str) -> None:
        text = encode({"type": "hb", "head": self.head, "server_time": server_time})
        for seat in self.seats:
            seat.beat(text)
