"""Disaster text messages on the console: an area without a point, and whose an unsure one is."""

from itertools import count

import pytest

from controlroom.municipalities.models import Municipality
from incidents.models import Incident
from linkage.models_messages import DisasterMessage, MessageDecision
from linkage.services.disaster import text_messages
from tests.browser.conftest import committed
from tests.browser.test_axe import faults
from tests.browser.test_console import WIDE, press
from tests.linkage.services.disaster.test_text_messages import row
from tests.looks import fits, picture

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.django_db]
_numbers = count(7001)
UNSURE = "우리시"
# Where the areas of texts are drawn.
DRAWN = "path.text-area"
INSIDE = """() => {
  const map = document.getElementById('map').getBoundingClientRect();
  const area = document.querySelector('path.text-area.crisis-open')?.getBoundingClientRect();
  return area && area.left >= map.left - 1 && area.right <= map.right + 1
    && area.top >= map.top - 1 && area.bottom <= map.bottom + 1;
}"""


def take(text: str, *, agency: str = "한빛시", step: str = "긴급재난") -> int:
    number = next(_numbers)
    said = {**row(number, step), "MSG_CN": text, "ISSU_INST_NM": agency}

    def work() -> None:
        text_messages.take_in(rows=iter([said]), places=text_messages.own_gazetteer())

    committed(work)
    return number


def opened_by(number: int) -> Incident:
    return Incident.objects.get(disaster_messages__message__number=number)


def at(page, incident: Incident) -> str:
    return f'[data-id="{incident.pk}"] .strip'


def test_a_text_is_an_area_from_strip_and_map_and_tours_its_cameras(stage, console):
    part = opened_by(take("가온동·라온동 하천 범람, 높은 곳으로 대피하시기 바랍니다. [한빛시]"))
    whole = opened_by(take("하천 범람 위험, 하상도로 통제. 우회하시기 바랍니다. [한빛시]"))
    page, other = console(), console(theme="light", language="en", viewport=WIDE)
    page.click(at(page, part))
    page.wait_for_selector("#disaster-text:not([hidden])")
    assert "가온동, 라온동" in page.inner_text("#disaster-text-about")
    page.wait_for_function(INSIDE)
    assert page.locator(".pin").count() == 0
    found = faults(page, "text, dark")
    # The cameras are those of the area, five by five; no five "nearest" to a made-up point.
    assert page.locator("#cameras .camera").count() == 0
    press(page, "KeyV", "ㅍ")
    page.wait_for_selector(".tile video")
    page.wait_for_selector("#disaster-text-state:not(:empty)")
    first = page.inner_text("#disaster-text-state")
    press(page, "KeyV", "ㅍ")
    page.wait_for_function(
        "said => document.getElementById('disaster-text-state').textContent !== said", arg=first
    )
    page.wait_for_selector(".crisis-camera")
    page.wait_for_function(INSIDE)
    picture(page, "text-part-dark-ko")
    press(page, "KeyX", "ㅌ")
    # Somewhere else, M brings the area back; the label opens the incident.
    page.click("#map-in")
    page.click("#map-in")
    press(page, "KeyM", "ㅡ")
    page.wait_for_function(INSIDE)
    other.wait_for_selector(DRAWN)
    other.wait_for_selector("#crisis-legend:not([hidden])")
    other.locator(".crisis-label", has_text="river flood · whole municipality").click()
    other.wait_for_selector("#disaster-text:not([hidden])")
    assert other.locator("#desk").get_attribute("data-incident") == str(whole.pk)
    found += faults(other, "text, light")
    picture(other, "text-whole-light-en")
    assert fits(page)
    assert fits(other)
    assert found == []
    assert page.faults == other.faults == []


@pytest.fixture
def unsure(stage):
    """Two cities of one name: a third here, and ours under a name that both bear."""
    ours = stage.city

    def work() -> Municipality:
        Municipality.objects.filter(pk=ours.pk).update(name_ko=UNSURE)
        return Municipality.objects.update_or_create(
            code="91010", defaults={"name_ko": UNSURE, "province_ko": "나래도"}
        )[0]

    yield committed(work)
    committed(Municipality.objects.filter(pk=ours.pk).update, name_ko="한빛시")


def test_what_may_be_ours_is_judged_by_the_keyboard_and_seen_everywhere(stage, console, unsure):
    page, other = console(), console("sup", theme="light", language="en", viewport=WIDE)
    urgent = take("산사태 위험, 대피하시기 바랍니다.", agency=UNSURE)
    notice = take("폭염경보, 야외활동을 자제하시기 바랍니다.", agency=UNSURE, step="안전안내")
    assert DisasterMessage.objects.get(number=urgent).candidates == ["90010", "91010"]
    page.wait_for_selector("#announce:has-text('우리 지역일 수 있음')", state="attached")
    for desk in (page, other):
        desk.wait_for_selector("#texts-open[data-waiting]")
        desk.keyboard.press("Shift+M")
        desk.wait_for_selector(f"#text-ours-{notice}")
    found = faults(page, "texts, dark") + faults(other, "texts, light")
    picture(page, "texts-dark-ko")
    picture(other, "texts-light-en")
    page.focus(f"#text-not-{notice}")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#texts-decided [data-message='{notice}']")
    # The next that waits has the focus: one key is enough.
    page.wait_for_selector(f"#text-ours-{urgent}:focus")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#texts-decided [data-message='{urgent}']")
    other.wait_for_selector(f"#texts-decided [data-message='{urgent}']")
    picture(other, "texts-decided-light-en")
    found += faults(page, "texts decided")
    incident = opened_by(urgent)
    said = MessageDecision.objects.filter(message__number__in=[urgent, notice]).order_by("pk")
    assert [one.is_ours for one in said] == [False, True]
    page.locator(f"#texts-ours [data-message='{urgent}'] button").click()
    page.wait_for_selector(at(page, incident))
    page.wait_for_selector("#disaster-text:not([hidden])")
    assert fits(page)
    assert found == []
    assert page.faults == other.faults == []
