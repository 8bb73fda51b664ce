"""An agency's viewer page in a real Chromium: played, marked, ended; then in the register."""

import sys

import pytest

from cctv import view_ends
from cctv.models import PtzLock, ViewRecord
from cctv.onvif import hands, ptz
from controlroom.accounts.models import User
from controlroom.municipalities.choices import Role
from controlroom.municipalities.models import Membership
from linkage import grants
from linkage.models import AgencySeat, ProvisionEntry, StreamGrant
from tests.browser.test_axe import faults
from tests.cctv.onvif.conftest import let_turn, networks, sim  # noqa: F401 - fixtures
from tests.linkage.services.police112.conftest import RECEIPT
from tests.live.conftest import until
from tests.live.test_patrol_page import (
    case,  # noqa: F401 - a fixture
    context,  # noqa: F401 - a fixture
    holds,
    looked_at,
    note_frames,
    page,  # noqa: F401 - a fixture
    room,  # noqa: F401 - a fixture
    watched,
)
from tests.looks import picture

pytestmark = [pytest.mark.live, pytest.mark.browser]


@pytest.fixture
def web(start_web):
    """As of the other pages, but it may speak to a camera on this machine."""
    return start_web(CONTROLROOM_CAMERA_NETWORKS="127.0.0.0/8")


def turn_by_keys(page, motors) -> list[str]:  # noqa: F811 - the fixture's value
    """Take the camera that may be turned, turn it; the arrows are the page's own before."""
    page.wait_for_selector(".ptz")
    assert page.locator(".ptz").count() == 1, "by right, and no other camera"
    page.keyboard.press("ArrowRight")
    page.locator(".ptz [data-part=take]").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".ptz[data-mine=true]")
    assert motors.camera.requests.count("ContinuousMove") == 0
    left = page.locator(".ptz [data-part=holder]").inner_text()
    assert "초 남음" in left, left
    page.keyboard.down("ArrowRight")
    for _ in range(200):  # its requests stand still while Python sleeps
        if motors.camera.requests.count("ContinuousMove") >= 2:
            break
        page.wait_for_timeout(50)
    page.keyboard.up("ArrowRight")
    until(lambda: page.evaluate("1") and motors.camera.requests[-1:] == ["Stop"], what="it stands")
    assert motors.camera.position().pan > 0
    lock = PtzLock.objects.get()
    assert (lock.holder.username, lock.link_id is None) == ("engineer", False)
    return looked_at(page, "agency-case-turning")


def lose_to_the_centre(page, turned, haneul) -> list[str]:  # noqa: F811 - the fixture's value
    """A person of the centre comes first; who that is stays there."""
    ptz.take(
        device=turned.camera.onvif,
        hand=hands.of_person(haneul, turned.camera),
        reason="관제",
    )
    page.wait_for_selector(".ptz[data-mine=false]")
    page.wait_for_selector(".toast-bad:has-text('관제센터')")
    assert "관제센터" in page.locator(".ptz [data-part=holder]").inner_text()
    assert "haneul" not in page.content()
    return looked_at(page, "agency-case-taken-over")


def sign_in(context, web, user) -> None:  # noqa: F811 - the fixture's value
    name, value = web.cookie_of(user).split("=")
    context.add_cookies([{"name": name, "value": value, "url": web.url}])


def read_by_the_officer(register, context, web, city) -> list[str]:  # noqa: F811 - values
    """Both views are in the register, which is corrected, and leaves as a document."""
    officer = User.objects.create_user("officer", display_name="박지킴")
    Membership.objects.create(user=officer, municipality=city, role=Role.PRIVACY_OFFICER)
    sign_in(context, web, officer)
    register.set_viewport_size({"width": 1600, "height": 900})
    register.goto(f"/m/{city.code}/linkage/provision/")
    assert register.locator("tbody tr").count() == 2
    assert "이기사" in register.locator("tbody").inner_text()
    found = faults(register, "register of provision")
    picture(register, "register")
    register.locator("summary").first.click()
    picture(register, "register-correct")
    register.fill("input[name=reason] >> nth=0", "정기 점검")
    with register.expect_download() as handed:
        register.click("text=내보내기 >> nth=-1")
    assert handed.value.suggested_filename.endswith(".hwpx")
    return found


def test_a_granted_camera_is_watched_marked_ended_and_registered(
    room, case, context, page, web, city, haneul, sim  # noqa: F811 - fixtures
):  # fmt: skip
    link, _api = room
    person = User.objects.create_user("engineer", display_name="이기사")
    AgencySeat.objects.create(municipality=city, agency=link.agency, user=person)
    sign_in(context, web, person)
    turned = StreamGrant.objects.earliest("pk")
    StreamGrant.objects.filter(pk=turned.pk).update(rights=["live", "ptz"])
    let_turn(turned.camera, sim)
    page.goto(f"/agency/case/{link.code}/{RECEIPT}/watch/")
    page.wait_for_selector(".player[data-state=live]", timeout=20_000)
    assert page.locator(".patrol-tile").count() == 3
    assert page.locator(".player").count() == 1, "the others play when they are wanted"
    mark = page.locator(".player .watermark")
    for word in ("이기사", str(link.agency), RECEIPT):
        assert word in mark.get_attribute("data-text")
    page.evaluate("document.querySelector('.watermark').remove()")
    assert mark.count() == 1
    page.evaluate("document.querySelector('.watermark').style.display = 'none'")
    assert mark.get_attribute("style") is None

    found = turn_by_keys(page, sim)

    # By the keyboard alone: the second camera is started, the first is said to be seen.
    page.keyboard.press("Tab")
    reached = "document.activeElement.getAttribute('aria-label')?.includes('사거리 2')"
    until(lambda: page.evaluate(reached) or page.keyboard.press("Tab"), what="the second button")
    page.keyboard.press("Enter")
    holds(page, "document.querySelectorAll('.player[data-state=live]').length === 2")
    page.locator("[data-part=seen]").first.focus()
    page.keyboard.press("Enter")
    until(
        lambda: ViewRecord.objects.filter(acknowledged_at__isnull=False, frames_decoded__gt=0),
        what="the player's word is kept",
    )
    found += looked_at(page, "agency-case")
    found += lose_to_the_centre(page, turned, haneul)

    note_frames(page)
    for grant in StreamGrant.objects.all():
        grants.revoke(grant=grant, by=haneul, reason="시험")
    page.wait_for_selector("#ended li:has-text('관제센터')", timeout=10_000)
    holds(page, "performance.now() - window.lastFrame > 3000")
    cut = page.evaluate("(window.lastFrame - window.began) / 1000")
    sys.stdout.write(f"last decoded frame {cut:.2f} s after the grants were withdrawn\n")
    assert cut <= 5
    assert page.locator(".player").count() == page.locator(".ptz").count() == 0
    found += looked_at(page, "agency-case-ended")

    until(lambda: view_ends.settle() or ProvisionEntry.objects.exists(), what="it is entered")
    register = watched(context.new_page())
    found += read_by_the_officer(register, context, web, city)
    assert found == page.wrongs == register.wrongs == []
