"""An agency that fetches takes what it is owed once each, whatever goes wrong on its side."""

from functools import partial

import httpx
import pytest

from incidents import lifecycle
from incidents.models import Incident
from linkage.links import issue_client
from linkage.models import OutboxMessage
from linkage.simulator.client import Account, AgencyClient
from linkage.simulator.fetcher import NOT_COMMITTING, NOT_TAKING, Fetcher
from linkage.simulator.misbehaviour import TAKING, Faults
from linkage.simulator.receiver import Receiver
from tests.linkage.conftest import envelope


@pytest.fixture
def heard() -> list[str]:
    return []


@pytest.fixture
def fetcher(link, client, monkeypatch, heard) -> Fetcher:
    def serve(asked: httpx.Request) -> httpx.Response:
        kept = ("Authorization", "Idempotency-Key")
        headers = {name: asked.headers[name] for name in kept if name in asked.headers}
        path = asked.url.raw_path.decode()
        kind = asked.headers.get("Content-Type", "application/json")
        answer = client.generic(asked.method, path, asked.read(), kind, headers=headers)
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    web = partial(httpx.Client, transport=httpx.MockTransport(serve))
    monkeypatch.setattr("linkage.simulator.client.httpx.Client", web)
    given, faults = issue_client(link=link), Faults()
    account = Account("http://testserver", given.client_id, given.client_secret, link.code)
    receiver = Receiver(
        secret="whsec_" + "A" * 32,
        on_message=lambda event: heard.append(event["data"]["msg_type"]),
        faults=faults,
    )
    return Fetcher(client=AgencyClient(account, faults=faults), receiver=receiver)


@pytest.fixture
def owed(post, haneul) -> OutboxMessage:
    assert post(envelope(receipt_no="F-1")).status_code == 201
    lifecycle.acknowledge(incident=Incident.objects.get(), by=haneul)
    return OutboxMessage.objects.get()


def test_what_it_fetched_is_committed_and_heard_once(fetcher, owed, heard):
    assert fetcher.round() is False
    fetcher.round()
    owed.refresh_from_db()
    assert (heard, owed.state) == (["ACK"], "acked")


@pytest.mark.parametrize("mode", sorted(NOT_TAKING))
def test_what_it_could_not_take_comes_again(fetcher, owed, heard, mode):
    fetcher.receiver.set_fault({"mode": mode, "times": 1})
    fetcher.round()
    owed.refresh_from_db()
    assert (heard, owed.state) == ([], "queued")
    fetcher.round()
    owed.refresh_from_db()
    assert (heard, owed.state) == (["ACK"], "acked")


@pytest.mark.parametrize("mode", sorted(NOT_COMMITTING))
def test_what_it_did_not_commit_comes_again_and_counts_once(fetcher, owed, heard, mode):
    fetcher.receiver.set_fault({"mode": mode, "times": 1})
    fetcher.round()
    fetcher.round()
    owed.refresh_from_db()
    assert (heard, owed.state, fetcher.receiver.deliveries) == (["ACK"], "acked", 2)


def test_every_fault_of_taking_is_one_of_fetching_too():
    assert NOT_TAKING | NOT_COMMITTING | {"delay"} == TAKING
