"""A text message that may concern a city: each decision stands on record, two at once are safe."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from controlroom.audit.models import Record
from controlroom.errors import Conflict, OutOfScope
from controlroom.journal.models import Entry
from controlroom.municipalities.choices import Role
from incidents.models import Incident
from linkage.models_messages import DisasterMessage, DisasterMessagePlace, MessageDecision
from linkage.services.disaster import decisions, text_messages
from tests.conftest import make_member, make_municipality
from tests.linkage.services.disaster.test_text_messages import row

LIST = "/m/90010/linkage/disaster-messages/"


@pytest.fixture
def namesake(city):
    """Another city of the same name: what names it alone is ambiguous."""
    return make_municipality("90030", "한빛시", 127.8, 36.3)


@pytest.fixture
def theirs(namesake):
    return make_member("theirs", namesake, Role.OPERATOR)


def take(number: int, step: str = "긴급재난", at=None) -> DisasterMessage:
    text_messages.take_in(rows=iter([row(number, step, at)]), places=text_messages.own_gazetteer())
    return DisasterMessage.objects.get(number=number)


def kinds_in(municipality) -> list[str]:
    return list(Entry.objects.filter(municipality=municipality).values_list("kind", flat=True))


def test_ours_makes_it_an_event_of_the_city_and_not_ours_is_kept(city, namesake, haneul, theirs):
    take(1)
    place = decisions.decide(number=1, municipality=city, is_ours=True, by=haneul)
    assert place.incident == Incident.objects.get(municipality=city)
    decisions.decide(number=1, municipality=namesake, is_ours=False, by=theirs)
    assert not Incident.objects.filter(municipality=namesake).exists()
    assert not decisions.waiting_for(city).exists()
    assert not decisions.waiting_for(namesake).exists()
    said = Record.objects.filter(subject_kind="disaster_message").order_by("pk")
    assert [(one.action, one.actor, one.municipality) for one in said] == [
        ("disaster_message.ours", haneul, city),
        ("disaster_message.not_ours", theirs, namesake),
    ]
    assert kinds_in(city).count("disaster.message_decided") == 2
    assert kinds_in(namesake).count("disaster.message_decided") == 2


def test_a_city_hears_what_another_decided_but_not_who_nor_its_incident(city, namesake, haneul):
    take(2)
    decisions.decide(number=2, municipality=city, is_ours=True, by=haneul)
    heard = Entry.objects.filter(municipality=namesake, kind="disaster.message_decided").get()
    message = heard.data["message"]
    assert (message["decided"], message["incident"]) == (None, None)
    assert [(one["name"], one["is_ours"]) for one in message["others"]] == [(city.name, True)]
    assert "haneul" not in str(heard.data)
    assert heard.actor_id is None


def test_the_same_again_changes_nothing_and_ours_is_not_taken_back(city, namesake, haneul):
    take(3)
    for _ in range(2):
        decisions.decide(number=3, municipality=city, is_ours=False, by=haneul)
    assert MessageDecision.objects.count() == 1
    # Second thoughts: better late than never.
    for _ in range(2):
        decisions.decide(number=3, municipality=city, is_ours=True, by=haneul)
    with pytest.raises(Conflict, match="haneul"):
        decisions.decide(number=3, municipality=city, is_ours=False, by=haneul)
    assert list(MessageDecision.objects.values_list("is_ours", flat=True)) == [False, True]
    assert Incident.objects.count() == 1


def test_who_is_no_candidate_decides_nothing(city, other_city, stranger, haneul):
    take(4)  # names the only 한빛시: placed, nothing to decide
    for municipality, person in ((city, haneul), (other_city, stranger)):
        with pytest.raises(OutOfScope):
            decisions.decide(number=4, municipality=municipality, is_ours=True, by=person)


@pytest.mark.parametrize(
    ("step", "age_h", "opens"),
    [("긴급재난", 10, True), ("긴급재난", 30, False), ("안전안내", 0, False)],
)
def test_only_an_emergency_of_today_opens_an_incident(city, namesake, haneul, step, age_h, opens):
    take(5, step, timezone.localtime() - timedelta(hours=age_h))
    place = decisions.decide(number=5, municipality=city, is_ours=True, by=haneul)
    assert (place.incident is not None) is opens
    assert city.disaster_messages.get().message.number == 5


@pytest.mark.django_db(transaction=True)
def test_two_who_decide_at_once_leave_one_decision_and_one_incident(city, namesake, haneul):
    other = make_member("other", city, Role.OPERATOR)
    take(6)
    ready, refused = threading.Barrier(2), []

    def say(person, is_ours) -> None:
        try:
            ready.wait()
            decisions.decide(number=6, municipality=city, is_ours=is_ours, by=person)
        except Conflict as refusal:
            refused.append(refusal)
        finally:
            connection.close()

    people = [(haneul, True), (other, True)]
    threads = [threading.Thread(target=say, args=pair) for pair in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == []
    assert MessageDecision.objects.count() == DisasterMessagePlace.objects.count() == 1
    assert Incident.objects.count() == 1


def test_the_console_lists_what_waits_with_candidates_and_takes_a_decision(
    client, city, namesake, haneul, bada, stranger
):
    take(7)
    client.force_login(haneul)
    found = client.get(LIST).json()
    (waiting,) = found["waiting"]
    assert [one["name"] for one in waiting["candidates"]] == ["한빛시", "한빛시"]
    assert found["counts"] == {"total": 1, "recent": 1}

    def say(**said):
        return client.post(f"{LIST}7/", said, content_type="application/json")

    assert say(is_ours="x").status_code == say().status_code == 400
    for person in (bada, stranger):
        client.force_login(person)
        assert say(is_ours=True).status_code in {403, 404}
    client.force_login(haneul)
    answer = say(is_ours=True)
    assert answer.json()["message"]["decided"]["by"]["name"] == "haneul"
    assert answer.json()["message"]["incident"]
    assert say(is_ours=False).status_code == 409
    found = client.get(LIST).json()
    assert found["waiting"] == []
    assert [one["number"] for one in found["decided"]] == [7]


def test_older_ones_are_reached_page_by_page(client, city, namesake, haneul, monkeypatch):
    monkeypatch.setattr("linkage.views_texts.PAGE", 2)
    for number in range(10, 15):
        take(number, "안전안내", timezone.localtime() - timedelta(days=number))
    client.force_login(haneul)
    seen, address = [], LIST
    while True:
        found = client.get(address).json()
        seen += [one["number"] for one in found["waiting"]]
        if not found["has_more"]:
            break
        address = f"{LIST}?before={seen[-1]}"
    assert seen == [10, 11, 12, 13, 14]
    assert client.get(f"{LIST}?before=x").status_code == 400
