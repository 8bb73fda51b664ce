"""Moving a camera from the console: keys, the lock that everyone sees, and its end."""

import pytest

from cctv.models import Camera, OnvifDevice, PtzLock
from cctv.onvif import devices
from cctv.onvif.line import Access
from cctv.onvif.simulator.server import simulated
from controlroom.accounts.models import User
from tests.browser.conftest import committed
from tests.browser.test_axe import faults
from tests.browser.test_console import case, strip

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.django_db]


def install(simulator, camera_id: int) -> None:
    camera = Camera.objects.get(pk=camera_id)
    services = {"ptz": f"{simulator.base}/onvif/ptz"}
    access = Access(simulator.address, simulator.camera.user, simulator.camera.password, services)
    OnvifDevice.objects.create(
        municipality_id=camera.municipality_id,
        camera=camera,
        access_secret=devices.seal(access),
        main_token="main",
        has_ptz=True,
        zero_deg=0.0,
    )


def until(page, condition, *, within_ms=15000):
    """Wait in the browser's own loop: its requests stand still while Python sleeps."""
    for _ in range(within_ms // 50):
        if condition():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not come to be")


def watch(page, receipt):
    strip(page, receipt).click()
    page.keyboard.press("v")
    page.wait_for_selector(".tile[data-large]")


def test_a_camera_is_moved_by_keys_under_a_lock_that_is_shown(stage, console):
    page, theirs = console("haneul"), console("sup", theme="light", language="en")
    receipt = case(stage)
    watch(page, receipt)
    chosen = int(page.locator(".tile[data-large]").get_attribute("data-camera"))
    with simulated() as simulator:
        camera = simulator.camera
        committed(install, simulator=simulator, camera_id=chosen)
        page.keyboard.press("2")
        page.keyboard.press("1")
        page.wait_for_selector(".tile[data-large] .ptz")
        watch(theirs, receipt)
        theirs.wait_for_selector(".tile[data-large] .ptz")
        # Without the lock the arrows are the page's own.
        page.keyboard.press("ArrowRight")
        page.keyboard.press("z")
        page.wait_for_selector('.ptz[data-mine="true"]')
        assert camera.position().pan == 0
        page.wait_for_selector(".ptz-presets option:nth-child(3)", state="attached")
        name = User.objects.get(username="haneul").display_name
        theirs.locator("[data-large] .ptz-holder", has_text=name).wait_for()
        assert page.locator(".ptz").count() == 1
        page.keyboard.down("ArrowRight")
        until(page, lambda: camera.requests.count("ContinuousMove") >= 3)
        page.keyboard.up("ArrowRight")
        until(page, lambda: camera.requests[-1:] == ["Stop"])
        assert camera.position().pan > 0.1
        # Typing moves nothing.
        page.keyboard.press("n")
        asked = camera.requests.count("ContinuousMove")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Escape")
        assert camera.requests.count("ContinuousMove") == asked
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("Alt+Digit1")
        until(page, lambda: "GotoPreset" in camera.requests)
        page.keyboard.press("b")
        until(page, lambda: "AbsoluteMove" in camera.requests)
        assert faults(page, "ptz") + faults(theirs, "ptz, light") == []
        # A supervisor takes over; the loser is told and moves nothing any more.
        theirs.keyboard.press("z")
        theirs.wait_for_selector('.ptz[data-mine="true"]')
        page.wait_for_selector('.ptz[data-mine="false"]')
        page.wait_for_selector(".toast-bad")
        theirs.keyboard.press("z")
        theirs.wait_for_selector('.ptz[data-mine="false"]')
        until(page, lambda: "GotoHomePosition" in camera.requests)
        assert page.faults + theirs.faults == []
    assert [one.end_reason for one in PtzLock.objects.order_by("pk")] == ["taken_over", "released"]
