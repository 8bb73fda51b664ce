"""From an operator's acknowledgement to the agency's, through the broker and a real worker."""

import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from django.utils import timezone

from controlroom.runtime.room import WORKER
from incidents import lifecycle
from incidents.models import Incident
from linkage import inbox, tasks
from linkage.choices import OutboxState
from linkage.demo.link import room_link
from linkage.lanes import PLACES
from linkage.links import new_webhook_secret
from linkage.models import DeliveryAttempt, InboxMessage, OutboxMessage
from linkage.models_cap import CapSource
from linkage.models_city import Feed
from linkage.simulator.receiver import Receiver, serve
from linkage.wire import canonical
from tests.linkage.conftest import envelope, token_for
from tests.live.conftest import database_url, start_web, until, web  # noqa: F401 - fixtures

pytestmark = pytest.mark.live
ROOT = Path(__file__).parent.parent.parent


def start(*command: str, **environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": database_url(),
            "CONTROLROOM_TEST_REDIS_PREFIX": os.environ["CONTROLROOM_REDIS_PREFIX"],
        }
        | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


FEW = ("--pool", "threads", "--concurrency", "2", "--without-gossip", "--without-mingle")


def start_worker(options: tuple[str, ...] = FEW) -> subprocess.Popen[bytes]:
    return start("-m", "celery", "-A", "controlroom.celery", "worker", *options)


def stop(process: subprocess.Popen[bytes], how: int = signal.SIGKILL) -> None:
    process.send_signal(how)
    process.wait(20)


@pytest.fixture
def agency(transactional_db):
    secret = new_webhook_secret()
    receiver = Receiver(secret=secret, on_message=lambda _event: None)
    door = serve(receiver, port=0)
    receiver.secret, receiver.url = secret, door.url
    threading.Thread(target=door.serve_forever, daemon=True).start()
    yield receiver
    door.shutdown()
    door.server_close()


@pytest.fixture
def pushed(city, agency):
    return room_link(
        "police112",
        municipality=city,
        push_url=agency.url,
        allow_private_address=True,
        webhook_secret=agency.secret,
    ).link


def test_a_worker_killed_while_delivering_leaves_one_effect(pushed, agency, haneul):

    inbox.accept(link=pushed, raw=canonical(envelope()))
    agency.set_fault({"mode": "delay", "seconds": 4, "times": 1})
    lifecycle.acknowledge(incident=Incident.objects.get(), by=haneul)
    worker = start_worker()
    try:
        until(lambda: agency.deliveries == 1, within_s=30, what="the agency has the message")
    finally:
        stop(worker)
    message = OutboxMessage.objects.get()
    assert message.state == OutboxState.QUEUED
    # The lease of the dead worker runs out (30 s in life); the sweep finds the message.
    OutboxMessage.objects.update(lease_until=timezone.now())
    worker = start_worker()
    try:
        tasks.sweep()
        until(
            lambda: OutboxMessage.objects.get().state == OutboxState.ACKED,
            within_s=30,
            what="delivered again",
        )
    finally:
        stop(worker)
    assert (agency.deliveries, len(agency.effects)) == (2, 1)


def test_a_worker_killed_amid_a_turn_of_many_loses_none_and_doubles_no_effect(
    pushed, agency, haneul, monkeypatch
):
    for number in range(8):
        inbox.accept(link=pushed, raw=canonical(envelope(receipt_no=f"k{number}")))
    for incident in Incident.objects.order_by("received_at"):
        lifecycle.claim(incident=incident, by=haneul)
    owed = list(OutboxMessage.objects.order_by("pk"))
    killed = threading.Event()

    def hold(_event):
        """Leave the third message without an answer until the worker is dead."""
        if len(agency.effects) == 3:
            killed.wait(150)

    monkeypatch.setattr(agency, "_on_message", hold)
    worker = start_worker()
    try:
        tasks.sweep()
        until(lambda: len(agency.effects) == 3, within_s=150, what="amid a turn")
    finally:
        stop(worker)
        killed.set()
    assert DeliveryAttempt.objects.filter(finished_at=None).count() > 1
    # The leases of the dead worker run out (30 s in life); the sweep finds the messages.
    OutboxMessage.objects.exclude(lease_until=None).update(lease_until=timezone.now())
    worker = start_worker()
    try:
        tasks.sweep()
        waiting = OutboxMessage.objects.exclude(state=OutboxState.ACKED)
        until(lambda: not waiting.exists(), within_s=150, what="all is delivered")
    finally:
        stop(worker)
    assert len(agency.effects) == len(owed) >= 8
    for incident in Incident.objects.all():
        mine = [str(row.uid) for row in owed if row.incident_id == incident.pk]
        assert [uid for uid in agency.effects if uid in mine] == mine


