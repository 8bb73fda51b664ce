"""Catching up over HTTP."""

import pytest
from django.db import transaction

from controlroom.journal import log

ADDRESS = "/m/90010/live/events"


@pytest.fixture
def three_facts(city):
    with transaction.atomic():
        for index, audience in enumerate(["operations", "administration", "operations"]):
            log.append(
                municipality_id=city.pk,
                kind="k",
                subject_kind="s",
                subject_id=str(index),
                data={},
                audience=audience,
            )


def numbers(answer):
    assert answer.status_code == 200, answer.content
    return [event["number"] for event in answer.json()["events"]]


def test_events_come_in_the_own_scope_with_the_head(client, haneul, three_facts):
    client.force_login(haneul)
    answer = client.get(ADDRESS, {"after": 0})
    assert numbers(answer) == [1, 3]
    assert answer.json()["head"] == 3
    assert answer.json()["server_time"]
    assert [event["prev"] for event in answer.json()["events"]] == [0, 1]


def test_an_administrator_hears_administration_only(client, administrator, three_facts):
    client.force_login(administrator)
    answer = client.get(ADDRESS, {"after": 0})
    assert numbers(answer) == [2]
    assert answer.json()["head"] == 2


def test_a_page_is_limited(client, haneul, three_facts):
    client.force_login(haneul)
    assert numbers(client.get(ADDRESS, {"after": 0, "limit": 1})) == [1]
    assert numbers(client.get(ADDRESS, {"after": 3})) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "after"),
        ({"after": "x"}, "after"),
        ({"after": -1}, "after"),
        ({"after": 10**30}, "after"),
        ({"after": 0, "limit": 0}, "limit"),
        ({"after": 0, "limit": 1001}, "limit"),
    ],
)
def test_a_wrong_question_is_named(client, haneul, query, field):
    client.force_login(haneul)
    answer = client.get(ADDRESS, query)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert list(answer.json()["errors"]) == [field]


def test_a_cursor_from_elsewhere_is_refused(client, haneul, three_facts):
    client.force_login(haneul)
    answer = client.get(ADDRESS, {"after": 4})
    assert (answer.status_code, answer.json()["code"]) == (409, "cursor_unknown")


def test_the_journal_is_closed_to_others(client, stranger, bada, three_facts):
    assert client.get(ADDRESS, {"after": 0}).status_code in {401, 403}
    client.force_login(bada)
    assert client.get(ADDRESS, {"after": 0}).status_code == 403
    client.force_login(stranger)
    assert client.get(ADDRESS, {"after": 0}).status_code == 404
