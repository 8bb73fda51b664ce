"""The console page: its configuration, and the way to it."""

import json
import re

import pytest
from django.urls import reverse

from incidents.choices import Priority, Result, Status
from incidents.console import config
from incidents.models import Kind


@pytest.fixture
def page(client, haneul, city, robbery):
    client.force_login(haneul)
    return client.get(reverse("console", args=[city.code]))


def read(page):
    found = re.search(r'<script id="config"[^>]*>(.*?)</script>', page.content.decode(), re.DOTALL)
    return json.loads(found[1])


def test_the_page_carries_who_where_and_every_address(page, haneul, city):
    told = read(page)
    assert (told["code"], told["centre"]) == ("90010", [pytest.approx(127.4), pytest.approx(36.4)])
    assert told["user"] == {"id": haneul.pk, "name": "haneul", "language": "ko"}
    assert told["roles"] == ["operator"]
    assert told["rights"] == [
        "export_draft",
        "incident_work",
        "operations_view",
        "ptz_move",
        "video_watch",
    ]
    assert set(told["urls"]) >= {
        "socket", "snapshot", "events", "incidents", "sites", "boundary", "basemap", "links",
        "search", "logout", "set_language",
    }  # fmt: skip
    assert told["urls"]["socket"] == "/ws/m/90010/live"
    assert told["urls"]["events"] == "/m/90010/live/events"


def test_the_page_carries_every_word_in_both_languages(page):
    words = read(page)["choices"]
    for name, choices in (("priority", Priority), ("status", Status), ("result", Result)):
        assert [row["value"] for row in words[name]] == choices.values
        assert all(row["ko"] != row["en"] for row in words[name])
    assert words["kinds"] == [
        {
            "service": "police112", "code": "robbery", "name_ko": "강도", "name_en": "robbery",
            "class": "violence", "mapped": True,
        }
    ]  # fmt: skip


def test_the_page_names_those_who_may_take_an_incident(haneul, nari, bada, supervisor, city):
    names = {person["name"] for person in config(city, haneul)["choices"]["people"]}
    assert names == {"haneul", "nari", "supervisor"}


def test_the_page_sets_the_csrf_cookie(page):
    assert "csrftoken" in page.cookies


def test_a_name_cannot_break_out_of_the_page(client, haneul, city):
    Kind.objects.create(service="city", code="x", name_ko="</script><b>", name_en="x")
    client.force_login(haneul)
    answer = client.get(reverse("console", args=[city.code]))
    assert "</script><b>" not in answer.content.decode()


@pytest.mark.parametrize("name", ["snapshot", "incidents", "boundary", "events", "sites", "links"])
def test_every_address_of_the_page_answers(client, haneul, city, name):
    client.force_login(haneul)
    address = config(city, haneul)["urls"][name]
    assert client.get(address, {"after": 0} if name == "events" else {}).status_code == 200


def test_home_leads_an_operator_to_the_console_and_an_administrator_to_the_admin(
    client, haneul, administrator, city
):
    client.force_login(haneul)
    assert client.get("/")["Location"] == "/m/90010/"
    client.force_login(administrator)
    assert client.get("/")["Location"] == "/admin/"
