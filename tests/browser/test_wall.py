"""The wall of pictures: three by three, cameras carried from the map, tours in turns."""

import signal

import pytest

from cctv.models import Camera, CameraGroup, ViewRecord
from controlroom.accounts.models import User
from incidents import screens
from incidents.models_screens import WallLayout, WallScreen
from tests.browser.conftest import committed, open_context
from tests.browser.test_axe import faults
from tests.browser.test_console import WIDE, case, strip
from tests.looks import fits, picture

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.django_db]


def test_nine_pictures_one_covers_them_and_a_pin_is_carried_from_the_map(stage, console):
    receipt = case(stage, urgency="2")
    page = console(viewport=WIDE)
    strip(page, receipt).click()
    page.wait_for_selector("#cameras .camera-name:enabled")
    page.keyboard.press("v")
    page.wait_for_selector(".tile[data-large] .player[data-state='live']")
    page.keyboard.press("q")
    assert page.get_attribute("#wall", "data-layout") == "grid"
    page.wait_for_function(
        "() => document.querySelectorAll('.tile .player[data-state=live]').length === 5"
    )
    picture(page, "wall-grid-ko")
    page.keyboard.press("2")
    assert page.locator("#wall[data-solo]").count() == 1
    picture(page, "wall-solo-ko")
    page.keyboard.press("Escape")
    assert page.locator("#wall[data-solo]").count() == 0
    shut = page.locator(".tile").nth(4)
    gone = shut.get_attribute("data-camera")
    shut.locator("[data-part=close]").click()
    assert page.locator(f".tile[data-camera='{gone}']").count() == 0
    pin = page.locator(".camera-pin", has_text="5").bounding_box()
    wall = page.locator("#video").bounding_box()
    page.mouse.move(pin["x"] + 12, pin["y"] + 12)
    page.mouse.down()
    page.mouse.move(wall["x"] + 80, wall["y"] + 80, steps=8)
    assert page.locator("#video[data-over]").count() == 1
    picture(page, "wall-carry-ko")
    page.mouse.up()
    page.wait_for_selector(f".tile[data-camera='{gone}'] .player[data-state='live']")
    assert faults(page, "the wall, three by three") == []
    assert fits(page)
    page.keyboard.press("x")
    page.wait_for_selector("#video", state="hidden")
    assert page.faults == []


def test_a_tour_shows_a_groups_cameras_in_turns_for_a_purpose_on_record(stage, console):
    group = CameraGroup.objects.get(name="도심 번화가")
    cameras = list(Camera.objects.filter(pk__in=group.turns.values("camera")))
    page = console(viewport=WIDE)
    page.keyboard.press("Shift+Q")
    row = page.locator("#tours .camera", has_text=group.name)
    row.wait_for()
    picture(page, "tours-ko")
    assert faults(page, "the list of tours") == []
    row.locator("button").click()
    page.wait_for_selector("#field-purpose")
    assert page.input_value("#field-purpose") == group.purpose
    page.keyboard.press("Tab")
    page.locator("dialog[open] [type=submit]").click()
    page.wait_for_selector(".tile[data-large] .player[data-state='live']")
    first = page.locator(".tile").first.get_attribute("data-camera")
    page.click("#tour-pause")
    assert "멈춤" in page.inner_text("#tour-page")
    picture(page, "tour-ko")
    page.click("#tour-next")
    page.wait_for_function(
        "first => document.querySelector('.tile').dataset.camera !== first", arg=first
    )
    page.wait_for_selector(".tile[data-large] .player[data-state='live']")
    assert page.inner_text("#tour-page").startswith("2 / 4")
    seen = ViewRecord.objects.filter(camera__in=cameras, purpose=group.purpose)
    assert seen.count() >= 2
    page.keyboard.press("x")
    page.wait_for_selector("#tour", state="hidden")
    assert page.faults == []


def test_a_screen_on_the_wall_is_enrolled_by_a_code_and_shows_by_itself(stage, console):
    case(stage, urgency="0")
    case(stage, urgency="2")
    screen = committed(
        WallScreen.objects.create,
        municipality=stage.city,
        name="상황실 정면",
        camera_group=CameraGroup.objects.get(name="도심 번화가"),
    )
    code = committed(screens.give_code, screen=screen, by=User.objects.get(username="sup"))
    context = open_context(stage, viewport=WIDE)
    page = context.new_page()
    page.goto("/wall/")
    page.fill("#code", code)
    page.keyboard.press("Enter")
    for layout in WallLayout:
        committed(WallScreen.objects.filter(pk=screen.pk).update, layout=layout)
        page.wait_for_selector(f".wall-main[data-layout='{layout}'] .wall-row")
        page.wait_for_function("() => document.querySelectorAll('#counts strong').length === 4")
        page.wait_for_selector("#pictures .player[data-state='live']", timeout=30_000)
        picture(page, f"wall-screen-{layout}-ko")
        assert faults(page, f"wall screen, {layout}") == []
        assert fits(page)
    rows = page.locator(".wall-row").count()
    case(stage, urgency="1")
    page.wait_for_function("n => document.querySelectorAll('.wall-row').length > n", arg=rows)
    stage.web.process.send_signal(signal.SIGSTOP)
    try:
        page.wait_for_selector("#silent:not([hidden])", timeout=30_000)
        assert page.locator("#pictures .player").count() == 0
        picture(page, "wall-screen-stale-ko")
    finally:
        stage.web.process.send_signal(signal.SIGCONT)
    page.wait_for_selector("#silent", state="hidden", timeout=30_000)
    committed(screens.retire, screen=screen, by=User.objects.get(username="sup"))
    page.wait_for_selector("#code")
    assert context.strangers == []
    context.close()
