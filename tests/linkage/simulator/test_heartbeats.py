"""A room that says nothing rings at the centre, and is heard again: its heartbeats, the auditor."""

import threading
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.utils import timezone

from linkage.demo.link import SILENT_AFTER_S, install_link
from linkage.models import Alarm, Link, SignOfLife
from linkage.simulator import client as module
from linkage.simulator.agencies import AGENCIES, Secrets
from linkage.simulator.client import Account, AgencyClient
from linkage.simulator.misbehaviour import Faults
from linkage.watch.rounds import Auditor
from tests.live.conftest import start_web, until, web  # noqa: F401 - fixtures

pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]
HOUR = timedelta(hours=1)
GIVEN = Secrets("police112-90010", "simulated", "client-secret", "whsec_MDEyMzQ1Njc4OWFiY2RlZg==")


@dataclass
class Watched(Faults):
    """Counts how often the room looked whether it is silent."""

    looks: int = 0

    @property
    def is_silent(self) -> bool:
        self.looks += 1
        return super().is_silent


@pytest.fixture
def room(web, city, monkeypatch):  # noqa: F811
    """The line of the demo's 112 room, as its process keeps it alive; all in haste."""
    monkeypatch.setattr(module, "BEATS_WITHIN", SILENT_AFTER_S * 20)
    monkeypatch.setattr(module, "LOOK_S", 0.05)
    profile = AGENCIES["police112"]
    assert install_link(municipality=city, profile=profile, shared=GIVEN, push_url="") == "made"
    Link.objects.update(created_at=timezone.now() - HOUR)
    account = Account(web.url, GIVEN.client_id, GIVEN.client_secret, GIVEN.link)
    line = AgencyClient(account, faults=Watched())
    thread = threading.Thread(target=line.stay_alive)
    thread.start()
    yield line
    line.stopping.set()
    thread.join(20)
    line._http.close()


def rings() -> bool:
    auditor = Auditor()
    auditor.round()
    auditor.round()
    return Alarm.objects.standing().filter(kind="link.silent").exists()


def looked(room: AgencyClient, times: int) -> None:
    seen = room.faults.looks
    until(lambda: room.faults.looks >= seen + times, what="the room has looked")


def test_a_silent_room_rings_until_it_is_heard_again(room):
    until(SignOfLife.objects.exists, what="the first heartbeat")
    assert not rings()
    room.faults.set({"mode": "silent"})
    # A heartbeat may be under way.
    looked(room, 2)
    long_ago = timezone.now() - HOUR
    SignOfLife.objects.update(at=long_ago)
    looked(room, 3)
    assert SignOfLife.objects.get().at == long_ago
    assert rings()
    room.faults.set({"mode": "ok"})
    until(lambda: SignOfLife.objects.get().at > long_ago, what="it is heard again")
    assert not rings()
