"""The link console in a real Chromium against the real product."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from controlroom.accounts.models import User
from incidents import lifecycle
from incidents.models import Incident
from linkage import buckets, outbox, phone, refusals, resyncs
from linkage.choices import OutboxState
from linkage.links import create_link
from linkage.models import (
    Agency,
    HeldBack,
    Link,
    OutboxMessage,
    PhoneTask,
    RefusalRun,
    RefusedMessages,
)
from tests.browser.conftest import CODE, committed, live_pages
from tests.browser.test_axe import LOOKS, faults, leave
from tests.looks import fits, picture

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.django_db]


@pytest.fixture(scope="module")
def traffic(stage, django_db_blocker) -> str:
    """Report cases, work at them, and let one message be given up; give the link's code."""

    def work() -> str:
        link = Link.objects.get(cases__external_id="L-0")
        haneul = User.objects.get(username="haneul")
        for incident in Incident.objects.filter(cases__external_id__startswith="L-"):
            lifecycle.acknowledge(incident=incident, by=haneul)
        last = OutboxMessage.objects.order_by("-pk").first()
        OutboxMessage.objects.filter(pk=last.pk).update(
            state=OutboxState.DEAD, attempts=12, last_error="HTTP 500", is_offered=False
        )
        fire = Agency.objects.create(
            kind="fire", organisation_code="6440000", name_ko="한빛소방본부", duty_phone="119"
        )
        create_link(
            municipality=link.municipality,
            agency=fire,
            service="fire119",
            code=f"fire119-{CODE}",
            push_url="",
        )
        return link.code

    for number in range(4):
        stage.report(f"L-{number}", urgency="3")
    with django_db_blocker.unblock():
        return committed(work)


@pytest.fixture
def room(stage, traffic) -> Iterator[Callable[..., Page]]:
    """Open the link console of a person and wait until it is live."""
    with live_pages(stage, f"/m/{CODE}/links/") as opened:

        def open_room(username: str = "sup", **options: Any) -> Page:
            page = opened(username, **options)
            page.wait_for_selector("#matrix tbody")
            return page

        yield open_room


def korean_time(at: datetime) -> str:
    return at.astimezone(timezone.get_default_timezone()).strftime("%Y-%m-%dT%H:%M")


def row(page: Page, link: str):
    return page.locator(f'#matrix tbody[data-link="{link}"]')


def ask_for_a_call(stage, receipt: str) -> PhoneTask:
    """Let an urgent case's message stay unconfirmed for two minutes, so that a call is due."""
    stage.report(receipt, urgency="0", address=f"한빛시 중앙로 {receipt}")

    def work() -> PhoneTask:
        incident = Incident.objects.get(cases__external_id=receipt)
        lifecycle.acknowledge(incident=incident, by=User.objects.get(username="haneul"))
        for other in OutboxMessage.objects.filter(incident=incident).exclude(message_type="ACK"):
            outbox.acknowledge(link=other.link, uid=other.uid)
        owed = OutboxMessage.objects.filter(incident=incident, message_type="ACK")
        owed.update(created_at=timezone.now() - timedelta(minutes=2))
        phone.open_due()
        return PhoneTask.objects.get(message__in=owed)

    return committed(work)


def test_pausing_asks_why_and_shows_on_every_desk_without_a_reload(room, traffic):
    mine, theirs = room("sup"), room("haneul")
    row(theirs, traffic).locator(".state-up").first.wait_for()
    assert row(theirs, traffic).locator("button:visible", has_text="일시 중지").count() == 0
    for _ in range(10):
        if row(mine, traffic).get_attribute("data-selected") is not None:
            break
        mine.keyboard.press("j")
    mine.keyboard.press("p")
    mine.keyboard.insert_text("기관 점검")
    mine.click("#verb-submit")
    row(theirs, traffic).locator(".state-maintenance").first.wait_for(timeout=15000)
    picture(theirs, "paused")
    row(mine, traffic).locator("button", has_text="다시 시작").click()
    mine.keyboard.insert_text("점검 끝")
    mine.click("#verb-submit")
    row(theirs, traffic).locator(".state-up").first.wait_for(timeout=15000)
    assert mine.faults == theirs.faults == []


