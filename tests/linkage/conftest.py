"""A police 112 link of the city, its client's token, and reports as its room writes them."""

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import pytest
from django.db import connection
from django.utils import timezone
from oauth2_provider.models import get_access_token_model
from rest_framework.test import APIClient

from incidents.models import Incident
from linkage import delivery, inbox, transport
from linkage.demo.link import room_link
from linkage.links import new_webhook_secret
from linkage.models import Link, OutboxMessage
from linkage.simulator.receiver import Receiver, serve
from linkage.wire import canonical

_numbers = count(1)


def token_for(link, scope="police112") -> str:
    """Give a token without the cost of hashing the secret."""
    token = f"token-{link.code}-{next(_numbers)}"
    get_access_token_model().objects.create(
        application=link.application,
        token=token,
        scope=scope,
        expires=timezone.now() + timedelta(hours=1),
    )
    return token


def api_client(link, scope="police112") -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token_for(link, scope)}")
    return client


def envelope(message_type="EVENT_NOTIFY", *, receipt_no="20261122-000001", msg_id="", **payload):
    now = timezone.now().isoformat()
    if message_type == "EVENT_NOTIFY":
        payload = {
            "version": 1,
            "kind_code": "201",
            "urgency": "1",
            "place": {"lon": 127.4, "lat": 36.4, "error_radius_m": 50, "method": "wifi"},
            "address": "한빛시 중앙로 12",
            "summary": "주점 앞 다툼",
        } | payload
    return {
        "msg_id": msg_id or f"m-{next(_numbers)}",
        "msg_type": message_type,
        "schema_ver": "1.0",
        "occurred_at": now,
        "sent_at": now,
        "payload": {"receipt_no": receipt_no, **payload},
    }


@pytest.fixture
def link(city):
    return room_link("police112", municipality=city).link


@pytest.fixture
def other_link(other_city):
    return room_link("police112", municipality=other_city).link


@pytest.fixture
def police(link) -> APIClient:
    return api_client(link)


@pytest.fixture
def post(police, link):
    def send(document, **headers):
        return police.post(
            f"/api/v1/links/{link.code}/messages", document, format="json", headers=headers
        )

    return send


@pytest.fixture
def agency():
    """Run the simulator's door, a real HTTP server that verifies our signature."""

    secret = new_webhook_secret()
    receiver = Receiver(secret=secret, on_message=lambda _event: None)
    receiver.secret = secret
    door = serve(receiver, port=0)
    receiver.url = door.url
    thread = threading.Thread(target=door.serve_forever, daemon=True)
    thread.start()
    yield receiver
    transport.hang_up()
    door.shutdown()
    door.server_close()


@pytest.fixture
def pushed(city, agency) -> Link:
    return room_link(
        "police112",
        municipality=city,
        push_url=agency.url,
        allow_private_address=True,
        webhook_secret=agency.secret,
    ).link


def taken(link, **payload) -> Incident:
    inbox.accept(link=link, raw=canonical(envelope(**payload)))
    return Incident.objects.latest("received_at")


def drain(link) -> int:
    return sum(1 for _ in iter(lambda: delivery.deliver_next(link_id=link.pk), False))


def make_due() -> None:
    now = timezone.now()
    OutboxMessage.objects.update(next_try_at=now, lease_until=None)
    Link.objects.update(paused_until=None)


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Hold a port on which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


class DeafDoor:
    """Takes a connection and its request, and says nothing until it is let go."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self.heard, self._released = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        try:
            peer, _address = self._listener.accept()
        except OSError:
            return
        with peer:
            peer.recv(65_536)
            self.heard.set()
            self._released.wait(60)

    def deliver_in_background(self, link: Link) -> threading.Thread:
        def work() -> None:
            try:
                delivery.deliver_some(link_id=link.pk)
            finally:
                connection.close()

        thread = threading.Thread(target=work)
        thread.start()
        return thread

    def let_go(self) -> None:
        self._released.set()

    def close(self) -> None:
        self.let_go()
        self._thread.join(10)
        self._listener.close()


@pytest.fixture
def deaf_door(monkeypatch) -> Iterator[DeafDoor]:
    monkeypatch.setattr(transport, "READ_TIMEOUT_S", 60.0)
    transport.hang_up()
    door = DeafDoor()
    yield door
    door.close()
    transport.hang_up()
