"""The agency API: who is let in, whose cases are seen, and the promises of its headers."""

import re
from base64 import b64encode
from urllib.parse import urlencode

import pytest
from rest_framework.test import APIClient

from incidents import catalogue, lifecycle
from incidents.models import Incident
from linkage import buckets
from linkage.api.urls import urlpatterns
from linkage.choices import LinkState
from linkage.demo.link import room_link
from linkage.links import issue_client
from linkage.models import Case, IdempotencyKey, InboxMessage, Link, OutboxMessage
from tests.linkage.conftest import api_client, envelope

RECEIPT = "20261122-000001"
CASE = f"/api/v1/incidents/{RECEIPT}"


@pytest.fixture
def foreign(other_link) -> APIClient:
    return api_client(other_link)


def token_request(client, form):
    return client.post("/api/v1/token/", urlencode(form), "application/x-www-form-urlencoded")


def test_no_token_is_401_and_says_how(link, client):
    response = client.post(f"/api/v1/links/{link.code}/messages", {}, "application/json")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert response.json()["code"] == "not_authenticated"


def test_a_persons_session_opens_nothing(link, client, administrator):
    client.force_login(administrator)
    assert client.get("/api/v1/incidents").status_code == 401


def test_a_client_gets_a_token_by_its_secret(city, client):
    made = room_link("police112", municipality=city)
    asked = {"grant_type": "client_credentials", "scope": "police112"}
    body = {**asked, "client_id": made.client_id, "client_secret": made.client_secret}
    granted = token_request(client, body)
    assert granted.status_code == 200, granted.content
    assert granted.json()["scope"] == "police112"
    header = {"Authorization": f"Bearer {granted.json()['access_token']}"}
    assert client.get("/api/v1/incidents", headers=header).status_code == 200
    issue_client(link=made.link)
    assert client.get("/api/v1/incidents", headers=header).status_code == 401


def test_a_client_cannot_ask_for_anothers_service(city, client):
    made = room_link("police112", municipality=city)
    body = {
        "grant_type": "client_credentials",
        "scope": "fire119",
        "client_id": made.client_id,
        "client_secret": made.client_secret,
    }
    refused = token_request(client, body)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/api/v1/links/police112-90010/messages"),
        ("get", "/api/v1/links/police112-90010/outbound"),
        ("get", CASE),
        ("patch", CASE),
        ("get", f"{CASE}?link=police112-90010"),
    ],
)
def test_another_links_client_sees_nothing(post, foreign, method, path):
    post(envelope(receipt_no=RECEIPT))
    response = getattr(foreign, method)(
        path, envelope() if method == "post" else None, format="json"
    )
    assert response.status_code == 404, response.data
    assert foreign.get("/api/v1/incidents").data["incidents"] == []


def test_another_links_client_cannot_acknowledge(post, police, foreign, link, haneul):
    post(envelope())
    lifecycle.acknowledge(incident=Incident.objects.get(), by=haneul)
    message = OutboxMessage.objects.get()
    path = f"/api/v1/links/{link.code}/outbound/{message.uid}/ack"
    assert foreign.post(path).status_code == 404
    assert police.post(path).data["state"] == "acked"
    assert police.post(path).data["state"] == "acked"
    assert police.get(f"/api/v1/links/{link.code}/outbound").data["messages"] == []


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        ({"client_id": "a\x00b", "client_secret": "c"}, {}),
        ({"client_id": "a", "client_secret": "c\x00"}, {}),
        ({}, {"Authorization": "Basic " + b64encode(b"a\x00b:c").decode()}),
        ({}, {"Authorization": "Basic " + b64encode(b"a%00b:c").decode()}),
    ],
)
@pytest.mark.django_db
def test_a_zero_byte_at_the_token_door_is_a_bad_request(client, form, headers):
    body = urlencode({"grant_type": "client_credentials", **form})
    answer = client.post(
        "/api/v1/token/", body, content_type="application/x-www-form-urlencoded", headers=headers
    )
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_request"}


def test_a_token_without_the_scope_is_refused(link):
    response = api_client(link, scope="fire119").post(
        f"/api/v1/links/{link.code}/messages", envelope(), format="json"
    )
    assert (response.status_code, response.data["code"]) == (403, "insufficient_scope")