def test_everything_again_is_asked_for_by_keyboard_and_both_wishes_are_seen_live(room, traffic):
    page, theirs = room("admin"), room("haneul", theme="light")
    for _ in range(10):
        if row(page, traffic).get_attribute("data-selected") is not None:
            break
        page.keyboard.press("j")
    page.keyboard.press("Shift+R")
    page.locator("#verb-fields textarea").fill("어제 백업에서 복구")
    picture(page, "ask-again-form")
    page.click("#verb-submit")
    row(theirs, traffic).locator("span", has_text="기관에 전부 다시 요청함").wait_for(timeout=15000)
    assert row(theirs, traffic).locator("button:visible", has_text="다시 요청").count() == 0
    link = Link.objects.get(code=traffic)
    committed(lambda: resyncs.offer_again(link=link, reason="저장소 복구", from_sequence=0))
    row(theirs, traffic).locator("span", has_text="저장소 복구").wait_for(timeout=15000)
    picture(page, "ask-again-dark")
    picture(theirs, "ask-again-light")
    assert fits(page)
    assert page.faults == theirs.faults == []


def test_a_report_that_comes_is_seen_in_the_matrix_and_in_the_open_list(stage, room, traffic):
    page = room("haneul")
    row(page, traffic).locator("button", has_text="메시지").click()
    page.keyboard.press("i")
    page.wait_for_selector("#traffic-rows tr")
    stage.report("L-live", urgency="3")
    page.locator("#traffic-rows td", has_text="L-live").wait_for(timeout=15000)
    assert page.faults == []


def refuse_some(link: str) -> None:
    row = Link.objects.get(code=link)
    for number in range(12):
        refusals.note(link=row, code="invalid", message_id=f"bad-{number}", reason="schema_ver")
    refusals.note(link=row, code="wrong_receiver", message_id="lost", reason="receiver_org")
    HeldBack.objects.create(key=buckets.link_key(row.pk), minute=timezone.now(), count=40)


def forget_refused() -> None:
    for table in (RefusedMessages, RefusalRun, HeldBack):
        table.objects.all().delete()


@pytest.mark.parametrize(
    ("theme", "language", "says"), [("dark", "ko", "거절"), ("light", "en", "refused")]
)
def test_what_is_refused_and_held_back_is_seen_live(
    stage, room, console, traffic, theme, language, says
):
    committed(forget_refused)
    page = room(theme=theme, language=language)
    committed(refuse_some, link=traffic)
    page.wait_for_selector(f'tbody[data-link="{traffic}"] [data-direction=in] .line.bad')
    said = row(page, traffic).inner_text()
    assert said.count(says) == 2, said
    assert "13" in said
    assert "40" in said
    row(page, traffic).locator("button").first.click()
    page.click("#traffic-in")
    page.wait_for_selector("#traffic-refused li")
    told = page.inner_text("#traffic-refused")
    assert "bad-11" in told
    assert "wrong_receiver" in told
    picture(page, f"refused-{language}")
    assert faults(page, "refused") == []
    assert fits(page)
    desk = console("sup", theme=theme, language=language)
    desk.wait_for_selector(".link-untaken")
    assert "13" in desk.inner_text(".link-untaken")
    assert "40" in desk.locator(".link:has(.link-untaken)").get_attribute("title")
    desk.keyboard.press("Shift+Slash")
    leave(desk, "help")
    picture(desk, f"refused-console-{language}")
    assert faults(desk, "links of the console") == []
    assert page.faults == desk.faults == []
    committed(forget_refused)


def test_the_content_of_a_message_is_shown_for_a_reason_by_keyboard_alone(room, traffic):
    page = room("sup")
    for _ in range(10):
        if row(page, traffic).get_attribute("data-selected") is not None:
            break
        page.keyboard.press("j")
    page.keyboard.press("i")
    page.wait_for_selector("#traffic-rows tr")
    page.keyboard.press("f")
    page.keyboard.insert_text("L-1")
    page.wait_for_function("() => document.querySelectorAll('#traffic-rows tr').length === 1")
    page.locator(".row-open").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#message-reveal")
    page.locator("#message-reveal").focus()
    page.keyboard.press("Enter")
    page.keyboard.insert_text("신고 내용 대조")
    page.keyboard.press("Tab")
    page.click("#verb-submit")
    page.wait_for_selector("#message-content:not([hidden])")
    assert '"receipt_no": "L-1"' in page.inner_text("#message-content")
    page.keyboard.press("Escape")
    page.wait_for_selector("#message", state="hidden")
    page.keyboard.press("Escape")
    page.wait_for_selector("#traffic", state="hidden")
    page.keyboard.press("Escape")
    page.wait_for_url(f"**/m/{CODE}/")
    assert page.faults == []


