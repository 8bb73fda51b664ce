"""Redis flushed, stopped and started again under load: every socket ends with every event."""

import asyncio
import os
import threading
import time
from typing import Any

import pytest
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.db import transaction

from bench._screens import Screen
from controlroom.journal import log
from controlroom.journal.doorbell import GROUP, Bell
from tests.live.conftest import until

pytestmark = pytest.mark.live

SCREENS = 12


class Wall:
    """Screens in a thread with its own event loop; what each has heard, folded by subject."""

    def __init__(self, web: Any, cookie: str, count: int = SCREENS) -> None:
        self.states: list[dict[str, int]] = [{} for _ in range(count)]
        self.when: list[dict[int, float]] = [{} for _ in range(count)]
        self.screens = [
            Screen(host=web.host, code="90010", cookie=cookie, heard=self._hears(index))
            for index in range(count)
        ]
        self._loop = asyncio.new_event_loop()
        self._tasks: list[asyncio.Task[None]] = []
        self._thread = threading.Thread(target=self._run)

    def _hears(self, index: int) -> Any:
        def heard(_screen: Screen, event: dict[str, Any], now: float) -> None:
            incident = event["data"]["incident"]
            self.states[index][incident["id"]] = incident["state"]
            self.when[index][event["number"]] = now

        return heard

    def _run(self) -> None:
        async def watch() -> None:
            self._tasks = [asyncio.create_task(screen.run()) for screen in self.screens]
            await asyncio.gather(*self._tasks, return_exceptions=True)

        self._loop.run_until_complete(watch())
        self._loop.close()

    def __enter__(self) -> "Wall":
        self._thread.start()
        until(lambda: all(screen.ready.is_set() for screen in self.screens), within_s=20)
        return self

    def __exit__(self, *_raised: Any) -> None:
        self._loop.call_soon_threadsafe(lambda: [task.cancel() for task in self._tasks])
        self._thread.join(20)


class Writer:
    """Says facts about a few incidents; remembers what every screen must end with."""

    def __init__(self, city: Any) -> None:
        self._city = city
        self.state: dict[str, int] = {}
        self.number = 0
        self.slowest_s = 0.0

    def say(self) -> None:
        key = f"incident-{self.number % 17}"
        began = time.monotonic()
        with transaction.atomic():
            entry = log.append(
                municipality_id=self._city.pk,
                kind="incident.noted",
                subject_kind="incident",
                subject_id=key,
                data={"incident": {"id": key, "state": self.number}},
            )
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)
        self.state[key] = self.number
        self.number = entry.number

    def say_for(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            self.say()
            time.sleep(0.01)


@pytest.fixture
def bell_at_private_redis(private_redis):
    """Ring for this process, as any other process would, through the private Redis."""
    layer = RedisPubSubChannelLayer(
        hosts=[private_redis.url], prefix=os.environ["CONTROLROOM_REDIS_PREFIX"]
    )
    bell = Bell(lambda message: layer.group_send(GROUP, message))

    def ring(municipality_id: int, number: int, **_kwargs: Any) -> None:
        bell.ring(municipality_id=municipality_id, number=number)

    log.appended.connect(ring)
    yield
    log.appended.disconnect(ring)


@pytest.mark.usefixtures("bell_at_private_redis")
def test_every_socket_ends_with_every_event_whatever_becomes_of_redis(
    start_web, private_redis, city, haneul
):
    web = start_web(REDIS_URL=private_redis.url)
    writer = Writer(city)
    with Wall(web, web.cookie_of(haneul)) as wall:
        writer.say_for(1)
        until(lambda: all(screen.cursor == writer.number for screen in wall.screens), within_s=1)
        private_redis.flush()
        writer.say_for(1)
        private_redis.stop()
        writer.say_for(3)
        assert web.answers(), "the web process must live without Redis"
        private_redis.start()
        writer.say_for(1)
        private_redis.flush()
        writer.say_for(0.5)
        until(
            lambda: all(screen.cursor == writer.number for screen in wall.screens),
            within_s=10,
            what="every screen at the last number",
        )
    assert all(state == writer.state for state in wall.states)
    assert all(screen.gaps == 0 for screen in wall.screens)
    assert all(not screen.closed_with for screen in wall.screens)
    # Writing never waited for Redis.
    assert writer.slowest_s < 1


def test_without_redis_a_fact_is_heard_by_the_poll_within_five_seconds(
    start_web, private_redis, city, haneul
):
    web = start_web(REDIS_URL=private_redis.url)
    private_redis.stop()
    writer = Writer(city)
    with Wall(web, web.cookie_of(haneul), count=2) as wall:
        said_at = time.monotonic()
        writer.say()
        until(lambda: all(writer.number in when for when in wall.when), within_s=5)
    assert max(when[writer.number] for when in wall.when) - said_at < 5


def test_a_killed_web_process_loses_nothing(web, city, haneul):
    writer = Writer(city)
    with Wall(web, web.cookie_of(haneul), count=4) as wall:
        writer.say_for(0.5)
        web.stop(9)
        writer.say_for(1)
        web.start()
        writer.say_for(0.5)
        until(lambda: all(screen.cursor == writer.number for screen in wall.screens), within_s=20)
    assert all(state == writer.state for state in wall.states)
