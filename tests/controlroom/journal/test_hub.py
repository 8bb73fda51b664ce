"""The hub's own ear: it joins the doorbell's group again and again, and after every error."""

import asyncio
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from channels.layers import get_channel_layer
from channels_redis.pubsub import RedisPubSubChannelLayer

from controlroom.journal import doorbell, hub
from controlroom.runtime.line import Line

pytestmark = [pytest.mark.live, pytest.mark.asyncio]


class Ear(hub.Hub):
    def __init__(self) -> None:
        super().__init__()
        self.heard: set[int] = set()

    def _reached(self, municipality_id: int, number: int) -> None:
        self.heard.add(number)


async def rung_until_heard(ear: Ear, number: int) -> None:
    """Ring with this number until it is heard: a ring may be lost, not all of them."""
    message = {"type": doorbell.RANG, "municipality": 1, "number": number}
    async with asyncio.timeout(10):
        while number not in ear.heard:
            await get_channel_layer().group_send(doorbell.GROUP, message)
            await asyncio.sleep(0.02)


@pytest.fixture
def quick(settings: Any, monkeypatch: Any) -> None:
    settings.REJOIN_S = 0.1
    monkeypatch.setattr(hub, "RETRY_S", 0.05)


@pytest.mark.usefixtures("quick")
async def test_the_bell_is_heard_after_many_joins():
    ear = Ear()
    listening = asyncio.create_task(ear._listen())
    for number in range(1, 6):
        await rung_until_heard(ear, number)
        await asyncio.sleep(0.15)
    await hub.end([listening])
    await get_channel_layer().flush()


@pytest.mark.usefixtures("quick")
async def test_the_bell_is_heard_after_errors(monkeypatch):
    ear = Ear()
    layer = get_channel_layer()
    refusals = iter([ConnectionError(), ConnectionError()])

    async def refusing(*args: Any) -> Any:
        error = next(refusals, None)
        if error:
            raise error
        return await layer.group_add(*args)

    class Refusing:
        group_add = staticmethod(refusing)
        new_channel, receive, flush = layer.new_channel, layer.receive, layer.flush

    monkeypatch.setattr(hub, "get_channel_layer", Refusing)
    listening = asyncio.create_task(ear._listen())
    await rung_until_heard(ear, 1)
    assert next(refusals, None) is None
    await hub.end([listening])
    await layer.flush()


async def test_the_bell_is_heard_again_after_its_connection_fell_silent(
    tmp_path, settings, monkeypatch
):
    there = urlsplit(settings.REDIS_URL)
    if there.scheme != "unix":
        pytest.skip("the tests' Redis has no socket to put a line before")
    line = Line(at=str(tmp_path / "line.sock"), to=unquote(there.path))
    server = await line.serve()
    prefix = settings.REDIS_PREFIX
    own = RedisPubSubChannelLayer(hosts=[f"unix://{line.at}?{there.query}"], prefix=prefix)
    settings.REJOIN_S = 3600
    monkeypatch.setattr(hub, "get_channel_layer", lambda: own)
    deaf = Ear()
    listening = asyncio.create_task(deaf._listen())
    await rung_until_heard(deaf, 1)
    assert line.fall_silent() == 1
    await get_channel_layer().group_send(
        doorbell.GROUP, {"type": doorbell.RANG, "municipality": 1, "number": 2}
    )
    await hub.end([listening])

    settings.REJOIN_S = 0.1
    listening = asyncio.create_task(deaf._listen())
    await rung_until_heard(deaf, 3)
    line.fall_silent()
    await rung_until_heard(deaf, 4)
    assert 2 not in deaf.heard
    await hub.end([listening])
    for layer in (own, get_channel_layer()):
        await layer.flush()
    server.close()
