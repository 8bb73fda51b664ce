"""A line: the outgoing side of one socket, with what daphne can do beyond ASGI.

Daphne's `send` returns at once and buffers without bound, so a client that stopped reading would
go unnoticed: Twisted tells a registered producer when its buffer is full (64 KiB) and when it is
empty again. Daphne also refuses the closing codes that the protocol keeps for servers (1008, 1012,
1013), and frames every copy of a message anew. Under another server plain ASGI serves: there
`send` itself waits for the client.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import lru_cache, partial
from typing import Any
from weakref import WeakSet

from autobahn.websocket.protocol import PreparedMessage
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet.interfaces import IPushProducer
from twisted.internet.task import deferLater
from zope.interface import implementer

# The socket takes no commands: whatever is longer than this is refused unread (1009).
LONGEST_INCOMING_BYTES = 1024
COME_BACK = 1012
# Lets the closing frames out before the server drops the connections.
FLUSH_S = 0.1

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Line:
    """An accepted socket of any ASGI server."""

    def __init__(self, send: Send) -> None:
        self._send = send

    @property
    def is_full(self) -> bool:
        return False

    async def send(self, text: str) -> None:
        """Send a text and wait while the client takes nothing more."""
        await self._send({"type": "websocket.send", "text": text})

    async def close(self, code: int) -> None:
        await self._send({"type": "websocket.close", "code": code})

    def give_up(self) -> None:
        """Let a `send` that waits for the client return: the socket will be closed."""


@implementer(IPushProducer)
class DaphneLine(Line):
    """An accepted socket of daphne; Twisted sees it as the producer of what is sent."""

    def __init__(self, send: Send, protocol: WebSocketProtocol) -> None:
        super().__init__(send)
        self._protocol = protocol
        self._writable = asyncio.Event()
        self._writable.set()
        protocol.maxMessagePayloadSize = protocol.maxFramePayloadSize = LONGEST_INCOMING_BYTES
        protocol.failByDrop = False  # say 1009 instead of hanging up
        # The HTTP channel that served the handshake left itself registered.
        protocol.transport.unregisterProducer()
        protocol.transport.registerProducer(self, streaming=True)
        if not _open_lines:
            _close_at_shutdown(protocol.transport.reactor)
        _open_lines.add(self)

    def pauseProducing(self) -> None:  # noqa: N802 - Twisted's name
        self._writable.clear()

    def resumeProducing(self) -> None:  # noqa: N802
        self._writable.set()

    def stopProducing(self) -> None:  # noqa: N802
        self._writable.set()

    @property
    def is_full(self) -> bool:
        return not self._writable.is_set()

    async def send(self, text: str) -> None:
        await self._writable.wait()
        if self._protocol.state == WebSocketProtocol.STATE_OPEN:
            self._protocol.sendPreparedMessage(_prepared(text))

    async def close(self, code: int) -> None:
        self.close_now(code)

    def close_now(self, code: int) -> None:
        self._protocol.sendCloseFrame(code=code)

    def give_up(self) -> None:
        self._writable.set()


_open_lines: WeakSet[DaphneLine] = WeakSet()
_farewells: WeakSet[Any] = WeakSet()


def _close_at_shutdown(reactor: Any) -> None:
    """Say goodbye when the server stops; daphne's own way out fails beside recent requests."""

    def farewell() -> Any:
        for line in list(_open_lines):
            line.close_now(COME_BACK)
        return deferLater(reactor, FLUSH_S)

    if reactor not in _farewells:
        _farewells.add(reactor)
        reactor.addSystemEventTrigger("before", "shutdown", farewell)


@lru_cache(maxsize=16)
def _prepared(text: str) -> PreparedMessage:
    """Frame a text once for all the sockets that get it."""
    return PreparedMessage(text.encode(), isBinary=False, applyMask=False, doNotCompress=True)


def line_over(send: Send) -> Line:
    """Give the line over a server's own `send`, once the socket was accepted."""
    if isinstance(send, partial) and send.args and isinstance(send.args[0], WebSocketProtocol):
        return DaphneLine(send, send.args[0])
    return Line(send)
