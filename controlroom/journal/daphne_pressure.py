"""What daphne knows of a socket and ASGI does not say: whether the client takes what we send.

Daphne's `send` returns at once and buffers without bound, so a client that stopped reading would
go unnoticed. Twisted tells a registered producer when its buffer is full (64 KiB) and when it is
empty again. Other servers wait inside `send` themselves and need nothing from here.
"""

import asyncio
from functools import partial
from typing import Any

from daphne.ws_protocol import WebSocketProtocol
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

# The socket takes no commands: whatever is longer than this is refused unread (1009).
LONGEST_INCOMING_BYTES = 1024


@implementer(IPushProducer)
class _Gate:
    def __init__(self, writable: asyncio.Event) -> None:
        self._writable = writable

    def pauseProducing(self) -> None:  # noqa: N802 - Twisted's name
        self._writable.clear()

    def resumeProducing(self) -> None:  # noqa: N802
        self._writable.set()

    def stopProducing(self) -> None:  # noqa: N802
        self._writable.set()


def protocol_behind(send: Any) -> WebSocketProtocol | None:
    """Find daphne's protocol behind the `send` it gave us; None under another server."""
    if isinstance(send, partial) and send.args and isinstance(send.args[0], WebSocketProtocol):
        return send.args[0]
    return None


def watch(send: Any) -> asyncio.Event | None:
    """Give an event that is set while the client keeps up; None where `send` waits by itself.

    To be called after the socket was accepted.
    """
    protocol = protocol_behind(send)
    if protocol is None:
        return None
    protocol.maxMessagePayloadSize = protocol.maxFramePayloadSize = LONGEST_INCOMING_BYTES
    writable = asyncio.Event()
    writable.set()
    # The HTTP channel that served the handshake left itself registered.
    protocol.transport.unregisterProducer()
    protocol.transport.registerProducer(_Gate(writable), streaming=True)
    return writable
