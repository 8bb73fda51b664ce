"""Enrolling a terminal: one code, one browser, nothing kept that opens it; retired for good."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from controlroom.audit.models import Record
from linkage.demo.link import room_link
from linkage.models import IdempotencyKey, OutboxMessage, Terminal
from linkage.services.police112 import terminals
from tests.linkage.conftest import api_client
from tests.linkage.services.police112.terminals import enrolled, register


def tries(browser: Client, code: str) -> int:
    return browser.post("/patrol/enrol/", {"code": code}).status_code


def test_a_code_is_shown_once_and_opens_one_browser_once(police, link):
    answer = register(police, link)
    assert answer.status_code == 201
    code = answer.data["enrolment_code"]
    browser, second = Client(), Client()
    assert tries(browser, code.lower().replace("-", " ")) == 302
    assert browser.get("/patrol/now/").json()["code"] == "share_over"
    assert tries(second, code) == 403
    assert second.get("/patrol/now/").status_code == 401
    cookie = browser.cookies["patrol"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/patrol/")


def test_neither_code_nor_key_is_kept_anywhere(police, link):
    code = register(police, link).data["enrolment_code"]
    browser = Client()
    tries(browser, code)
    kept = str([list(model.objects.values()) for model in (Terminal, Record)])
    for secret in (code, code.replace("-", ""), browser.cookies["patrol"].value):
        assert secret not in kept
    assert not IdempotencyKey.objects.exists()
    assert not OutboxMessage.objects.exists()
    done = Record.objects.filter(subject_kind="terminal").order_by("pk")
    actions = done.values_list("action", flat=True)
    assert list(actions) == ["terminal.registered", "terminal.enrolled"]


def test_the_cookie_is_secure_where_the_room_is(police, link, settings):
    settings.SESSION_COOKIE_SECURE = True
    assert enrolled(police, link).cookies["patrol"]["secure"]


def test_a_second_code_ends_the_first_and_leaves_the_enrolled_browser(police, link):
    browser = enrolled(police, link)
    first = register(police, link).data["enrolment_code"]
    second = register(police, link, call_sign="중앙13").data["enrolment_code"]
    assert browser.get("/patrol/now/").status_code == 403
    other = Client()
    assert tries(other, first) == 403
    assert tries(other, second) == 302
    assert browser.get("/patrol/now/").status_code == 401
    assert other.get("/patrol/now/").status_code == 403
    assert Terminal.objects.get().call_sign == "중앙13"


def test_a_code_ends_after_a_day(police, link):
    code = register(police, link).data["enrolment_code"]
    Terminal.objects.update(code_expires_at=timezone.now() - timedelta(seconds=1))
    assert tries(Client(), code) == 403


def test_guessing_is_held_back(police, link):
    code = register(police, link).data["enrolment_code"]
    answers = [tries(Client(), f"AAAA-AAAA-AAA{n}") for n in range(2, 2 + 10)]
    assert set(answers) == {403}
    held = Client().post("/patrol/enrol/", {"code": code})
    assert held.status_code == 429
    assert int(held["Retry-After"]) >= 1
    elsewhere = Client(REMOTE_ADDR="10.1.2.3")
    assert tries(elsewhere, code) == 302


def test_a_retired_terminal_is_out_at_once_and_its_number_is_free(police, link):
    browser = enrolled(police, link)
    path = f"/api/v1/links/{link.code}/terminals/T-01"
    assert police.delete(path).status_code == 204
    assert browser.get("/patrol/now/").status_code == 401
    assert "code" in browser.get("/patrol/").content.decode()
    assert police.delete(path).status_code == 404
    assert register(police, link).status_code == 201
    assert Terminal.objects.filter(number="T-01").count() == 2
    assert Record.objects.filter(action="terminal.retired", agent=link.code).count() == 1


def test_whoever_keeps_links_retires_a_lost_terminal(police, link, client, administrator):
    browser = enrolled(police, link)
    client.force_login(administrator)
    chosen = {"action": "retire", "_selected_action": [Terminal.objects.get().pk]}
    assert client.post("/admin/linkage/terminal/", chosen).status_code == 302
    assert browser.get("/patrol/now/").status_code == 401
    assert Record.objects.get(action="terminal.retired").actor == administrator


def test_a_room_sees_its_own_terminals_only(police, link, other_link):
    enrolled(police, link)
    stranger = api_client(other_link)
    (row,) = police.get(f"/api/v1/links/{link.code}/terminals").data["terminals"]
    assert row["number"] == "T-01"
    assert row["enrolled_at"]
    assert stranger.get(f"/api/v1/links/{other_link.code}/terminals").data["terminals"] == []
    for method in ("get", "post"):
        assert getattr(stranger, method)(f"/api/v1/links/{link.code}/terminals").status_code == 404
    assert stranger.delete(f"/api/v1/links/{link.code}/terminals/T-01").status_code == 404


@pytest.mark.parametrize("said", [{}, {"number": "a b", "call_sign": "x"}, {"number": "T-1"}])
def test_what_is_no_terminal_is_refused_by_field(police, link, said):
    answer = police.post(f"/api/v1/links/{link.code}/terminals", said, format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"]


def test_another_services_link_has_no_terminals(city):
    fire = room_link("fire119", municipality=city).link
    assert register(api_client(fire, "fire119"), fire).status_code == 404


def test_two_browsers_with_one_code_are_one_terminal(police, link):
    """The second finds the code gone, however the two overlap: the row is locked and read anew."""
    code = register(police, link).data["enrolment_code"]
    terminals.enrol(code=code, address=None)
    with pytest.raises(terminals.CodeRefused):
        terminals.enrol(code=code, address=None)
