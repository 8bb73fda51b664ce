"""The hub: between the journal and all open sockets of one web process.

One subscription to the doorbell, one poll of the counters, one feed per scope, one check of
everybody's right to listen; a socket costs only its queue.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from channels.layers import get_channel_layer
from django.conf import settings
from django.utils import timezone

from controlroom.journal import admission, doorbell, pulses
from controlroom.journal import log as journal
from controlroom.journal.feed import Feed, Reader, Scope
from controlroom.journal.frames import encode
from controlroom.journal.seats import Seat, Ticket

HEARTBEAT_S = 5
POLL_S = 2.0
# Twice in the 30 s within which a revoked socket must close, whatever became of the nudge.
CHECK_S = 13.0
# A logout announces itself a moment before or after its session is gone.
CHECK_AGAIN_S = 1.0
RETRY_S = 2.0
JOIN_WITHIN_S = 5.0
# Heartbeats stop when the log could not be read for so long: the client then shows STALE.
SILENT_AFTER_S = 6.0
# How often the hub says in the database that it lives, and how far its feeds are.
PULSE_S = 5.0
# Further behind than this a snapshot is cheaper than a replay.
LONGEST_REPLAY = 5000

log = structlog.get_logger(__name__)


class Hub:
    """Belongs to one event loop; lives as long as somebody is seated."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._feeds: dict[Scope, Feed] = {}
        self._opening = asyncio.Lock()
        # The feeds' own thread, and another for those who come in: a rush at the door
        # must not hold up those who sit.
        self._read = Reader("journal-feed")
        self.read_for_guest = Reader("journal-door")
        self._suspects: set[int] = set()
        self._suspicion = asyncio.Event()
        self._tasks: dict[Any, asyncio.Task[None]] = {}
        self.attendance = 0
        # The highest number of each municipality that the doorbell of others named.
        self._rung: dict[int, int] = {}
        self._has_pulsed = False

    # --- the doorbell's listener: called from any thread --------------------------------
    def grew(self, municipality_id: int, number: int) -> None:
        self._soon(self._reached, municipality_id, number)

    def access_changed(self, user_id: int) -> None:
        self._soon(self._suspect, user_id)

    def _soon(self, function: Any, *args: Any) -> None:
        with suppress(RuntimeError):  # the loop has ended: nobody sits here any more
            self._loop.call_soon_threadsafe(function, *args)

    def _reached(self, municipality_id: int, number: int) -> None:
        for feed in self._feeds.values():
            if feed.scope.municipality_id == municipality_id:
                feed.reached(number)

    def _suspect(self, user_id: int) -> None:
        self._suspects.add(user_id)
        self._suspicion.set()
        self._loop.call_later(CHECK_AGAIN_S, self._suspect_again, user_id)

    def _suspect_again(self, user_id: int) -> None:
        self._suspects.add(user_id)
        self._suspicion.set()

    # --- life ---------------------------------------------------------------------------
    def start(self) -> None:
        doorbell.listen(self)
        for job in (self._listen, self._poll, self._check, self._beat, self._pulse):
            self._run(job, job())

    def _run(self, name: Any, job: Coroutine[Any, Any, None]) -> None:
        self._tasks[name] = asyncio.create_task(job)

    async def stop(self) -> None:
        doorbell.unlisten(self)
        await end(self._tasks.values())
        if self._has_pulsed:
            # A pulse that is left behind by a process that is gone is removed by others.
            with suppress(Exception):
                async with asyncio.timeout(RETRY_S):
                    await self._read(pulses.stop, pulses.own_screens())
        self._read.close()
        self.read_for_guest.close()

    async def _listen(self) -> None:
        """Hear the doorbell of other processes; join anew every hour and after any error.

        On a new connection each time: one that a network dropped without a word looks like a quiet
        one, and memberships of other layers end by themselves (channels_redis group_expiry).
        """
        layer = get_channel_layer()
        stays_s = None if settings.FAULTS_WITHOUT == "rejoin" else settings.REJOIN_S
        while True:
            try:
                async with asyncio.timeout(JOIN_WITHIN_S):
                    await layer.flush()
                    channel = await layer.new_channel()
                    await layer.group_add(doorbell.GROUP, channel)
                with suppress(TimeoutError):
                    async with asyncio.timeout(stays_s):
                        while True:
                            self._heard(await layer.receive(channel))
            except Exception as error:  # noqa: BLE001 - without the bell the poll goes on
                log.warning("doorbell_unheard", error=type(error).__name__)
                await asyncio.sleep(RETRY_S)

    def _heard(self, message: dict[str, Any]) -> None:
        if message["type"] == doorbell.RANG:
            municipality_id, number = message["municipality"], message["number"]
            self._rung[municipality_id] = max(number, self._rung.get(municipality_id, 0))
            self._reached(municipality_id, number)
        elif message["type"] == doorbell.REVOKED:
            self._suspect(message["user"])

    async def _poll(self) -> None:
        """Look at the counters, whether or not a bell rang."""
        while True:
            await asyncio.sleep(POLL_S)
            try:
                heads = await self._read(
                    journal.heads, {scope.municipality_id for scope in self._feeds}
                )
            except Exception as error:  # noqa: BLE001 - the poll must outlive what it finds
                log.warning("journal_unreadable", error=type(error).__name__)
            else:
                for feed in self._feeds.values():
                    feed.reached(heads.get(feed.scope.municipality_id, 0))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            now, server_time = time.monotonic(), timezone.now().isoformat()
            for feed in self._feeds.values():
                if now - feed.confirmed_at < SILENT_AFTER_S:
                    feed.beat(server_time)

    async def _pulse(self) -> None:
        """Let the auditor see from outside whether the screens of this process are served."""
        name = pulses.own_screens()
        while True:
            await asyncio.sleep(PULSE_S)
            try:
                self._has_pulsed = True
                await self._read(pulses.beat, name, self._vital_signs())
            except Exception as error:  # noqa: BLE001 - no pulse is what the auditor looks for
                log.warning("pulse_unwritten", error=type(error).__name__)

    def _vital_signs(self) -> dict[str, Any]:
        """Give how many sit here, and the number that the slowest feed of each city has reached."""
        seen: dict[str, int] = {}
        for feed in self._feeds.values():
            city = str(feed.scope.municipality_id)
            seen[city] = min(feed.seen, seen.get(city, feed.seen))
        rung = {city: self._rung.get(int(city), 0) for city in seen}
        seats = sum(len(feed.guests) for feed in self._feeds.values())
        return {"seats": seats, "seen": seen, "rung": rung}

    async def _check(self) -> None:
        """Close the seats of those who lost the ground they sit on."""
        everybody_at = time.monotonic() + CHECK_S
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(everybody_at - time.monotonic()):
                    await self._suspicion.wait()
            self._suspicion.clear()
            suspects, self._suspects = self._suspects, set()
            everybody = time.monotonic() >= everybody_at
            if everybody:
                everybody_at = time.monotonic() + CHECK_S
            try:
                await self._expel(None if everybody else suspects)
            except Exception as error:  # noqa: BLE001 - the check must outlive what it finds
                self._suspects |= suspects
                log.warning("access_unchecked", error=type(error).__name__)

    async def _expel(self, user_ids: set[int] | None) -> None:
        seats: dict[Ticket, list[Seat]] = {}
        for feed in self._feeds.values():
            for seat in feed.guests:
                if user_ids is None or seat.ticket.user_id in user_ids:
                    seats.setdefault(seat.ticket, []).append(seat)
        if not seats:
            return
        for ticket, code in (await self._read(admission.verdicts, list(seats))).items():
            for seat in seats[ticket]:
                if code is not None:
                    seat.close(code)

    # --- seats --------------------------------------------------------------------------
    async def _feed_of(self, scope: Scope) -> Feed:
        async with self._opening:
            if scope not in self._feeds:
                feed = await Feed.begin(scope, self._read)
                self._feeds[scope] = feed
                self._rung.setdefault(scope.municipality_id, feed.seen)
                self._run(scope, feed.run())
            return self._feeds[scope]

    async def serve(self, seat: Seat, *, code: str, cursor: int | None) -> int:
        """Greet the seat, replay what it missed and feed it; gives the code to close with."""
        scope = Scope(seat.ticket.municipality_id, seat.ticket.audiences)
        feed = await self._feed_of(scope)
        feed.guests.add(seat)
        try:
            start = await self._greet(seat, feed, code=code, cursor=cursor)
            await feed.catch_up(seat, after=start, read=self.read_for_guest)
            return await seat.run()
        finally:
            feed.seats.discard(seat)
            feed.guests.discard(seat)
            if not feed.guests and self._feeds.get(scope) is feed:
                del self._feeds[scope]
                self._tasks.pop(scope).cancel()

    async def _greet(self, seat: Seat, feed: Feed, *, code: str, cursor: int | None) -> int:
        """Send hello; gives the number to go on from."""
        heads = await self.read_for_guest(journal.heads, [feed.scope.municipality_id])
        head = heads.get(feed.scope.municipality_id, 0)
        feed.reached(head)
        replay = cursor is not None and 0 <= head - cursor <= LONGEST_REPLAY
        start = cursor if replay and cursor is not None else feed.seen
        hello = {
            "type": "hello",
            "municipality": code,
            "head": feed.head,
            "cursor": start,
            "mode": "replay" if replay else "snapshot",
            "server_time": timezone.now().isoformat(),
            "heartbeat_s": HEARTBEAT_S,
            "user": {"id": seat.ticket.user_id, "name": seat.ticket.user_name},
        }
        await seat.send_text(encode(hello))
        return start


async def end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel until all have ended: the channel layer swallows a cancellation that comes while it
    cleans up after another one."""
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        ended, running = await asyncio.wait(running, timeout=RETRY_S)
        await asyncio.gather(*ended, return_exceptions=True)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


@asynccontextmanager
async def attended() -> AsyncIterator[Hub]:
    """Give this event loop's hub, started for the first who comes, stopped after the last."""
    loop = asyncio.get_running_loop()
    hub = _hubs.get(loop)
    if hub is None:
        hub = _hubs[loop] = Hub()
        hub.start()
    hub.attendance += 1
    try:
        yield hub
    finally:
        hub.attendance -= 1
        if not hub.attendance:
            del _hubs[loop]
            await hub.stop()
