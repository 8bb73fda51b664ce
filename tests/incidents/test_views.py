"""The console's addresses: what they answer, to whom, in how many queries."""

import json
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from controlroom.journal.models import Entry
from controlroom.municipalities.choices import Role
from controlroom.municipalities.models import Membership
from incidents import lifecycle
from incidents.choices import Service
from incidents.features import incident_feature
from incidents.models import Incident, Kind
from incidents.statuses import Status, Verb
from incidents.views import COMMANDS
from tests.incidents.conftest import make_camera, make_incident, taken

BODIES = {
    "release": {"text": "교대"},
    "take-over": {"reason": "응답 없음"},
    "note": {"text": "확인 중"},
    "move": {"lon": 127.4, "lat": 36.36, "error_radius_m": 20},
    "close": {"result": "resolved"},
    "cancel": {"text": "112 취소"},
    "transfer": {"to": "새벽시", "reason": "관할 밖"},
    "reopen": {"reason": "다시 신고됨"},
}


def at(name, city, *args):
    return reverse(name, args=[city.code, *args])


@pytest.fixture
def desk(client, haneul):
    """Give a browser in which haneul is signed in."""
    client.force_login(haneul)
    return client


@pytest.fixture
def do(desk, city):
    def send(incident, verb, body=None, **headers):
        return desk.post(
            at("incident-verb", city, incident.pk, verb),
            json.dumps(BODIES.get(verb, {}) if body is None else body),
            content_type="application/json",
            headers=headers,
        )

    return send


def addresses(city, incident):
    yield "get", at("snapshot", city)
    yield "get", at("incidents", city)
    yield "post", at("incidents", city)
    yield "get", at("incident", city, incident.pk)
    yield "get", at("incident-cameras", city, incident.pk)
    yield "get", at("incident-cluster", city, incident.pk)
    for verb in COMMANDS:
        yield "post", at("incident-verb", city, incident.pk, verb.value)


def ask(client, method, address):
    if method == "get":
        return client.get(address)
    return client.post(address, "{}", content_type="application/json")


def test_every_verb_of_a_person_has_an_address():
    assert set(COMMANDS) == set(Verb) - {Verb.UPDATE, Verb.REVIVE}


def test_a_stranger_finds_nothing(client, city, incident, stranger):
    client.force_login(stranger)
    for method, address in addresses(city, incident):
        answer = ask(client, method, address)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), address
    assert client.get(at("console", city)).status_code == 404
    assert incident.events.count() == 1


def test_a_member_of_both_cities_finds_an_incident_only_in_its_own(
    desk, haneul, incident, city, other_city
):
    Membership.objects.create(user=haneul, municipality=other_city, role=Role.OPERATOR)
    assert desk.get(at("incident", city, incident.pk)).status_code == 200
    assert desk.get(at("incident", other_city, incident.pk)).status_code == 404
    address = at("incident-verb", other_city, incident.pk, "acknowledge")
    assert desk.post(address, "{}", content_type="application/json").status_code == 404
    assert desk.get(at("incident", city, uuid.uuid4())).status_code == 404


def test_an_auditor_is_told_that_the_role_does_not_allow_it(client, city, incident, bada):
    client.force_login(bada)
    for method, address in addresses(city, incident):
        answer = ask(client, method, address)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), address
    assert client.get(at("console", city)).status_code == 403


def test_who_is_not_signed_in_gets_nothing(client, city, incident):
    for method, address in addresses(city, incident):
        assert ask(client, method, address).status_code == 403
    assert client.get(at("console", city)).status_code == 302


def test_a_command_without_the_csrf_token_is_refused(city, incident, haneul):
    client = Client(enforce_csrf_checks=True)
    client.force_login(haneul)
    answer = client.post(at("incident-verb", city, incident.pk, "acknowledge"))
    assert answer.status_code == 403
    assert incident.events.count() == 1


