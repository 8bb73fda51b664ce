"""The link console: what it shows, to whom, and what a person may do to a link."""

from datetime import timedelta

import pytest
from django.utils import timezone

from controlroom.audit.models import Record
from controlroom.journal.models import Entry
from incidents import catalogue, lifecycle
from incidents.features import moment
from incidents.models import Incident
from linkage import outbox, resyncs
from linkage.choices import LinkState
from linkage.demo.link import room_link
from linkage.models import InboxMessage, OutboxMessage
from linkage.models_city import Feed
from linkage.services.city import sensors
from tests.linkage.conftest import envelope

JSON = "application/json"


@pytest.fixture
def incident(post, haneul) -> Incident:
    post(envelope(msg_id="first"))
    incident = Incident.objects.get()
    lifecycle.acknowledge(incident=incident, by=haneul)
    return incident


@pytest.fixture
def base(city, link) -> str:
    return f"/m/{city.code}/linkage/console/{link.code}/"


def test_the_page_carries_what_its_modules_need(client, haneul, city, link):
    client.force_login(haneul)
    answer = client.get(f"/m/{city.code}/links/")
    assert answer.status_code == 200
    assert answer.context["config"]["may"] == {"act": False, "ask": False, "phone": True}


@pytest.mark.parametrize(
    ("person", "status"), [("stranger", 404), ("bada", 403), ("administrator", 200)]
)
def test_only_operators_and_keepers_of_links_see_it(client, request, city, link, person, status):
    client.force_login(request.getfixturevalue(person))
    assert client.get(f"/m/{city.code}/links/").status_code == status
    assert client.get(f"/m/{city.code}/linkage/console/").status_code == status


def test_the_matrix_tells_each_direction(client, haneul, city, link, incident):
    client.force_login(haneul)
    picture = client.get(f"/m/{city.code}/linkage/console/").json()
    (row,) = picture["links"]
    out, came = row["directions"]
    assert picture["cursor"] == Entry.objects.order_by("-number").first().number
    assert (row["code"], row["state"], row["transport"]) == (link.code, "up", "fetch")
    assert (out["waiting"], out["acks"], out["used"]) == (1, None, True)
    assert out["oldest_at"]
    assert came["acks"]["count"] == 1
    assert (came["waiting"], came["schema_version"], came["skew_marked"]) == (0, "1.0", False)
    outbox.acknowledge(link=link, uid=OutboxMessage.objects.get().uid)
    (row,) = client.get(f"/m/{city.code}/linkage/console/").json()["links"]
    assert row["directions"][0]["waiting"] == 0
    assert row["directions"][0]["acks"]["count"] == 1


def test_a_source_that_we_ask_shows_its_last_answer_its_failures_and_its_next_question(
    client, haneul, city
):
    catalogue.install()
    asked = room_link("city", municipality=city).link
    now = timezone.now()
    feed = Feed.objects.create(
        municipality=city,
        link=asked,
        adapter="its_events",
        url="http://x.example/",
        answered_at=now - timedelta(minutes=2),
        next_poll_at=now + timedelta(minutes=1),
        failures=2,
        last_error="HTTP 500",
    )
    client.force_login(haneul)
    (row,) = client.get(f"/m/{city.code}/linkage/console/").json()["links"]
    came = row["directions"][1]
    assert came["last_at"] == moment(feed.answered_at)
    (source,) = came["sources"]
    assert (source["failures"], source["error"]) == (2, "HTTP 500")
    assert source["next_try_at"] == moment(feed.next_poll_at)
    sensors.take_readings(link=asked, readings=[], raw=b"{}")
    (row,) = client.get(f"/m/{city.code}/linkage/console/").json()["links"]
    assert row["directions"][1]["last_at"] > came["last_at"]


def test_the_matrix_costs_the_same_for_any_number_of_links(
    client, haneul, city, link, other_link, django_assert_max_num_queries
):
    client.force_login(haneul)
    with django_assert_max_num_queries(28):
        client.get(f"/m/{city.code}/linkage/console/")


def test_the_messages_come_in_pages_that_nothing_shifts(client, haneul, base, post, incident):
    for number in range(5):
        post(envelope(receipt_no=f"20261122-10000{number}"))
    client.force_login(haneul)
    first = client.get(f"{base}messages/?direction=in&limit=2").json()
    post(envelope(receipt_no="20261122-200000"))
    rest, following = [], first["next"]
    while following:
        page = client.get(f"{base}messages/?direction=in&limit=2&before={following}").json()
        rest += page["messages"]
        following = page["next"]
    numbers = [row["sequence"] for row in first["messages"] + rest]
    assert len(numbers) == 6
    assert numbers == sorted(numbers, reverse=True)
    (row,) = client.get(f"{base}messages/?direction=in&case=20261122-100003").json()["messages"]
    assert row["case"] == "20261122-100003"
    assert client.get(f"{base}messages/?direction=out&state=dead").json()["messages"] == []
    assert client.get(f"{base}messages/?direction=up").status_code == 400