def test_losing_the_broker_delays_no_report_and_loses_no_message(
    start_web,  # noqa: F811
    city,
    agency,
    pushed,
    haneul,
):
    web = start_web(REDIS_URL="unix:///nowhere/redis.sock?db=0")  # noqa: F811
    header = {"Authorization": f"Bearer {token_for(pushed)}"}
    url = f"{web.url}/api/v1/links/{pushed.code}/messages"
    started = time.monotonic()
    answer = httpx.post(url, json=envelope(), headers=header, timeout=20)
    assert answer.status_code == 201
    csrf = httpx.get(f"{web.url}/accounts/login/").cookies["csrftoken"]
    cookie = f"{web.cookie_of(haneul)}; csrftoken={csrf}"
    incident = Incident.objects.get()
    acknowledged = httpx.post(
        f"{web.url}/m/{city.code}/incidents/{incident.pk}/acknowledge/",
        json={},
        headers={"Cookie": cookie, "X-CSRFToken": csrf},
        timeout=20,
    )
    assert acknowledged.status_code in {200, 201}, acknowledged.text
    assert time.monotonic() - started < 5
    assert OutboxMessage.objects.get().state == OutboxState.QUEUED


def test_the_simulated_room_reports_and_confirms(web, city, agency, haneul):  # noqa: F811
    made = room_link("police112", municipality=city)
    room = start(
        *("manage.py", "simulate", "--agencies", "police112"),
        *("--rate", "600", "--limit", "8", "--seed", "3"),
        CONTROLROOM_SIM_BASE_URL=web.url,
        CONTROLROOM_SIM_CLIENT_ID=made.client_id,
        CONTROLROOM_SIM_CLIENT_SECRET=made.client_secret,
        CONTROLROOM_SIM_WEBHOOK_SECRET=agency.secret,
        CONTROLROOM_SIM_LINK=made.link.code,
    )
    try:
        until(lambda: Incident.objects.count() >= 8, within_s=40, what="eight reports")
    finally:
        stop(room, signal.SIGTERM)
    assert Incident.objects.count() == 8
    assert InboxMessage.objects.count() >= 8
    assert all(row.location for row in Incident.objects.all())


class Silent(BaseHTTPRequestHandler):
    """A source that takes every question and answers when it is let go."""

    def do_GET(self) -> None:
        with self.server.lock:
            self.server.asking += 1
            self.server.asked += 1
            self.server.most = max(self.server.most, self.server.asking)
        self.server.let_go.wait(60)
        with self.server.lock:
            self.server.asking -= 1
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def silent():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Silent)
    server.handle_error = lambda *_args: None
    server.lock, server.let_go = threading.Lock(), threading.Event()
    server.asking = server.asked = server.most = 0
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.let_go.set()
    server.shutdown()
    server.server_close()


def test_sources_that_hang_leave_urgent_news_its_threads(pushed, agency, haneul, city, silent):
    url = f"http://127.0.0.1:{silent.server_port}/"
    for number in range(8):
        given = {"municipality": city, "organisation_code": f"90020{number:02d}"}
        theirs = room_link("city", code=f"city-{number}", **given).link
        Feed.objects.create(
            municipality=city,
            link=theirs,
            adapter="its_events",
            url=url,
            allow_private_address=True,
        )
        theirs = room_link("disaster", code=f"disaster-{number}", **given).link
        CapSource.objects.create(link=theirs, feed_url=url, allow_private_address=True)
    worker = start_worker(WORKER)
    try:
        tasks.ask_feeds()
        tasks.ask_cap_feeds()
        until(lambda: silent.asking, within_s=60, what="a source is being asked")
        inbox.accept(link=pushed, raw=canonical(envelope(urgency="0")))
        lifecycle.acknowledge(incident=Incident.objects.get(), by=haneul)
        tasks.sweep()
        until(lambda: agency.deliveries, within_s=30, what="the urgent message is delivered")
        # The others wait in memory, not in threads: one is asked where another gave up.
        until(lambda: silent.asked > 1, within_s=60, what="the next one is asked")
    finally:
        stop(worker)
    assert silent.most <= PLACES["asks"] + PLACES["slow asks"]