def test_the_snapshot_holds_the_open_incidents_and_the_last_number(desk, city, robbery, haneul):
    kept = make_incident(city, robbery)
    ended = make_incident(city, robbery)
    lifecycle.cancel(incident=ended, agent="police112")
    answer = desk.get(at("snapshot", city)).json()
    assert answer["incidents"] == [incident_feature(kept)]
    assert answer["cursor"] == Entry.objects.order_by("number").last().number
    assert answer["server_time"].endswith("+09:00")


def test_the_snapshot_of_a_new_city_is_empty(desk, city):
    answer = desk.get(at("snapshot", city)).json()
    assert (answer["cursor"], answer["incidents"]) == (0, [])


def test_the_snapshot_takes_as_many_queries_for_200_incidents_as_for_1(
    desk, city, robbery, django_assert_num_queries, haneul
):
    make_camera(city, 127.3801, 36.35)
    make_incident(city, robbery)
    desk.get(at("snapshot", city))
    with django_assert_num_queries(10):
        desk.get(at("snapshot", city))
    for number in range(200):
        incident = make_incident(city, robbery)
        if number % 2:
            lifecycle.claim(incident=incident, by=haneul)
    with django_assert_num_queries(10):
        answer = desk.get(at("snapshot", city)).json()
    assert len(answer["incidents"]) == 201
    assert all(len(feature["cameras"]) == 1 for feature in answer["incidents"])


def test_the_list_takes_as_many_queries_for_50_incidents_as_for_1(
    desk, city, robbery, django_assert_num_queries
):
    make_incident(city, robbery)
    desk.get(at("incidents", city))
    with django_assert_num_queries(6):
        desk.get(at("incidents", city))
    for _number in range(60):
        make_incident(city, robbery)
    with django_assert_num_queries(6):
        answer = desk.get(at("incidents", city)).json()
    assert len(answer["incidents"]) == 50


def test_the_detail_takes_the_same_queries_however_long_the_history_is(
    desk, city, incident, haneul, django_assert_num_queries
):
    address = at("incident", city, incident.pk)
    desk.get(address)
    with django_assert_num_queries(11):
        desk.get(address)
    for number in range(20):
        lifecycle.add_note(incident=incident, by=haneul, text=str(number))
    with django_assert_num_queries(11):
        assert len(desk.get(address).json()["timeline"]) == 21


def test_pages_follow_each_other_without_loss_or_repeat(desk, city, robbery):
    numbers = [make_incident(city, robbery).number for _ in range(7)]
    Incident.objects.update(received_at=Incident.objects.first().received_at)
    seen, cursor = [], ""
    while cursor is not None:
        page = desk.get(at("incidents", city), {"limit": 3, "cursor": cursor}).json()
        seen += [feature["number"] for feature in page["incidents"]]
        cursor = page["next"]
    assert sorted(seen) == sorted(numbers)


def test_a_broken_cursor_is_named(desk, city):
    for cursor in ("nonsense", "x", "aGVsbG8=", "한글"):
        answer = desk.get(at("incidents", city), {"cursor": cursor})
        assert answer.status_code == 400
        assert "cursor" in answer.json()["errors"]


def test_filters_of_the_list(desk, city, robbery, rule, haneul, nari):
    mine = make_incident(city, robbery, summary="내 사건")
    lifecycle.claim(incident=mine, by=haneul)
    hers = make_incident(city, robbery, urgency="3")
    lifecycle.claim(incident=hers, by=nari)
    ended = taken(city, external_id="112-777", urgency="3").incident
    lifecycle.cancel(incident=ended, agent="police112")
    free = make_incident(city, robbery, address="강변로 7")

    def found(**asked):
        answer = desk.get(at("incidents", city), asked).json()
        return {feature["number"] for feature in answer["incidents"]}

    assert found() == {row.number for row in (mine, hers, ended, free)}
    assert found(owner="me") == {mine.number}
    assert found(owner=nari.pk) == {hers.number}
    assert found(owner="none", ended="false") == {free.number}
    assert found(ended="true") == {ended.number}
    assert found(status=["cancelled", "received"]) == {ended.number, free.number}
    assert found(priority=1) == {mine.number, free.number}
    assert found(q="강변로") == {free.number}
    assert found(q="112-777") == {ended.number}
    assert found(q="내 사건") == {mine.number}
    assert found(service="fire119") == set()


