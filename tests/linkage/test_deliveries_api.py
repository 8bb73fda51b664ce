"""Self-service of an agency: its delivery log, replay, commits by sequence, and its secrets."""

import pytest
from django.contrib.auth.hashers import check_password

from controlroom.audit.models import Record
from incidents import lifecycle
from incidents.models import Incident
from linkage import links
from linkage.choices import OutboxState
from linkage.models import OutboxMessage
from tests.linkage.conftest import api_client, envelope


@pytest.fixture
def own(link) -> str:
    return f"/api/v1/links/{link.code}"


@pytest.fixture
def owed(post, haneul) -> list[OutboxMessage]:
    post(envelope())
    incident = lifecycle.acknowledge(incident=Incident.objects.get(), by=haneul)
    incident = lifecycle.claim(incident=incident, by=haneul)
    lifecycle.respond(incident=incident, by=haneul)
    return list(OutboxMessage.objects.order_by("pk"))


def test_the_log_lists_own_messages_by_page_and_filter(police, own, owed):
    first = police.get(f"{own}/deliveries?limit=2").json()
    assert [row["id"] for row in first["deliveries"]] == [str(row.uid) for row in owed[:-3:-1]]
    rest = police.get(f"{own}/deliveries?before={first['next_before']}").json()
    assert len(first["deliveries"]) + len(rest["deliveries"]) == len(owed)
    assert police.get(f"{own}/deliveries?state=dead").json()["deliveries"] == []
    assert police.get(f"{own}/deliveries?state=lost").json()["errors"].keys() == {"state"}
    detail = police.get(f"{own}/deliveries/{owed[0].uid}").json()
    assert detail["tries"] == []
    assert "incident" not in detail


def test_another_agencys_link_looks_like_none(other_link, own, owed):
    other = api_client(other_link)
    for path in ("deliveries", f"deliveries/{owed[0].uid}"):
        assert other.get(f"{own}/{path}").status_code == 404
    for path in (f"deliveries/{owed[0].uid}/replay", "outbound/commit", "webhook-secret"):
        assert other.post(f"{own}/{path}", {"sequence": 1}, format="json").status_code == 404
    strange = f"/api/v1/links/{other_link.code}/deliveries/{owed[0].uid}"
    assert other.get(strange).status_code == 404


def test_an_agency_has_again_only_what_was_given_up(police, own, owed, link):
    path = f"{own}/deliveries/{owed[0].uid}/replay"
    why = {"reason": "수신 서버 복구"}
    assert police.post(path, {}, format="json").json()["errors"].keys() == {"reason"}
    assert police.post(path, why, format="json").json()["code"] == "not_replayable"
    OutboxMessage.objects.filter(pk=owed[0].pk).update(state=OutboxState.DEAD, is_offered=False)
    assert police.post(path, why, format="json").json()["state"] == OutboxState.QUEUED
    record = Record.objects.get(action="exchange.replayed")
    assert (record.agent, record.reason) == (link.code, why["reason"])


def test_a_commit_covers_what_was_fetched_and_nothing_else(police, own, owed):
    upto = police.get(f"{own}/outbound?limit=1").json()["messages"][0]["sequence"]
    beyond = {"sequence": owed[-1].pk}
    assert police.post(f"{own}/outbound/commit", beyond, format="json").json() == {
        "acknowledged": 1
    }
    owed[0].refresh_from_db()
    assert (owed[0].pk, owed[0].state) == (upto, OutboxState.ACKED)
    left = police.get(f"{own}/outbound").json()["messages"]
    assert [row["sequence"] for row in left] == [row.pk for row in owed[1:]]
    done = police.post(f"{own}/outbound/commit", beyond, format="json").json()
    assert done == {"acknowledged": len(owed) - 1}
    again = police.post(f"{own}/outbound/commit", beyond, format="json").json()
    assert again == {"acknowledged": 0}
    assert police.get(f"{own}/outbound").json()["messages"] == []


def test_what_is_replayed_must_be_fetched_again_before_a_commit_covers_it(police, own, owed):
    police.get(f"{own}/outbound")
    OutboxMessage.objects.filter(pk=owed[0].pk).update(state=OutboxState.DEAD, is_offered=False)
    again = {"reason": "수신 서버 복구"}
    police.post(f"{own}/deliveries/{owed[0].uid}/replay", again, format="json")
    police.post(f"{own}/outbound/commit", {"sequence": owed[-1].pk}, format="json")
    owed[0].refresh_from_db()
    assert owed[0].state == OutboxState.QUEUED


def test_a_new_signing_secret_overlaps_the_old_one_and_the_next_must_wait(police, own, link):
    (old,) = links.signing_secrets(link)
    made = police.post(f"{own}/webhook-secret").json()
    link.refresh_from_db()
    assert links.signing_secrets(link) == [made["webhook_secret"], old]
    assert police.post(f"{own}/webhook-secret").json()["code"] == "rotation_running"
    assert Record.objects.get(action="link.secret_rotated").agent == link.code


def test_a_new_client_secret_needs_the_present_one(police, own, link):
    made = links.issue_client(link=link)
    police = api_client(link)
    path = f"{own}/client-secret"
    assert police.post(path, {"client_secret": "guess"}, format="json").status_code == 403
    assert police.post(path, {}, format="json").status_code == 400
    fresh = police.post(path, {"client_secret": made.client_secret}, format="json").json()
    link.application.refresh_from_db()
    assert check_password(fresh["client_secret"], link.application.client_secret)
    assert police.get(f"{own}/deliveries").status_code == 401
