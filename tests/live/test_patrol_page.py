"""A police terminal's page in a real Chromium: enrolled, shown the case, and dark after its end."""

import mimetypes
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from cctv import stills as camera_stills
from cctv import streams
from controlroom.audit.models import Record
from incidents.models import Incident, Kind
from linkage.choices import LinkMode
from linkage.demo.link import room_link
from linkage.models import TerminalShare
from linkage.services.police112.escape import send_escape_route
from tests.browser.test_axe import faults
from tests.cctv.builders import make_camera
from tests.linkage.conftest import api_client, envelope
from tests.linkage.services.police112.conftest import RECEIPT, ask
from tests.linkage.services.police112.terminals import register, sent_still, share
from tests.live.conftest import ROOT, until
from tests.looks import fits, picture

pytestmark = [pytest.mark.live, pytest.mark.browser]
SIZES = {"phone": (390, 844), "tablet": (1024, 768)}


@pytest.fixture
def room(transactional_db, city):
    Kind.objects.create(service="police112", code="201", name_ko="폭력", name_en="assault")
    link = room_link("police112", municipality=city, mode=LinkMode.PUSH).link
    return link, api_client(link)


@pytest.fixture
def case(room, city, haneul, settings, tmp_path) -> Incident:
    """A case with all that a terminal shows: position, escape, a still, three granted cameras."""
    link, api = room
    cameras = [make_camera(city, 40.0 * n, name=f"중앙시장 사거리 {n}") for n in (1, 2, 3)]

    def post(document) -> None:
        answer = api.post(f"/api/v1/links/{link.code}/messages", document, format="json")
        assert answer.status_code == 201, answer.content

    post(envelope(receipt_no=RECEIPT, urgency="0", address="한빛시 중앙로 12 (중앙시장 동문)"))
    incident = Incident.objects.get()
    at = datetime.now(UTC).isoformat()
    moved = {"unit": "중앙12", "at": at, "lon": 127.404, "lat": 36.409, "speed_kmh": 40}
    post(envelope("UNIT_POSITION", receipt_no=RECEIPT, **moved))
    send_escape_route(incident=incident, by=haneul, bearing_deg=45, text="검은 점퍼, 시장 쪽")
    post(ask(*[camera.pk for camera in cameras]))
    settings.STATE_DIR = tmp_path / "own-state"
    taken = camera_stills.take(camera=cameras[0], by=haneul, incident_id=incident.pk)
    streams.stop_all()
    sent_still(link, incident, cameras[0], haneul, jpeg=taken.jpeg)
    return incident


def serve_static(route: Route) -> None:
    path = ROOT / "static" / route.request.url.split("/static/")[1].split("?")[0]
    kind = "text/javascript" if path.suffix == ".mjs" else mimetypes.guess_type(path)[0]
    route.fulfill(body=path.read_bytes(), content_type=kind)


@pytest.fixture
def context(chromium, web) -> Iterator[BrowserContext]:
    context = chromium.new_context(
        base_url=web.url, locale="ko-KR", viewport={"width": 390, "height": 844}
    )
    context.route(re.compile("/static/"), serve_static)
    yield context
    context.close()


@pytest.fixture
def page(context) -> Page:
    return watched(context.new_page())


def watched(page: Page) -> Page:
    """Keep what goes wrong in its scripts and against its policy."""
    page.wrongs = []
    page.on("pageerror", lambda error: page.wrongs.append(str(error)))
    page.on(
        "console",
        lambda said: (
            page.wrongs.append(said.text)
            if said.type == "error" and "Failed to load resource" not in said.text
            else None
        ),
    )
    return page


@pytest.fixture
def console(web, context, city, haneul, case) -> Page:
    """The operator's console with the case open, in the same browser."""
    name, value = web.cookie_of(haneul).split("=")
    context.add_cookies([{"name": name, "value": value, "url": web.url}])
    console = watched(context.new_page())
    console.set_viewport_size({"width": 1920, "height": 1080})
    console.goto(f"/m/{city.code}/")
    console.locator(".strip").first.click()
    console.wait_for_selector("#units li")
    return console