@pytest.mark.parametrize(
    "asked", [{"status": "x"}, {"priority": "9"}, {"owner": "you"}, {"limit": 0}, {"limit": 999}]
)
def test_an_unknown_filter_value_is_refused(desk, city, asked):
    assert desk.get(at("incidents", city), asked).status_code == 400


def test_the_detail_shows_everything_of_the_contract(desk, city, robbery, rule, haneul):
    make_camera(city, 127.3801, 36.35)
    incident = taken(city).incident
    shown = desk.get(at("incident", city, incident.pk)).json()
    assert {name: shown[name] for name in incident_feature(incident) if name != "cameras"} == {
        name: value for name, value in incident_feature(incident).items() if name != "cameras"
    }
    (event,) = shown["timeline"]
    assert set(event) == {
        "id", "verb", "at", "actor", "agent", "text", "from_status", "to_status", "data",
    }  # fmt: skip
    assert (event["verb"], event["actor"], event["agent"]) == ("open", None, "police112")
    assert shown["reports"][0]["raw"] == {"접수번호": "112-1"}
    (pick,) = shown["cameras"]["picks"]
    assert pick["reasons"]
    assert shown["cameras"]["radius_m"] == 500
    assert shown["why"] == {
        "source": "police112",
        "rule_ko": "경찰 112, 강도, 긴급코드 1: P1",
        "rule_en": "police 112, robbery, urgency code 1: P1",
    }
    assert shown["cluster"] is None
    assert shown["allowed"] == [
        "acknowledge", "claim", "note", "move", "cancel", "transfer", "mark-duplicate",
    ]  # fmt: skip


def test_what_is_allowed_depends_on_the_person(client, city, incident, haneul, nari, supervisor):
    lifecycle.claim(incident=incident, by=haneul)
    lifecycle.offer(incident=incident, by=haneul, to=nari)

    def allowed(person):
        client.force_login(person)
        return set(client.get(at("incident", city, incident.pk)).json()["allowed"])

    owners = {"release", "offer", "respond", "close", "false-alarm", "cancel", "transfer",
              "mark-duplicate"}  # fmt: skip
    assert allowed(haneul) == owners | {"note", "move", "decline-offer"}
    assert allowed(nari) == {"note", "move", "accept-offer", "decline-offer"}
    assert allowed(supervisor) == owners | {"note", "move", "take-over"}


def test_a_verb_answers_with_the_detail_as_it_is_then(do, incident, haneul):
    answer = do(incident, "acknowledge")
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["status"], shown["version"]) == ("acknowledged", 2)
    assert shown["timeline"][-1]["actor"] == {"id": haneul.pk, "name": "haneul"}
    assert answer["ETag"] == '"2"'


def test_a_forbidden_verb_answers_409_and_names_what_is_allowed(do, incident):
    answer = do(incident, "close")
    assert answer.status_code == 409
    problem = answer.json()
    assert problem["code"] == "transition_not_allowed"
    assert problem["errors"]["allowed"] == [
        "acknowledge", "cancel", "claim", "mark-duplicate", "move", "note", "take-over", "transfer",
    ]  # fmt: skip


def test_the_loser_of_a_claim_is_told_the_owner(do, incident, nari):
    lifecycle.claim(incident=incident, by=nari)
    answer = do(incident, "claim")
    assert (answer.status_code, answer.json()["code"]) == (409, "owned_by_another")
    assert answer.json()["errors"]["owner"] == ["nari"]


