"""The floor of bench/live.py: a bare Redis subscription fanned out to bare ASGI sockets."""

import asyncio
import os
from contextlib import suppress
from typing import Any

from redis import asyncio as redis

CHANNEL = os.environ["CONTROLROOM_REDIS_PREFIX"] + "-floor"

_sockets: set[Any] = set()
_tasks: list[asyncio.Task[None]] = []


async def _fan_out() -> None:
    client = redis.Redis.from_url(os.environ["REDIS_URL"])
    async with client.pubsub() as subscription:
        await subscription.subscribe(CHANNEL)
        async for message in subscription.listen():
            if message["type"] == "message":
                text = message["data"].decode()
                for send in list(_sockets):
                    await send({"type": "websocket.send", "text": text})


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})
        return
    if not _tasks:
        _tasks.append(asyncio.create_task(_fan_out()))
    await receive()
    await send({"type": "websocket.accept"})
    _sockets.add(send)
    with suppress(asyncio.CancelledError):
        while (await receive())["type"] != "websocket.disconnect":
            pass
    _sockets.discard(send)
