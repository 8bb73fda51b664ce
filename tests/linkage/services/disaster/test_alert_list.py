"""The console lists every CAP alert, both ways, with what became of it; one is shown whole."""

from datetime import timedelta

import pytest

from controlroom.journal.models import Entry
from linkage.models import RawIntake
from linkage.models_cap import CapAlert, CapIssue
from linkage.models_disaster import Situation
from linkage.services.disaster import alert_list, situations
from tests.linkage.cap.alerts import HEAD, KR_AREA, alert
from tests.linkage.conftest import api_client
from tests.linkage.services.disaster.conftest import notify
from tests.linkage.services.disaster.test_cap import OURS, cancel, later, reply_to, update

ELSEWHERE = KR_AREA.replace("9001000000", "9002000000")


@pytest.fixture
def door(room):
    """The room's own client: the other one signs in at the console."""
    return api_client(room, "disaster")


@pytest.fixture
def put(door, room):
    def sent(raw: bytes):
        address = f"/api/v1/links/{room.code}/cap"
        return door.post(address, raw, content_type="application/xml")

    return sent


@pytest.fixture
def publish(door, room, haneul):
    def published() -> CapIssue:
        answer = door.post(f"/api/v1/links/{room.code}/messages", notify(), format="json")
        assert answer.status_code == 201, answer.data
        situation = Situation.objects.get(area_names=["중앙동"])
        situations.publish(situation=situation, is_public=True, by=haneul)
        return CapIssue.objects.get()

    return published


@pytest.fixture
def desk(client, haneul):
    client.credentials()
    client.force_login(haneul)
    return client


@pytest.fixture
def listed(desk, city):
    def given(**query):
        answer = desk.get(f"/m/{city.code}/linkage/cap/", query)
        assert answer.status_code == 200, answer.data
        return answer.data

    return given


def states(found) -> dict[str, str]:
    return {one["identifier"]: one["state"] for one in found["alerts"]}


def named(identifier: str, minutes: int, **changed) -> bytes:
    return alert(identifier=identifier, sent=later(minutes), **changed)


def test_each_alert_says_what_became_of_it(put, listed, publish, haneul):
    put(alert(**OURS))
    put(named("B-1", 1, area=ELSEWHERE))
    put(named("B-2", 1, scope="Private", extra="<addresses>90020</addresses>"))
    put(named("B-3", 1, area=""))
    put(named("B-4", 1, status="Test"))
    put(cancel("B-5", of=("cap.agency.example", "never", later(0))))
    put(update("A-3", minutes=5))
    put(update("A-2", minutes=4))
    issue = publish()
    put(reply_to(issue, "Ack", "000"))
    put(reply_to(issue, "Error", "220", name="R-2", sent=issue.sent - timedelta(days=1)))
    found = listed()
    assert states(found) == {
        "A-1": "ours",
        "B-1": "elsewhere",
        "B-2": "not_addressed",
        "B-3": "no_area",
        "B-4": "not_real",
        "B-5": "waiting",
        "A-3": "ours",
        "A-2": "stale",
        issue.identifier: "in_force",
        "R-1": "reply",
        "R-2": "unmatched",
    }
    times = [one["at"] for one in found["alerts"]]
    assert times == sorted(times, reverse=True)
    situations.set_level(situation=issue.situation, level=4, by=haneul)
    situations.end(situation=issue.situation, by=haneul)
    ours = [one["state"] for one in listed()["alerts"] if one["id"].startswith("out/")]
    assert ours == ["over", "followed", "followed"]
    # Screens hear of each, also of what concerns others.
    assert Entry.objects.filter(kind="disaster.alerts").count() == 10


def test_a_chosen_one_comes_with_its_area_texts_and_answers(put, listed, desk, city, publish):
    put(alert(**OURS))
    put(named("B-1", 1, area=ELSEWHERE))
    put(named("B-2", 2, area=KR_AREA))
    issue = publish()
    put(reply_to(issue, "Ack", "000"))
    ids = {one["identifier"]: one["id"] for one in listed()["alerts"]}

    def whole(identifier):
        return desk.get(f"/m/{city.code}/linkage/cap/{ids[identifier]}/").data["alert"]

    drawn = whole("A-1")
    assert drawn["area"]["type"] == "MultiPolygon"
    assert drawn["infos"][0]["description"] == "하천 주변 접근 금지"
    assert whole("B-1")["area"] is None
    # Ours by its code alone: the city itself is what a map can show.
    assert whole("B-2")["is_whole_city"] is True
    own = whole(issue.identifier)
    assert own["area"]["type"] == "MultiPolygon"
    assert [one["msg_type"] for one in own["replies"]] == ["Ack"]
    assert own["pushes"]
    assert whole("R-1")["answers"] == [issue.identifier]


def test_pages_go_on_where_the_last_one_ended(put, listed, monkeypatch):
    monkeypatch.setattr(alert_list, "PAGE", 3)
    for number in range(7):
        put(named(f"P-{number}", number))
    seen: dict[str, None] = {}
    found = listed()
    while True:
        seen |= dict.fromkeys(one["identifier"] for one in found["alerts"])
        if not found["has_more"]:
            break
        found = listed(before=found["alerts"][-1]["at"])
    assert list(seen) == [f"P-{number}" for number in reversed(range(7))]


def test_what_was_refused_is_told_by_number_and_reason(put, listed):
    put(alert(identifier="a,b"))
    (one,) = listed()["refused"]
    assert (one["code"], one["count"], one["reason"]) == ("cap_meaning", 1, "identifier")


@pytest.mark.parametrize("before", ["yesterday", "2026-11-22T11:00:00"])
def test_a_time_that_is_none_is_refused(desk, city, before):
    answer = desk.get(f"/m/{city.code}/linkage/cap/", {"before": before})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["before"])


def test_nobody_sees_the_alerts_of_another_city(put, desk, city, other_city):
    put(alert(**OURS))
    number = CapAlert.objects.get().pk
    CapAlert.objects.update(municipality=other_city)
    assert desk.get(f"/m/{city.code}/linkage/cap/").data["alerts"] == []
    assert desk.get(f"/m/{city.code}/linkage/cap/in/{number}/").status_code == 404
    assert desk.get(f"/m/{other_city.code}/linkage/cap/").status_code in {403, 404}


def bundle(*alerts: bytes) -> bytes:
    inner = b"".join(one.removeprefix(HEAD.encode()) for one in alerts)
    return HEAD.encode() + b'<!-- as it came --><list  title="x">' + inner + b"</list>"


def test_a_document_of_several_is_kept_whole_once_and_each_points_to_it(put):
    raw = bundle(alert(**OURS), named("B-1", 1))
    assert put(raw).status_code == 201
    document = RawIntake.objects.get()
    assert bytes(document.raw) == raw
    assert set(CapAlert.objects.values_list("document", flat=True)) == {document.pk}
    put(named("B-9", 3))
    assert put(raw).headers["Idempotency-Replayed"] == "true"
    assert RawIntake.objects.count() == 1
    assert CapAlert.objects.get(identifier="B-9").document is None
