"""CAP alerts on the console: the list of both ways, live, and the chosen one's area on the map."""

from datetime import timedelta

import pytest
from django.utils import timezone

from linkage.models import Link
from linkage.models_cap import CapIssue
from linkage.models_disaster import Situation
from linkage.services.disaster import cap_intake, situations
from tests.browser.conftest import CODE, committed
from tests.browser.test_axe import faults, leave
from tests.browser.test_console import WIDE, answered, declared
from tests.linkage.cap.alerts import KR_AREA, alert, info
from tests.looks import fits, picture

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.django_db]
INSIDE = """() => {
  const map = document.getElementById('map').getBoundingClientRect();
  const area = document.querySelector('path.cap-area')?.getBoundingClientRect();
  return area && area.left >= map.left - 1 && area.right <= map.right + 1
    && area.top >= map.top - 1 && area.bottom <= map.bottom + 1;
}"""


def take(name: str, **changed) -> None:
    """Take an alert in on the link of the disaster room, as it would be posted."""
    now = timezone.localtime().replace(microsecond=0)
    changed.setdefault("sent", (now - timedelta(minutes=3)).isoformat())

    def work() -> None:
        link = Link.objects.get(code=f"disaster-{CODE}")
        cap_intake.accept(link=link, raw=alert(identifier=name, **changed))

    committed(work)


def over(city, shift: float) -> str:
    x, y = city.centre.x + shift, city.centre.y
    corners = ((-1, -1), (1, -1), (1.4, 1), (-1, 1), (-1, -1))
    ring = " ".join(f"{y + 0.01 * n:.5f},{x + 0.015 * e:.5f}" for e, n in corners)
    return f"<area><areaDesc>가온동 일대</areaDesc><polygon>{ring}</polygon></area>"


@pytest.fixture
def situation(stage) -> Situation:
    row = declared(stage)
    committed(situations.publish, situation=row, is_public=True, by=None)
    return row


def test_alerts_are_listed_live_and_a_chosen_one_is_on_the_map(stage, console, situation):
    ends = (timezone.localtime() + timedelta(hours=5)).replace(microsecond=0).isoformat()
    more = f"<expires>{ends}</expires><senderName>기상청</senderName>"
    take("KMA-1", infos=info(area=over(stage.city, 0.004), more=more))
    take("KMA-2", area=KR_AREA.replace("9001000000", "9002000000"))
    page, other = console(), console("sup", theme="light", language="en", viewport=WIDE)
    page.keyboard.press("Shift+C")
    page.wait_for_selector("[data-alert='KMA-1']")
    other.click("#alerts-open")
    other.wait_for_selector("[data-alert='KMA-2'] [data-state='elsewhere']")
    # What comes, and what is answered, is there without a reload; also what concerns others.
    take("KMA-3", scope="Private", extra="<addresses>90020</addresses>", area=over(stage.city, 0))
    for desk in (page, other):
        desk.wait_for_selector("[data-alert='KMA-3'] [data-state='not_addressed']")
    issue = CapIssue.objects.get(situation=situation)
    page.focus(f"[data-alert='{issue.identifier}'] button")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"[data-alert='{issue.identifier}'] .cap-answers")
    answered(stage, situation)
    page.wait_for_selector(f"[data-alert='{issue.identifier}'] .cap-answers :text('확인')")
    found = faults(page, "alerts, dark") + faults(other, "alerts, light")
    picture(page, "cap-list-dark-ko")
    # The keyboard alone: choose, read, look at the map.
    other.focus("[data-alert='KMA-1'] button")
    other.keyboard.press("Enter")
    other.wait_for_selector("[data-alert='KMA-1'] .cap-whole")
    assert "하천 주변 접근 금지" in other.inner_text("[data-alert='KMA-1'] .cap-whole")
    picture(other, "cap-whole-light-en")
    other.keyboard.press("Tab")
    other.wait_for_selector("[id$='-sight']:focus")
    other.keyboard.press("Enter")
    other.wait_for_selector("#cap-dialog:not([open])", state="attached")
    other.wait_for_function(INSIDE)
    other.wait_for_selector("#cap-legend:not([hidden])")
    found += faults(other, "alert on the map")
    picture(other, "cap-map-light-en")
    other.click("#cap-legend-hide")
    other.wait_for_selector("path.cap-area", state="detached")
    leave(page, "cap")
    page.wait_for_function(INSIDE)
    picture(page, "cap-map-dark-ko")
    assert fits(page)
    assert fits(other)
    assert found == []
    assert page.faults == other.faults == []
