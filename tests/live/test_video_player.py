"""The player in a real Chromium against the real server: frames that were decoded, cut, and said."""

import contextlib
import os
import re
import sys
import time
from collections.abc import Iterator
from shutil import which

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from cctv.models import ViewRecord
from tests.cctv.builders import make_camera
from tests.live.conftest import ROOT, Web

pytestmark = [pytest.mark.live, pytest.mark.browser]

PAGE = """<!doctype html><html lang="ko"><meta charset="utf-8">
<body style="margin:0;background:#222"><div id="wall" style="display:flex;flex-wrap:wrap"></div>"""
MOUNT = """async ({code, cameras, purpose}) => {
  const { mountVideo } = await import("/static/js/console/video.js");
  const csrf = document.cookie.match(/csrftoken=([^;]+)/)?.[1] ?? "";
  window.players ??= {};
  window.news ??= {};
  for (const cameraId of cameras) {
    const element = document.createElement("div");
    element.id = `camera-${cameraId}`;
    element.style = "width:320px;height:180px";
    document.getElementById("wall").append(element);
    window.news[cameraId] = [];
    window.pressedAt = performance.now();
    window.players[cameraId] = mountVideo(element, {
      ticketUrl: `/m/${code}/cctv/cameras/${cameraId}/ticket/`, csrfToken: csrf,
      incidentId: null, cameraId, name: `카메라 ${cameraId}`, purpose,
      onState: (news) => window.news[cameraId].push(news.state),
    });
  }
}"""


@pytest.fixture
def browser(monkeypatch) -> Iterator[Browser]:
    # Playwright's own loop runs in this thread, which Django would take for ours.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    program = os.environ.get("CONTROLROOM_CHROMIUM") or which("chromium")
    if not program:
        pytest.skip("no Chromium here")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@contextlib.contextmanager
def signed_in(browser: Browser, web: Web, user) -> Iterator[Page]:
    name, value = web.cookie_of(user).split("=")
    context = browser.new_context(base_url=web.url)
    context.add_cookies([
        {"name": name, "value": value, "url": web.url},
        {"name": "csrftoken", "value": "c" * 32, "url": web.url},
    ])  # fmt: skip
    page = context.new_page()
    page.route("**/player.html", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
    page.route(re.compile("/static/"), serve_static)
    page.goto("/player.html")
    yield page
    context.close()


def serve_static(route) -> None:
    """Serve the files of the program as they are; the manifest has its own test."""
    path = ROOT / "static" / route.request.url.split("/static/")[1].split("?")[0]
    route.fulfill(body=path.read_bytes(), content_type="text/javascript")


def mount(page: Page, code: str, *cameras: int, purpose: str = "시험") -> None:
    page.evaluate(MOUNT, {"code": code, "cameras": list(cameras), "purpose": purpose})


def frames(page: Page, camera: int) -> int:
    return int(page.get_attribute(f"#camera-{camera} .player", "data-frames") or 0)


def state(page: Page, camera: int) -> str:
    return page.get_attribute(f"#camera-{camera} .player", "data-state") or ""


def wait_state(page: Page, camera: int, wanted: str, *, within_s: float) -> float:
    began = time.monotonic()
    page.wait_for_selector(
        f"#camera-{camera} .player[data-state={wanted}]", timeout=within_s * 1000, state="attached"
    )
    return time.monotonic() - began


def note(text: str) -> None:
    sys.stdout.write(text + "\n")


def test_pictures_are_decoded_and_go_on(browser, web, city, haneul, tmp_path):
    camera = make_camera(city, name="한빛초 정문")
    hosts = set()
    with signed_in(browser, web, haneul) as page:
        page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
        mount(page, city.code, camera.pk)
        page.wait_for_function(
            "document.querySelector('.player')?.dataset.frames > 0", timeout=15000
        )
        first = page.evaluate("document.querySelector('.player').dataset.firstFrameMs - pressedAt")
        note(f"first decoded frame {first:.0f} ms after the click")
        before = frames(page, camera.pk)
        page.wait_for_function(f"document.querySelector('.player').dataset.frames >= {before + 30}")
        assert state(page, camera.pk) == "live"
        page.screenshot(path=tmp_path / "playing.png")
        assert page.locator(".player-age").inner_text().startswith("LIVE")
    view = ViewRecord.objects.get()
    assert (view.viewer, view.camera, view.purpose) == (haneul, camera, "시험")
    assert view.ended_at is None
    assert hosts == {web.host}
