"""The hub's own ear: it joins the doorbell's group again and again, and after every error."""

import asyncio
from typing import Any

import pytest
from channels.layers import get_channel_layer

from controlroom.journal import doorbell, hub

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
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
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
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await layer.flush()


@pytest.mark.usefixtures("quick")
async def test_a_connection_that_fell_silent_is_left_for_a_new_one(monkeypatch):
    ear = Ear()
    layer = get_channel_layer()
    joined = []

    async def joining(*args: Any) -> Any:
        joined.append(layer._get_shard(doorbell.GROUP)._pubsub)
        return await layer.group_add(*args)

    class Noting:
        group_add = staticmethod(joining)
        new_channel, receive, flush = layer.new_channel, layer.receive, layer.flush

    monkeypatch.setattr(hub, "get_channel_layer", Noting)
    listening = asyncio.create_task(ear._listen())
    async with asyncio.timeout(10):
        while len(joined) < 2:
            await asyncio.sleep(0.02)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    assert joined[0] is not joined[1]
    await layer.flush()
