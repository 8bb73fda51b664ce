"""An alarm stands once, is heard live, says what to do, and ends with its cause."""

import pytest

from controlroom.journal.models import Entry
from linkage import alarms
from linkage.alarm_kinds import KINDS
from linkage.models import Alarm


def facts(municipality) -> list[str]:
    entries = Entry.objects.filter(municipality=municipality, kind__startswith="alarm.")
    return list(entries.order_by("number").values_list("kind", flat=True))


def listed(client, user, city, query="") -> list[dict]:
    client.force_login(user)
    answer = client.get(f"/m/{city.code}/linkage/alarms/{query}")
    assert answer.status_code == 200
    return answer.json()["alarms"]


def raise_silent(city, **more) -> Alarm:
    return alarms.raise_(
        kind="link.silent", municipality=city, subject_kind="link", subject_id="x", **more
    )


def test_raising_what_stands_is_one_alarm_and_one_fact(city):
    first = raise_silent(city, detail={"silent_s": 60})
    again = raise_silent(city, detail={"silent_s": 70})
    assert again.pk == first.pk
    assert again.detail == {"silent_s": 70}
    assert again.last_seen_at > first.last_seen_at
    assert facts(city) == ["alarm.raised"]


def test_a_cleared_alarm_stands_anew(city):
    first = raise_silent(city)
    alarms.clear(kind="link.silent", municipality=city, subject_kind="link", subject_id="x")
    alarms.clear(kind="link.silent", municipality=city, subject_kind="link", subject_id="x")
    assert raise_silent(city).pk != first.pk
    assert facts(city) == ["alarm.raised", "alarm.cleared", "alarm.raised"]


def test_an_alarm_of_another_subject_is_another_alarm(city):
    raise_silent(city)
    alarms.raise_(kind="link.silent", municipality=city, subject_kind="link", subject_id="y")
    assert Alarm.objects.standing().count() == 2


def test_a_system_alarm_reaches_every_supervised_municipality(
    city, other_city, supervisor, stranger
):
    alarms.raise_(kind="worker.stalled")
    alarms.raise_(kind="worker.stalled")
    assert facts(city) == ["alarm.raised"]
    # The other city has operators only: nobody there is named to act.
    assert facts(other_city) == []
    assert Alarm.objects.get().municipality is None


def test_an_unknown_kind_is_refused(city):
    with pytest.raises(KeyError):
        alarms.raise_(kind="no.such", municipality=city)


def test_the_console_lists_what_stands_with_words_and_action(client, haneul, city):
    raise_silent(city)
    alarms.raise_(kind="worker.stalled")
    worker, silent = listed(client, haneul, city)
    assert (worker["kind"], worker["is_system"]) == ("worker.stalled", True)
    assert silent["subject"] == {"kind": "link", "id": "x"}
    assert silent["words"]["en"]["title"] == "An agency has fallen silent"
    assert silent["words"]["ko"]["action"]
    assert silent["allowed_s"] > 0


def test_what_was_cleared_is_listed_when_asked_for(client, haneul, city):
    raise_silent(city)
    alarms.clear(kind="link.silent", municipality=city, subject_kind="link", subject_id="x")
    assert listed(client, haneul, city) == []
    assert [row["cleared_at"] is None for row in listed(client, haneul, city, "?cleared=1")] == [
        False
    ]


def test_another_citys_alarm_is_not_listed(client, haneul, city, other_city):
    raise_silent(other_city)
    assert listed(client, haneul, city) == []


def test_an_operator_acknowledges_what_is_routed_to_operators(client, haneul, city):
    alarm = raise_silent(city)
    client.force_login(haneul)
    path = f"/m/{city.code}/linkage/alarms/{alarm.pk}/acknowledge/"
    assert client.post(path).json()["alarm"]["acknowledged_by"]["name"] == "haneul"
    client.post(path)
    assert facts(city) == ["alarm.raised", "alarm.acknowledged"]


def test_a_system_alarm_is_acknowledged_by_a_supervisor_only(client, haneul, supervisor, city):
    alarm = alarms.raise_(kind="worker.stalled")
    path = f"/m/{city.code}/linkage/alarms/{alarm.pk}/acknowledge/"
    client.force_login(haneul)
    assert client.post(path).status_code == 403
    client.force_login(supervisor)
    assert client.post(path).status_code == 200


def test_another_citys_alarm_cannot_be_acknowledged(client, haneul, city, other_city):
    alarm = raise_silent(other_city)
    client.force_login(haneul)
    path = f"/m/{city.code}/linkage/alarms/{alarm.pk}/acknowledge/"
    assert client.post(path).status_code == 404


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.code)
def test_every_kind_says_cause_consequence_and_action(kind):
    assert all(kind.words().values())
    assert kind.allowed_s > 0
    assert 1 <= kind.severity <= 4
