"""A seat: its queue is bounded, its client gets contiguous ranges or is let go with 1013."""

import asyncio
import json

import pytest

from controlroom.journal.frames import Frame
from controlroom.journal.lines import Line
from controlroom.journal.seats import MOST_WAITING, TOO_SLOW, Seat, Ticket

pytestmark = pytest.mark.asyncio

TICKET = Ticket(
    user_id=1,
    user_name="haneul",
    session_key="k",
    access_version=0,
    municipality_id=1,
    audiences=frozenset({"operations"}),
)


def frame(number, subject="a", *, whole=True):
    data = {"incident": {"id": subject, "state": number}} if whole else {"text": "t"}
    subject = {"kind": "incident", "id": subject}
    return Frame.of([{"number": number, "prev": number - 1, "subject": subject, "data": data}])


class Client(Line):
    """Stands where the socket stands; reads nothing while `reading` is not set."""

    def __init__(self):
        self.reading = asyncio.Event()
        self.reading.set()
        self.frames = []

    async def send(self, text):
        await self.reading.wait()
        self.frames.append(json.loads(text))

    def give_up(self):
        self.reading.set()


def seat_for(client):
    return Seat(ticket=TICKET, line=client)


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


async def test_frames_go_out_in_order():
    client = Client()
    seat = seat_for(client)
    running = asyncio.create_task(seat.run())
    for number in range(1, 5):
        seat.offer(frame(number, str(number)))
    await settle()
    assert [(f["prev"], f["to"]) for f in client.frames] == [(0, 1), (1, 2), (2, 3), (3, 4)]
    seat.close(1000)
    assert await running == 1000


async def test_a_frame_that_the_replay_already_brought_is_not_sent_again():
    client = Client()
    seat = seat_for(client)
    seat.position = 3
    running = asyncio.create_task(seat.run())
    for number in range(2, 6):
        seat.offer(frame(number))
    await settle()
    assert [(f["prev"], f["to"]) for f in client.frames] == [(3, 4), (4, 5)]
    seat.close(1000)
    await running


async def test_a_slow_client_of_busy_incidents_gets_one_thinned_range():
    client = Client()
    client.reading.clear()
    seat = seat_for(client)
    running = asyncio.create_task(seat.run())
    seat.offer(frame(1))
    await settle()
    for number in range(2, 3 * MOST_WAITING):
        seat.offer(frame(number, subject=str(number % 7)))
    assert seat.close_code is None
    client.reading.set()
    await settle()
    ranges = [(f["prev"], f["to"]) for f in client.frames]
    assert ranges[0] == (0, 1)
    assert [prev for prev, _to in ranges[1:]] == [to for _prev, to in ranges[:-1]]
    assert ranges[-1][1] == 3 * MOST_WAITING - 1
    assert sum(len(f["events"]) for f in client.frames) < MOST_WAITING + 2
    seat.close(1000)
    await running


async def test_a_client_that_cannot_keep_up_is_closed_with_1013_and_holds_no_memory():
    client = Client()
    client.reading.clear()
    seat = seat_for(client)
    running = asyncio.create_task(seat.run())
    seat.offer(frame(1))
    await settle()
    for number in range(2, MOST_WAITING + 3):
        seat.offer(frame(number, str(number)))
        assert seat._waiting <= MOST_WAITING or seat.close_code == TOO_SLOW
    assert seat.close_code == TOO_SLOW
    assert not seat._frames
    seat.offer(frame(9999))
    assert not seat._frames
    client.reading.set()
    assert await running == TOO_SLOW


async def test_closing_does_not_wait_for_a_full_network():
    client = Client()
    client.reading.clear()
    seat = seat_for(client)
    running = asyncio.create_task(seat.run())
    seat.offer(frame(1))
    await settle()
    seat.close(4401)
    assert await asyncio.wait_for(running, 1) == 4401


async def test_of_unsent_heartbeats_only_the_newest_counts():
    client = Client()
    client.reading.clear()
    seat = seat_for(client)
    running = asyncio.create_task(seat.run())
    seat.offer(frame(1))
    await settle()
    for number in range(5):
        seat.beat(json.dumps({"type": "hb", "head": number}))
    client.reading.set()
    await settle()
    assert [f["head"] for f in client.frames if f["type"] == "hb"] == [4]
    seat.close(1000)
    await running


async def test_the_first_close_code_stands():
    seat = seat_for(Client())
    seat.close(4401)
    seat.close(1013)
    assert await seat.run() == 4401