def test_a_suspended_link_takes_nothing(post, link):
    link.state = LinkState.SUSPENDED
    link.save()
    assert post(envelope()).data["code"] == "link_closed"


def test_of_a_suspended_link_nothing_leaves_by_fetching_either(police, post, link, haneul):
    post(envelope(receipt_no="S-1"))
    lifecycle.acknowledge(incident=Incident.objects.get(), by=haneul)
    path = f"/api/v1/links/{link.code}"
    assert len(police.get(f"{path}/outbound").data["messages"]) == 1
    uid = OutboxMessage.objects.get().uid
    Link.objects.update(state=LinkState.SUSPENDED)
    for asked in ("outbound", "deliveries", f"deliveries/{uid}"):
        refused = police.get(f"{path}/{asked}")
        assert (refused.status_code, refused.data["code"]) == (403, "link_closed"), asked
    assert police.get("/api/v1/incidents").data["incidents"] == []
    assert police.get("/api/v1/incidents/S-1").status_code == 404
    # What it had already it may confirm, and it may say that it is there.
    assert police.post(f"{path}/outbound/{uid}/ack").status_code == 200
    assert police.post(f"{path}/heartbeat").status_code < 300


def test_what_is_urgent_is_fetched_before_what_has_waited_longer(police, post, link, haneul):
    catalogue.install()
    for number, urgency in (("U-1", "3"), ("U-2", "0"), ("U-3", "3")):
        post(envelope(receipt_no=number, urgency=urgency))
        incident = Incident.objects.get(cases__external_id=number)
        lifecycle.acknowledge(incident=incident, by=haneul)
        lifecycle.claim(incident=incident, by=haneul)
    path = f"/api/v1/links/{link.code}/outbound"
    every = [one["event"]["subject"] for one in police.get(path).data["messages"]]
    assert every == ["U-1", "U-1", "U-2", "U-2", "U-3", "U-3"]
    found = police.get(f"{path}?urgent=true&limit=1").data
    assert [one["event"]["subject"] for one in found["messages"]] == ["U-2"]
    rest = police.get(f"{path}?urgent=true&after={found['next_after']}").data
    assert [one["event"]["subject"] for one in rest["messages"]] == ["U-2"]
    refused = police.get(f"{path}?urgent=yes")
    assert (refused.status_code, list(refused.data["errors"])) == (400, ["urgent"])


def test_the_same_key_and_body_replay_the_stored_answer(post):
    document = envelope()
    first = post(document, **{"Idempotency-Key": "k-1"})
    second = post(document, **{"Idempotency-Key": "k-1"})
    assert (second.status_code, second.data) == (first.status_code, first.data)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert InboxMessage.objects.count() == 1


def test_the_same_key_with_another_body_is_422(post):
    post(envelope(), **{"Idempotency-Key": "k-1"})
    response = post(envelope(), **{"Idempotency-Key": "k-1"})
    assert (response.status_code, response.data["code"]) == (422, "idempotency_key_reused")
    assert InboxMessage.objects.count() == 1


def test_a_refused_request_does_not_use_its_key_up(post):
    assert post(envelope(version=0), **{"Idempotency-Key": "k-1"}).status_code == 400
    assert not IdempotencyKey.objects.exists()
    assert post(envelope(), **{"Idempotency-Key": "k-1"}).status_code == 201


@pytest.mark.parametrize("key", ["", "두글자", "x" * 129, "a b"])
def test_a_malformed_key_is_400(post, key):
    assert post(envelope(), **{"Idempotency-Key": key}).status_code == 400


def test_too_fast_is_429_with_retry_after_and_counted(post, link):
    link.rate_per_s, link.burst = 0.1, 2
    link.save()
    assert [post(envelope(receipt_no=str(n))).status_code for n in range(3)] == [201, 201, 429]
    refused = post(envelope())
    assert 1 <= int(refused.headers["Retry-After"]) <= 10
    assert buckets.held_back([link]) == {link.pk: 2}


