"""Every way in which a stand-in agency misbehaves, as our own end meets it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from linkage import buckets, transport
from linkage.demo.link import room_link
from linkage.links import new_webhook_secret
from linkage.models import InboxMessage
from linkage.simulator import agencies
from linkage.simulator.agencies import AGENCIES, Secrets
from linkage.simulator.client import Account, AgencyClient
from linkage.simulator.misbehaviour import (
    MODES,
    OK,
    SENDING,
    SENDING_OK,
    TAKING,
    TAKING_OK,
    Faults,
)
from linkage.simulator.receiver import Receiver, serve_all, webhook_path
from tests.live.conftest import start_web, web  # noqa: F401 - fixtures

BODY = json.dumps({"id": "m1", "subject": "c1", "data": {"msg_type": "ACK", "payload": {}}})


class Two:
    """Two agencies behind one door."""

    def __init__(self) -> None:
        self.secret = new_webhook_secret()
        self.receivers = {
            link: Receiver(secret=self.secret, on_message=lambda _event: None)
            for link in ("police112-x", "fire119-x")
        }
        self.door = serve_all(self.receivers, port=0)
        threading.Thread(target=self.door.serve_forever, daemon=True).start()

    def url(self, link: str = "police112-x") -> str:
        return f"{self.door.url.rstrip('/')}{webhook_path(link)}"

    def switch(self, mode: str, link: str = "police112-x", **more: Any) -> httpx.Response:
        return httpx.post(f"{self.url(link)}faults", json={"mode": mode, **more})

    def post(self, link: str = "police112-x") -> transport.Receipt:
        where = transport.Destination(self.url(link), "127.0.0.1", allow_private=True)
        return transport.post(destination=where, secrets=[self.secret], message_id="m1", body=BODY)


@pytest.fixture
def two() -> Iterator[Two]:
    pair = Two()
    yield pair
    pair.door.shutdown()
    pair.door.server_close()


def test_each_agency_has_its_own_door_and_book(two):
    assert two.post("fire119-x").outcome == "acked"
    assert httpx.get(two.url("police112-x")).json()["deliveries"] == 0
    assert httpx.get(f"{two.url('fire119-x')}ledger").json()["told"] == [
        {"id": "m1", "type": "ACK", "case": "c1"}
    ]
    assert set(httpx.get(two.door.url).json()["agencies"]) == {
        webhook_path("police112-x"),
        webhook_path("fire119-x"),
    }


def test_a_fault_of_one_is_not_the_others(two):
    two.switch("error500")
    with pytest.raises(transport.TransportError, match="HTTP 500"):
        two.post()
    assert two.post("fire119-x").outcome == "acked"
    two.switch("ok")
    assert two.post().outcome == "acked"


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        ("error500", "HTTP 500"),
        ("redirect", "redirects are not followed"),
        ("refuse", "HTTP 422"),
        ("reset", "connection broke"),
        ("no_ack", "without an acknowledgement"),
        ("garbage", "without an acknowledgement"),
    ],
)
def test_a_taker_that_fails_is_seen_as_what_it_is(two, mode, says):
    two.switch(mode, times=1)
    with pytest.raises(transport.TransportError, match=says):
        two.post()
    assert two.post().outcome == "acked"


@pytest.mark.parametrize(("mode", "seconds"), [("hang", 2), ("late", 2), ("drip", 0)])
def test_an_answer_that_does_not_come_in_time_is_unknown_and_took_effect(
    two, monkeypatch, mode, seconds
):
    monkeypatch.setattr(transport, "DEADLINE_S", 0.5)
    patient = httpx.Client(timeout=1.5 if mode == "drip" else 0.5, trust_env=False)
    monkeypatch.setattr(transport, "_client", lambda *_whom: patient)
    two.switch(mode, seconds=seconds)
    with pytest.raises(transport.TransportError) as raised:
        two.post()
    assert raised.value.unknown
    assert list(two.receivers["police112-x"].effects) == ["m1"]
    patient.close()


def test_an_unknown_fault_is_refused(two):
    assert two.switch("sulk").status_code == 400


class Centre(BaseHTTPRequestHandler):
    """The centre's end of the API, as far as these tests need it: it takes what comes."""

    taken: list[dict[str, Any]] = []
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/token/"):
            self._answer(200, {"access_token": "t", "expires_in": 60})
            return
        self.taken.append(json.loads(body))
        self._answer(201, {})

    def _answer(self, status: int, said: dict[str, Any]) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Be quiet."""


@pytest.fixture
def client() -> Iterator[AgencyClient]:
    Centre.taken = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Centre)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    sender = AgencyClient(Account(url, "id", "secret", "police112-x"), faults=Faults())
    yield sender
    sender._http.close()
    server.shutdown()
    server.server_close()


def sent(client: AgencyClient, mode: str) -> list[dict[str, Any]]:
    client.faults.set({"mode": mode, "times": 1})
    payload = {"receipt_no": "c1", "version": 1, "kind_code": "201"}
    answer = client.send("EVENT_NOTIFY", payload)
    assert answer.status_code == 201, answer.text
    return Centre.taken


def test_a_sender_repeats_itself_under_one_number(client):
    first, *others = sent(client, "duplicate")
    assert others == [first, first]


def test_a_sender_confuses_the_order_of_versions(client):
    assert [row["payload"]["version"] for row in sent(client, "out_of_order")] == [3, 1, 2]


@pytest.mark.live
def test_a_sender_floods_until_it_is_held_back_and_all_of_it_arrives(web, city):  # noqa: F811
    made = room_link("police112", municipality=city, burst=20, rate_per_s=10)
    link = made.link
    account = Account(web.url, made.client_id, made.client_secret, link.code)
    sender = AgencyClient(account, faults=Faults())
    sender.faults.set({"mode": "flood", "times": 1})
    report = {"receipt_no": "c1", "version": 1, "kind_code": "201", "urgency": "1"}
    assert sender.send("EVENT_NOTIFY", report).status_code == 201
    sender._http.close()
    assert sender.held_back > 0
    assert buckets.held_back([link]) == {link.pk: sender.held_back}
    arrived = set(InboxMessage.objects.filter(link=link).values_list("message_id", flat=True))
    assert {row["id"] for row in sender.sent()} == arrived
    assert len(arrived) > 20
    assert {row["status"] for row in sender.sent()} == {201}


def test_a_sender_signs_wrongly_and_uses_unknown_codes(client):
    (hashed,) = sent(client, "wrong_signature")
    assert hashed["payload_hash"] == "0" * 64
    *_first, coded = sent(client, "unknown_code")
    assert coded["payload"]["kind_code"] == "Z99"


def test_a_senders_clock_is_wrong(client):
    (document,) = sent(client, "wrong_clock")
    assert document["sent_at"] > document["occurred_at"][:15]
    assert document["sent_at"][:16] != document["occurred_at"][:16]


def test_a_sender_keeps_a_book_of_what_was_answered(client):
    sent(client, "duplicate")
    assert [(row["case"], row["status"]) for row in client.sent()] == [("c1", 201)] * 3


def test_every_mode_is_of_one_side():
    assert not TAKING & SENDING
    assert {OK, TAKING_OK, SENDING_OK} == MODES - TAKING - SENDING


GIVEN = Secrets("police112-90010", "first", "client-secret", "whsec_x")


def test_each_agency_has_secrets_of_its_own_from_those_of_the_first():
    both = {
        profile.code: secrets for profile, secrets in agencies.all_secrets(AGENCIES.values(), GIVEN)
    }
    assert both["police112"] == GIVEN
    assert both["fire119"].link == "fire119-90010"
    assert both["fire119"].client_secret not in {GIVEN.client_secret, ""}
    assert both["fire119"] == agencies.secrets_of(AGENCIES["fire119"], GIVEN)


def test_one_alone_speaks_with_what_is_given():
    ((_profile, secrets),) = agencies.all_secrets(agencies.chosen("fire119"), GIVEN)
    assert secrets == GIVEN


def test_an_agency_that_is_not_in_the_table_is_named():
    with pytest.raises(KeyError, match="navy"):
        agencies.chosen("police112,navy")
