"""A line to Redis that can fall silent, for bin/faults: it stays open and carries nothing more.

That is what a firewall leaves behind that forgot a connection: neither end is told. On SIGUSR1 the
connections that listen to the doorbell's group fall silent; new ones work.
"""

import asyncio
import contextlib
import signal
import sys
from dataclasses import dataclass

PIECE = 64 * 1024
JOINS, GROUP = b"SUBSCRIBE", b"__group__"


@dataclass(eq=False)
class Connection:
    """One connection through the line."""

    caller: asyncio.StreamWriter
    listens: bool = False
    is_silent: bool = False


class Line:
    """Passes bytes between callers at its own socket and the server behind it."""

    def __init__(self, *, at: str, to: str) -> None:
        self.at, self.to = at, to
        self._open: set[Connection] = set()

    async def serve(self) -> asyncio.Server:
        return await asyncio.start_unix_server(self._carry, self.at)

    def fall_silent(self) -> int:
        """Silence the connections that listen to a group now; give how many."""
        listening = [each for each in self._open if each.listens and not each.is_silent]
        for each in listening:
            each.is_silent = True
        return len(listening)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(writer)
        try:
            there, onward = await asyncio.open_unix_connection(self.to)
        except OSError:
            writer.close()
            return
        self._open.add(connection)
        back = asyncio.create_task(self._back(connection, there, writer))
        try:
            await self._forth(connection, reader, onward)
        finally:
            self._open.discard(connection)
            back.cancel()
            for end in (onward, writer):
                end.close()

    async def _forth(
        self, connection: Connection, reader: asyncio.StreamReader, onward: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(PIECE):
                connection.listens |= JOINS in piece and GROUP in piece
                if not connection.is_silent:
                    onward.write(piece)
                    await onward.drain()

    async def _back(
        self, connection: Connection, there: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(OSError):
            while piece := await there.read(PIECE):
                if not connection.is_silent:
                    writer.write(piece)
                    await writer.drain()
        if not connection.is_silent:
            # The server is gone, and a line that works says so.
            writer.close()


async def _main(at: str, to: str) -> None:
    line = Line(at=at, to=to)
    server = await line.serve()

    def silence() -> None:
        print(f"silenced {line.fall_silent()}", flush=True)

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, silence)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