def settle_calls() -> None:
    """Whatever order the tests take, no other call waits."""
    for task in PhoneTask.objects.open().select_related("message__link"):
        outbox.acknowledge(link=task.message.link, uid=task.message.uid)


def test_a_call_is_asked_for_drafted_recorded_and_reconciled_as_seen_live(stage, room, traffic):
    committed(settle_calls)
    page = room("haneul")
    task = ask_for_a_call(stage, "P-1")
    page.wait_for_selector("#phone-open[data-waiting]", timeout=15000)
    page.keyboard.press("Shift+P")
    page.locator("#phone-tasks li", has_text="P-1").locator("button").click()
    assert page.inner_text("#phone-number") == "112"
    assert "한빛시 중앙로 P-1" in page.inner_text("#phone-say")
    page.fill("#phone-who", "김경위")
    page.fill("#phone-said", "접수번호와 위치를 알림")
    page.reload()
    page.wait_for_selector("#phone-open[data-waiting]", timeout=15000)
    page.keyboard.press("Shift+P")
    page.locator("#phone-tasks li", has_text="P-1").locator("button").click()
    assert page.input_value("#phone-who") == "김경위"
    page.fill("#phone-at", "2031-01-01T00:00")
    page.click("#phone-submit")
    page.wait_for_selector("#phone-at-error:not(:empty)")
    page.fill("#phone-at", korean_time(timezone.now()))
    page.focus("#phone-submit")
    page.keyboard.press("Enter")
    page.wait_for_selector("#phone-open:not([data-waiting])", timeout=15000)
    assert committed(lambda: PhoneTask.objects.get(pk=task.pk).spoke_to) == "김경위"
    page.keyboard.press("Shift+P")
    page.locator("#phone-tasks li", has_text="P-1").locator("button").click()
    committed(lambda: outbox.acknowledge(link=task.message.link, uid=task.message.uid))
    page.locator("#phone-tasks li[data-state='reconciled']", has_text="P-1").wait_for(timeout=15000)
    picture(page, "phone-reconciled")
    assert page.faults == []


@pytest.mark.parametrize(("theme", "language"), LOOKS)
def test_the_form_of_a_call_has_no_fault_that_axe_can_find(stage, room, traffic, theme, language):
    ask_for_a_call(stage, f"A-{theme}-{language}")
    page = room("haneul", theme=theme, language=language)
    page.wait_for_selector("#phone-open[data-waiting]", timeout=15000)
    page.goto(f"/m/{CODE}/")
    page.wait_for_selector("#phone-open[data-waiting]", timeout=15000)
    picture(page, f"console-call-{theme}-{language}")
    assert fits(page)
    page.keyboard.press("Shift+P")
    page.wait_for_selector("#phone-form:not([hidden])")
    found = faults(page, "call")
    picture(page, f"phone-{theme}-{language}")
    assert found == []
    assert page.faults == []


@pytest.mark.parametrize(("theme", "language"), LOOKS)
def test_no_fault_that_axe_can_find(room, traffic, theme, language):
    page = room("sup", theme=theme, language=language)
    look = f"{theme}-{language}"
    found = faults(page, "matrix")
    picture(page, f"matrix-{look}")
    assert fits(page)
    row(page, traffic).locator("button").first.click()
    page.wait_for_selector("#traffic-rows tr")
    page.locator(".row-open").first.click()
    page.wait_for_selector("#message:not([hidden])")
    found += faults(page, "drill-down")
    picture(page, f"drill-{look}")
    assert fits(page)
    page.keyboard.press("r")
    page.wait_for_selector("#verb-dialog[open]")
    found += faults(page, "send again")
    picture(page, f"replay-{look}")
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+Slash")
    page.wait_for_selector("#help-dialog[open]")
    found += faults(page, "help")
    assert found == []
    assert page.faults == []