def test_a_message_tells_its_answer_but_not_its_content(client, haneul, base, incident):
    client.force_login(haneul)
    came = InboxMessage.objects.get()
    detail = client.get(f"{base}messages/in/{came.pk}/").json()
    assert detail["answer"]["status"] == 201
    assert "raw" not in detail
    owed = OutboxMessage.objects.get()
    assert client.get(f"{base}messages/out/{owed.uid}/").json()["tries"] == []
    assert client.get(f"{base}messages/out/{came.pk}/").status_code == 404
    assert client.get(f"{base}messages/in/99999999/").status_code == 404


def test_the_content_is_shown_for_a_reason_that_is_put_on_record(
    client, haneul, supervisor, base, incident
):
    came = InboxMessage.objects.get()
    path = f"{base}messages/in/{came.pk}/content/"
    client.force_login(haneul)
    assert client.post(path, {"reason": "확인"}, content_type=JSON).status_code == 403
    client.force_login(supervisor)
    assert client.post(path, {"reason": ""}, content_type=JSON).status_code == 400
    assert not Record.objects.filter(action="exchange.revealed").exists()
    shown = client.post(path, {"reason": "내용 확인 요청"}, content_type=JSON).json()
    assert shown["exact"]
    assert shown["text"].encode() == bytes(came.raw)
    record = Record.objects.get(action="exchange.revealed")
    assert (record.actor_id, record.reason) == (supervisor.pk, "내용 확인 요청")
    assert record.detail["message_id"] == "first"


def test_pausing_names_the_person_and_the_reason_and_is_heard(
    client, haneul, supervisor, base, link
):
    client.force_login(haneul)
    assert client.post(f"{base}pause/", {"reason": "점검"}, content_type=JSON).status_code == 403
    client.force_login(supervisor)
    assert client.post(f"{base}pause/", {"reason": "점검"}, content_type=JSON).json() == {
        "state": "maintenance"
    }
    record = Record.objects.get(action="link.maintenance")
    assert (record.actor_id, record.reason) == (supervisor.pk, "점검")
    assert Entry.objects.get(kind="link.state").data["state"] == LinkState.MAINTENANCE
    assert client.post(f"{base}resume/", {"reason": "점검 끝"}, content_type=JSON).json() == {
        "state": "up"
    }
    assert (
        client.post(f"{base}resume/", {"reason": "한 번 더"}, content_type=JSON).status_code == 400
    )


@pytest.mark.parametrize(
    ("person", "status"), [("administrator", 201), ("supervisor", 403), ("haneul", 403)]
)
def test_who_manages_links_asks_an_agency_for_everything_again(
    client, request, city, link, base, person, status
):
    client.force_login(request.getfixturevalue(person))
    asked = {"since": "2026-11-20T00:00:00+09:00", "reason": "백업에서 복구"}
    if status == 201:
        asked["since"] = (timezone.now() - timedelta(hours=24)).isoformat()
        for wrong, field in (({"since": asked["since"]}, "reason"), ({"reason": "why"}, "since")):
            refused = client.post(f"{base}ask-again/", wrong, content_type=JSON)
            assert (refused.status_code, set(refused.json()["errors"])) == (400, {field})
    assert client.post(f"{base}ask-again/", asked, content_type=JSON).status_code == status
    rows = client.get(f"/m/{city.code}/linkage/console/").json().get("links", [])
    told = [(one["asker"], one["reason"], one["state"]) for row in rows for one in row["resyncs"]]
    assert told == [("centre", "백업에서 복구", "queued")] * (status == 201)
    assert OutboxMessage.objects.filter(message_type="RESYNC").count() == (status == 201)


def test_the_matrix_tells_who_asked_for_everything_and_how_much_it_was(
    client, haneul, city, link, incident
):
    outbox.acknowledge(link=link, uid=OutboxMessage.objects.get().uid)
    resyncs.offer_again(link=link, reason="저장소 복구", from_sequence=0)
    client.force_login(haneul)
    (row,) = client.get(f"/m/{city.code}/linkage/console/").json()["links"]
    (wish,) = row["resyncs"]
    assert (wish["asker"], wish["offered"], wish["reason"]) == ("agency", 1, "저장소 복구")
    assert row["directions"][0]["waiting"] == 1
