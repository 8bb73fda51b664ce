"""What asks a person on the console: alarms, and what is probably the same happening twice."""

from collections.abc import Callable

import pytest
from django.contrib.gis.geos import Point

from controlroom.accounts.models import User
from incidents.models import Incident
from incidents.reports import ReportIn, take_report
from incidents.statuses import Status
from linkage import alarms
from linkage.models import Alarm
from tests.browser.conftest import committed
from tests.browser.test_axe import LOOKS, faults
from tests.browser.test_console import case, incident_of, press, strip
from tests.looks import fits, picture

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
    mine.press("#alarms-open", "Enter")
    item = mine.locator(".standing-alarm")
    assert item.locator("button").count() == 0
    theirs.wait_for_selector("#alarms-open[data-waiting]")
    theirs.press("#alarms-open", "Enter")
    theirs.press(".standing-alarm button", "Enter")
    # The other screen hears that somebody took it up.
    mine.wait_for_selector("#alarms-open:not([data-waiting])")
    assert User.objects.get(username="sup").display_name in item.inner_text()
    committed(alarms.clear, kind="worker.stalled")
    mine.wait_for_selector("#alarms-open", state="hidden")
    mine.wait_for_selector("#alarms-none:not(:empty)")
    assert mine.faults == theirs.faults == []


@pytest.mark.parametrize(("theme", "language"), LOOKS)
def test_the_list_of_alarms_has_no_fault_that_axe_finds(stage, console, theme, language):
    committed(alarms.raise_, kind="beat.stopped")
    committed(alarms.raise_, **dormant(stage))
    page = console("sup", theme=theme, language=language)
    page.press("#alarms-open", "Enter")
    page.wait_for_selector(".standing-alarm:nth-child(2)")
    picture(page, f"alarms-{theme}-{language}")
    assert faults(page, "alarms") == []
    assert fits(page)


def accident(stage, lon: float) -> tuple[str, Callable[[], Incident]]:
    """Let the police report an accident; give its number, and what lets the traffic centre too."""
    place = {"lon": lon, "lat": 36.36, "error_radius_m": 20, "method": "address"}
    receipt = case(stage, kind_code="401", place=place, summary="승용차 2대 추돌")

    def seen_by_the_traffic_centre() -> Incident:
        message = ReportIn(
            service="city",
            external_id=f"its:{receipt}",
            kind_code="C07",
            place=Point(lon + 0.00067, 36.36, srid=4326),
            address="중앙로 교차로",
            summary="차량 사고, 1차로 차단",
            occurred_at=incident_of(receipt).occurred_at,
        )
        source = "city-90010"
        return committed(
            take_report, municipality=stage.city, source=source, message=message
        ).incident

    return receipt, seen_by_the_traffic_centre


def test_the_same_from_two_sources_is_asked_live_and_judged_by_the_keyboard(stage, console):
    page, theirs = console(language="en", theme="light"), console("sup")
    receipt, told_too = accident(stage, 127.41)
    for desk in (page, theirs):
        strip(desk, receipt).click()
        desk.wait_for_selector("#incident:not([hidden])")
    other = told_too()
    # It comes by itself, on the open panel and on every strip.
    for desk in (page, theirs):
        desk.wait_for_selector("#same .unit")
        desk.wait_for_selector(f'[data-id="{other.pk}"] .chip-same:not([hidden])')
        picture(desk, f"alarms-same-{'light' if desk is page else 'dark'}")
        assert faults(desk, "the same") == []
        assert fits(desk)
    assert "city-90010/its" in page.inner_text("#same")
    press(page, "KeyS", "ㄴ")
    page.wait_for_selector("#same [data-verdict=same]:focus")
    page.keyboard.press("Enter")
    page.wait_for_selector("#joined .unit")
    theirs.wait_for_selector(f'[data-id="{other.pk}"]', state="detached")
    theirs.wait_for_selector("#joined .unit")
    other.refresh_from_db()
    assert (other.status, other.duplicate_of) == (Status.DUPLICATE, incident_of(receipt))
    # What the other source said stays within reach.
    page.click("#joined summary")
    page.wait_for_selector("#joined .timeline .fact")
    page.wait_for_selector("#joined .source")
    picture(page, "alarms-joined")

    receipt, told_too = accident(stage, 127.43)
    strip(page, receipt).click()
    other = told_too()
    different = f'#same [data-name="different {other.pk}"]'
    page.wait_for_selector(different)
    theirs.wait_for_selector(f'[data-id="{other.pk}"] .chip-same:not([hidden])')
    page.focus(different)
    page.keyboard.press("Enter")
    page.wait_for_selector("#same-card", state="hidden")
    theirs.wait_for_selector(f'[data-id="{other.pk}"] .chip-same', state="hidden")
    assert Incident.objects.get(pk=other.pk).status == Status.RECEIVED
    assert page.faults == theirs.faults == []