def test_the_version_a_person_saw_is_compared(do, incident):
    assert do(incident, "acknowledge", {"version": 1}).status_code == 200
    answer = do(incident, "claim", {"version": 1})
    assert (answer.status_code, answer.json()["code"]) == (409, "version_conflict")
    assert do(incident, "claim", **{"If-Match": '"1"'}).status_code == 409
    assert do(incident, "claim", **{"If-Match": "words"}).status_code == 400
    assert do(incident, "claim", **{"If-Match": '"2"'}).status_code == 200


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("note", {}, "text"),
        ("note", {"text": ""}, "text"),
        ("note", {"text": "x" * 2001}, "text"),
        ("close", {}, "result"),
        ("close", {"result": "well"}, "result"),
        ("move", {"lon": 127.4}, "lat"),
        ("move", {"lon": 999, "lat": 36}, "lon"),
        ("move", {"lon": 127, "lat": 36, "error_radius_m": -1}, "error_radius_m"),
        ("transfer", {"to": "새벽시"}, "reason"),
        ("reopen", {"reason": " "}, "reason"),
        ("take-over", {}, "reason"),
        ("offer", {"to": 999999}, "to"),
        ("offer", {"to": "nari"}, "to"),
        ("mark-duplicate", {"of": "x"}, "of"),
        ("mark-duplicate", {"of": "7b8c5e1e-0000-4000-8000-000000000000"}, "of"),
        ("acknowledge", {"version": "old"}, "version"),
    ],
)
def test_a_wrong_body_names_its_field(do, incident, verb, body, field):
    answer = do(incident, verb, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert field in answer.json()["errors"]
    assert incident.events.count() == 1


@pytest.mark.parametrize("body", ["[]", '"x"', "null", "{", "1"])
def test_a_body_that_is_no_object_is_refused(desk, city, incident, body):
    address = at("incident-verb", city, incident.pk, "note")
    assert desk.post(address, body, content_type="application/json").status_code == 400


def test_an_unknown_verb_is_not_found(do, incident):
    assert do(incident, "destroy").status_code == 404
    assert do(incident, "update").status_code == 404


def test_a_duplicate_can_only_be_of_an_incident_of_this_city(do, incident, other_city, robbery):
    elsewhere = make_incident(other_city, robbery)
    assert do(incident, "mark-duplicate", {"of": str(elsewhere.pk)}).status_code == 400


def test_moving_by_hand_chooses_cameras_anew(do, city, incident):
    near = make_camera(city, 127.4001, 36.36)
    shown = do(incident, "move").json()
    assert (shown["lon"], shown["lat"], shown["error_radius_m"]) == (127.4, 36.36, 20)
    assert [pick["id"] for pick in shown["cameras"]["picks"]] == [near.pk]


def test_cameras_and_cluster_have_their_own_addresses(desk, city, incident):
    cameras = desk.get(at("incident-cameras", city, incident.pk)).json()
    assert set(cameras) == {"radius_m", "chosen_at", "picks", "skipped"}
    assert desk.get(at("incident-cluster", city, incident.pk)).json() == {"cluster": None}


def test_an_incident_is_opened_by_hand(desk, city, haneul):
    Kind.objects.create(service=Service.CITY, code="C04", name_ko="쓰러진 사람", name_en="x")
    body = {
        "kind": "C04",
        "place": {"lon": 127.38, "lat": 36.35},
        "address": "중앙로 1",
        "summary": "벤치 옆에 사람이 쓰러져 있음",
    }
    answer = desk.post(at("incidents", city), json.dumps(body), content_type="application/json")
    assert answer.status_code == 201
    shown = answer.json()
    assert (shown["service"], shown["status"]) == ("city", Status.ACKNOWLEDGED)
    assert shown["why"]["source"] == "haneul"
    assert desk.get(answer["Location"]).json()["id"] == shown["id"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "nothing"}, "kind"),
        ({"summary": ""}, "summary"),
        ({"place": {"lon": 127}}, "place.lat"),
        ({"service": "x"}, "service"),
        ({"occurred_at": "yesterday"}, "occurred_at"),
    ],
)
def test_an_incident_by_hand_with_a_wrong_field_is_not_opened(desk, city, robbery, changes, field):
    body = {"service": "police112", "kind": "robbery", "summary": "x", **changes}
    answer = desk.post(at("incidents", city), json.dumps(body), content_type="application/json")
    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert not Incident.objects.exists()
