"""The live socket: lets people in, refuses what they say, and leaves the talking to the hub."""

import asyncio
from typing import Any
from urllib.parse import parse_qs

import structlog

from controlroom.journal import admission
from controlroom.journal.hub import attended
from controlroom.journal.lines import COME_BACK, FLUSH_S, Line, line_over
from controlroom.journal.seats import NO_COMMANDS, UNKNOWN_CURSOR, Seat, Ticket

log = structlog.get_logger(__name__)
INTERNAL_ERROR = 1011


def cursor_in(query: bytes) -> int | None:
    """Read the cursor; None when there is none.

    Raises: ValueError when it is not a number of the journal.
    """
    given = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("cursor")
    if given is None:
        return None
    if not (given[-1].isascii() and given[-1].isdigit() and len(given[-1]) <= 18):
        raise ValueError("cursor is not a number")
    return int(given[-1])


async def guard_origin(inner: Any, scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Refuse the handshake of foreign pages before anything is looked up."""
    if admission.refuse_foreign(scope):
        await receive()
        await send({"type": "websocket.close"})
        return
    await inner(scope, receive, send)


async def nowhere(_scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Refuse the handshake of an address that nothing listens at."""
    await receive()
    await send({"type": "websocket.close"})


async def live(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serve one socket of `/ws/m/<code>/live?cursor=N`."""
    await receive()
    # Accepted before it is judged, because a browser learns the code only of an open socket.
    await send({"type": "websocket.accept"})
    line = line_over(scope["raw_send"])
    try:
        code = await _attend(scope, receive, line)
    except asyncio.CancelledError:
        await line.close(COME_BACK)
        await asyncio.sleep(FLUSH_S)
        raise
    except Exception:
        log.exception("socket_failed")
        code = INTERNAL_ERROR
    if code is not None:
        await line.close(code)


async def _attend(scope: dict[str, Any], receive: Any, line: Line) -> int | None:
    """Serve until it ends; gives the code to close with, None when the client has left."""
    try:
        cursor = cursor_in(scope["query_string"])
    except ValueError:
        return UNKNOWN_CURSOR
    municipality_code = scope["url_route"]["kwargs"]["code"]
    async with attended() as hub:
        ticket = await hub.read_for_guest(
            admission.admit,
            user=scope["user"],
            session_key=scope["session"].session_key,
            code=municipality_code,
        )
        if not isinstance(ticket, Ticket):
            return ticket
        seat = Seat(ticket=ticket, line=line)
        serving = asyncio.create_task(hub.serve(seat, code=municipality_code, cursor=cursor))
        listening = asyncio.create_task(_refuse_commands(receive))
        try:
            done, _pending = await asyncio.wait(
                {serving, listening}, return_when=asyncio.FIRST_COMPLETED
            )
            return done.pop().result()
        finally:
            serving.cancel()
            listening.cancel()
            await asyncio.gather(serving, listening, return_exceptions=True)


async def _refuse_commands(receive: Any) -> int | None:
    """Wait for the client to leave (None) or to say something, which is not for it to do."""
    message = await receive()
    return None if message["type"] == "websocket.disconnect" else NO_COMMANDS