def looked_at(page: Page, name: str) -> list[str]:
    """Give the faults of accessibility at both sizes, and whether anything sticks out."""
    found = []
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        found += faults(page, f"{name}, {size}")
        if not fits(page):
            found.append(f"{name}, {size}: wider than the screen")
        picture(page, f"patrol-{name}-{size}")
    return found


def holds(page: Page, condition: str) -> None:
    """Wait for it; the page's own policy forbids what Playwright's waiting would do."""
    until(lambda: page.evaluate(condition), within_s=20, what=condition)


def test_a_case_is_seen_live_on_its_terminal_and_gone_within_five_seconds(
    room, case, page, console
):
    link, api = room
    page.goto("/patrol/")
    found = looked_at(page, "door")
    page.fill("#code", "WRNG-CODE-WRNG")
    page.click(".patrol-enrol .button-strong")
    page.wait_for_selector(".form-error:not(:empty)")
    found += looked_at(page, "door-refused")
    page.fill("#code", register(api, link, call_sign="중앙 순찰12호").data["enrolment_code"])
    page.click(".patrol-enrol .button-strong")
    page.wait_for_selector("#idle-title:text('공유된 사건이 없습니다')")
    found += looked_at(page, "idle")

    assert share(api, link).status_code == 201
    page.wait_for_selector("#kind:text('폭력')")
    page.wait_for_selector("#stills img")
    holds(page, "document.querySelector('#stills img').naturalWidth > 0")
    # The first camera plays by itself; the mount's own element is known by its place.
    page.evaluate("document.querySelector('.player').parentElement.id = 'camera-0'")
    page.wait_for_selector("#camera-0 .player[data-state=live]", timeout=20_000)
    holds(page, "document.querySelector('.player').dataset.frames > 20")
    assert page.locator(".player").count() == 1
    assert "T-01 중앙12" in page.locator("#camera-0 .watermark").get_attribute("data-text")
    assert "주점 앞 다툼" not in page.content()
    found += looked_at(page, "case")
    # Nothing that opens anything is in an address or within reach of a script.
    assert "patrol" not in page.evaluate("document.cookie")
    share_now = TerminalShare.objects.get()
    assert share_now.opened_at
    assert Record.objects.filter(action="share.viewed").count() == 1

    # The console has heard of it without a reload, and the operator withdraws it.
    console.bring_to_front()
    console.wait_for_selector("#shares li:has-text('T-01 · 중앙12'):has-text('마지막 접속')")
    console.locator("#shares-title").scroll_into_view_if_needed()
    found += faults(console, "console")
    picture(console, "patrol-console")
    console.locator("#shares button").click()
    console.fill("#field-reason", "다른 차량이 맡음")
    page.bring_to_front()
    seen = page.evaluate("Number(document.querySelector('.player').dataset.frames)")
    holds(page, f"document.querySelector('.player').dataset.frames > {seen + 5}")
    note_frames(page)
    console.evaluate("document.getElementById('verb-form').requestSubmit()")
    holds(page, "performance.now() - window.lastFrame > 3000")
    cut = page.evaluate("(window.lastFrame - window.began) / 1000")
    sys.stdout.write(f"last decoded frame {cut:.2f} s after the operator withdrew it\n")
    assert cut <= 5
    page.wait_for_selector("#idle-text:text('관제센터가 공유를 거두었습니다')")
    console.wait_for_selector("#shares li:has-text('회수')")
    assert page.locator(".player, #stills img").count() == 0
    for word in ("중앙로", "폭력", "점퍼", "사거리", RECEIPT):
        assert word not in page.content(), word
    found += looked_at(page, "ended")
    assert found == page.wrongs == console.wrongs == []


def note_frames(page: Page) -> None:
    """Note from now on when a frame was last decoded; the end takes the picture itself away."""
    page.evaluate(
        """() => { window.lastFrame = performance.now(); window.began = performance.now();
        let seen = -1;
        const look = () => {
          const now = document.querySelector('.player')?.dataset.frames ?? seen;
          if (now !== seen) { seen = now; window.lastFrame = performance.now(); }
          requestAnimationFrame(look);
        }; look(); }"""
    )
