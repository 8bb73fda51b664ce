"""The doorbell: heard at once in this process, and never in the way of the one who rings."""

import threading
import time

import pytest

from controlroom.journal import doorbell
from controlroom.journal.doorbell import RANG, REVOKED, Bell


def until(condition, within_s=5):
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def said():
    return []


@pytest.fixture
def bell(said):
    async def send(message):
        said.append(message)

    return Bell(send)


def test_a_ring_carries_the_municipality_and_the_number_and_nothing_else(bell, said):
    bell.ring(municipality_id=7, number=3)
    until(lambda: said)
    assert said == [{"type": RANG, "municipality": 7, "number": 3}]


def test_a_revocation_carries_the_person_and_nothing_else(bell, said):
    bell.revoke(user_id=5)
    until(lambda: said)
    assert said == [{"type": REVOKED, "user": 5}]


def test_rings_that_wait_melt_into_the_newest(said):
    open_again = threading.Event()

    async def send(message):
        if not open_again.is_set():
            raise ConnectionError
        said.append(message)

    bell = Bell(send)
    for number in range(1, 2000):
        bell.ring(municipality_id=1, number=number)
    assert len(bell._numbers) <= 1
    open_again.set()
    until(lambda: said and said[-1]["number"] == 1999)
    assert len(said) < 20


def test_ringing_does_not_wait_for_a_bell_that_hangs():
    hangs = threading.Event()

    async def send(_message):
        hangs.wait(2)

    bell = Bell(send)
    began = time.monotonic()
    for number in range(100):
        bell.ring(municipality_id=1, number=number)
    assert time.monotonic() - began < 0.5
    hangs.set()


def test_a_listener_in_this_process_hears_without_the_channel_layer():
    class Ear:
        def __init__(self):
            self.heard = []

        def grew(self, municipality_id, number):
            self.heard.append((municipality_id, number))

        def access_changed(self, user_id):
            self.heard.append(user_id)

    ear = Ear()
    doorbell.listen(ear)
    try:
        doorbell.ring(municipality_id=1, number=2)
        doorbell.revoke(user_id=3)
    finally:
        doorbell.unlisten(ear)
    doorbell.ring(municipality_id=1, number=4)
    assert ear.heard == [(1, 2), 3]