def test_a_large_body_is_413(police, link):
    body = b'{"x": "' + b"x" * 70_000 + b'"}'
    response = police.post(
        f"/api/v1/links/{link.code}/messages", body, content_type="application/json"
    )
    assert (response.status_code, response.data["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"a": NaN}', b"\xff", b'"\\ud800"', b"[" * 50_000]
)
def test_what_is_no_json_object_is_400(police, link, body):
    response = police.post(
        f"/api/v1/links/{link.code}/messages", body, content_type="application/json"
    )
    assert response.status_code == 400


def test_another_content_type_is_415(police, link):
    path = f"/api/v1/links/{link.code}/messages"
    assert police.post(path, b"a=b", content_type="text/plain").status_code == 415


def test_an_unchanged_case_is_304(post, police):
    post(envelope(receipt_no=RECEIPT))
    tag = police.get(CASE).headers["ETag"]
    assert police.get(CASE, headers={"If-None-Match": tag}).status_code == 304
    post(envelope(receipt_no=RECEIPT, version=2))
    assert police.get(CASE, headers={"If-None-Match": tag}).status_code == 200


def test_a_correction_needs_the_current_etag(post, police):
    post(envelope(receipt_no=RECEIPT))
    tag = police.get(CASE).headers["ETag"]
    change = {"address": "한빛시 새 주소 3"}

    def patch(**headers):
        return police.patch(CASE, change, format="json", headers=headers)

    assert patch().status_code == 428
    assert patch(**{"If-Match": '"old"'}).status_code == 412
    assert patch(**{"If-Match": tag}).status_code == 201
    assert Incident.objects.get().address == "한빛시 새 주소 3"
    assert Incident.objects.get().summary == "주점 앞 다툼"
    assert Case.objects.get().version == 2
    assert patch(**{"If-Match": tag}).status_code == 412


def test_a_cancelled_case_is_not_corrected(post, police):
    post(envelope(receipt_no=RECEIPT))
    post(envelope("CANCEL", receipt_no=RECEIPT, version=2))
    response = police.patch(CASE, {"urgency": "0"}, format="json", headers={"If-Match": "*"})
    assert (response.status_code, response.data["code"]) == (409, "case_cancelled")


def test_pages_neither_skip_nor_repeat_rows_of_the_same_moment(post, police):
    for number in range(7):
        post(envelope(receipt_no=f"r-{number}"))
    Case.objects.update(opened_at=Case.objects.earliest("pk").opened_at)
    seen, cursor = [], ""
    while cursor is not None:
        page = police.get(f"/api/v1/incidents?limit=3{cursor and '&cursor=' + cursor}").data
        seen += [row["receipt_no"] for row in page["incidents"]]
        cursor = page["next_cursor"]
        if len(seen) == 3:
            post(envelope(receipt_no="late"))
    assert seen == [f"r-{number}" for number in reversed(range(7))]


def test_what_is_owed_can_be_fetched_until_it_is_acknowledged(post, police, link, haneul):
    post(envelope(receipt_no=RECEIPT))
    lifecycle.claim(incident=Incident.objects.get(), by=haneul)
    path = f"/api/v1/links/{link.code}/outbound"
    page = police.get(path + "?limit=1").data
    assert page["messages"][0]["event"]["data"]["payload"]["status"] == "ACKNOWLEDGED"
    rest = police.get(f"{path}?after={page['next_after']}").data["messages"]
    assert [row["event"]["data"]["payload"]["status"] for row in rest] == ["ACCEPTED"]
    assert len(police.get(path).data["messages"]) == 2


def test_an_unknown_address_is_a_problem_too(client):
    response = client.get("/api/v1/nothing")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert response.headers["Content-Type"] == "application/problem+json"


def test_the_schema_names_every_address_of_the_api(client):
    document = client.get("/api/v1/schema/?format=json").json()
    assert document["openapi"].startswith("3.1")
    named = {re.sub(r"<\w+:(\w+)>", r"{\1}", str(pattern.pattern)) for pattern in urlpatterns}
    own = {path.removeprefix("/api/v1/") for path in document["paths"]}
    assert named - own == {"schema/", "docs/", "asyncapi.json", ""}
