"""Alarms of the system and its lines on the console: counted, explained, taken up, gone."""

import pytest

from controlroom.accounts.models import User
from linkage import alarms
from linkage.models import Alarm
from tests.browser.conftest import committed
from tests.browser.test_axe import LOOKS, faults

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.django_db]


def dormant(stage) -> dict[str, object]:
    link = stage.city.links.first()
    return {
        "kind": "link.dormant",
        "municipality": stage.city,
        "subject_kind": "link",
        "subject_id": link.code,
    }


def all_quiet() -> None:
    """Whatever order the tests take, this one begins without an alarm."""
    for alarm in Alarm.objects.standing():
        alarms.clear(
            kind=alarm.kind,
            municipality=alarm.municipality,
            subject_kind=alarm.subject_kind,
            subject_id=alarm.subject_id,
        )


def test_an_alarm_comes_by_itself_is_taken_up_by_who_may_and_goes(stage, console):
    committed(all_quiet)
    theirs, mine = console("sup"), console("haneul")
    assert not mine.locator("#alarms-open").is_visible()
    committed(alarms.raise_, kind="worker.stalled")
    mine.wait_for_selector("#alarms-open[data-waiting]")
    mine.wait_for_function("document.getElementById('announce-urgent').textContent.length > 3")
    mine.click("#alarms-open")
    item = mine.locator(".standing-alarm")
    assert item.locator("button").count() == 0
    theirs.wait_for_selector("#alarms-open[data-waiting]")
    theirs.click("#alarms-open")
    theirs.click(".standing-alarm button")
    # The other screen hears that somebody took it up.
    mine.wait_for_selector("#alarms-open:not([data-waiting])")
    assert User.objects.get(username="sup").display_name in item.inner_text()
    committed(alarms.clear, kind="worker.stalled")
    mine.wait_for_selector("#alarms-open", state="hidden")
    mine.wait_for_selector("#alarms-none:not(:empty)")
    assert mine.faults == theirs.faults == []


@pytest.mark.parametrize(("theme", "language"), LOOKS)
def test_the_list_of_alarms_has_no_fault_that_axe_finds(stage, console, theme, language, tmp_path):
    committed(alarms.raise_, kind="beat.stopped")
    committed(alarms.raise_, **dormant(stage))
    page = console("sup", theme=theme, language=language)
    page.click("#alarms-open")
    page.wait_for_selector(".standing-alarm:nth-child(2)")
    page.screenshot(path=tmp_path / "alarms.png")
    assert faults(page, "alarms") == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
