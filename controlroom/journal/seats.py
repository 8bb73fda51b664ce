"""A seat: one open socket at the hub, its bounded queue and the task that empties it."""

import asyncio
from collections import deque
from dataclasses import dataclass

from controlroom.journal.frames import Frame
from controlroom.journal.lines import Line

# Entries that may wait for one socket after thinning; more of them means it cannot keep up.
MOST_WAITING = 256

SESSION_ENDED = 4401
NO_RIGHT = 4403
UNKNOWN_CURSOR = 4409
NO_COMMANDS = 1008
TOO_SLOW = 1013


@dataclass(frozen=True)
class Ticket:
    """Who sits here and on what ground; compared with the database again and again."""

    user_id: int
    user_name: str
    session_key: str
    access_version: int
    municipality_id: int
    audiences: frozenset[str]


class Seat:
    """Takes frames from the hub without waiting; sends them at the pace of its client."""

    def __init__(self, *, ticket: Ticket, line: Line) -> None:
        self.ticket = ticket
        self.close_code: int | None = None
        self._line = line
        self._frames: deque[Frame] = deque()
        self._waiting = 0
        self._beat: str | None = None
        self._stir = asyncio.Event()
        # The number after which frames from the hub are news here.
        self.position = 0

    @property
    def is_behind(self) -> bool:
        """Whether something waits here or the network is still full."""
        return bool(self._frames) or self._line.is_full

    def offer(self, frame: Frame) -> None:
        """Queue a frame; thin the queue when it is full, and give up when that is not enough."""
        if self.close_code is not None or frame.to <= self.position:
            return
        frame = frame.after(self.position)
        self.position = frame.to
        self._frames.append(frame)
        self._waiting += len(frame.entries)
        if self._waiting > MOST_WAITING:
            self._thin()
        self._stir.set()

    def _thin(self) -> None:
        merged = Frame.merged(list(self._frames))
        self._frames = deque([merged])
        self._waiting = len(merged.entries)
        if self._waiting > MOST_WAITING:
            self.close(TOO_SLOW)

    def beat(self, text: str) -> None:
        """Send this heartbeat after what waits; of unsent ones only the newest counts."""
        self._beat = text
        self._stir.set()

    def close(self, code: int) -> None:
        """Close the socket as soon as the frame under way is out; what waits is dropped."""
        if self.close_code is None:
            self.close_code = code
            self._frames.clear()
            self._beat = None
            self._line.give_up()
            self._stir.set()

    async def send_text(self, text: str) -> None:
        """Send now and wait until the network has taken it; not to be used beside `run`."""
        await self._line.send(text)

    async def run(self) -> int:
        """Empty the queue until the seat is closed; gives the code it was closed with."""
        while self.close_code is None:
            if self._frames:
                frame = self._frames.popleft()
                self._waiting -= len(frame.entries)
                await self.send_text(frame.text)
            elif self._beat is not None:
                beat, self._beat = self._beat, None
                await self.send_text(beat)
            else:
                self._stir.clear()
                await self._stir.wait()
        return self.close_code
