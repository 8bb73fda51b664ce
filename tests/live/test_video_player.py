"""The player in a real Chromium against the real server: decoded, cut, and said."""

import contextlib
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page

from cctv import posters, probing
from cctv.choices import EndReason
from cctv.models import ViewRecord
from cctv.posters import Poster
from cctv.sources import set_source, source_of
from cctv.view_ends import end_views
from controlroom.accounts.models import User
from controlroom.municipalities.choices import Role
from controlroom.municipalities.models import Membership
from tests.cctv.builders import make_camera
from tests.cctv.rtsp_camera import rtsp_camera
from tests.live.conftest import ROOT, Web, until
from tests.looks import picture

pytestmark = [pytest.mark.live, pytest.mark.browser]

PAGE = """<!doctype html><html lang="ko"><meta charset="utf-8">
<body style="margin:0;background:#222"><div id="wall" style="display:flex;flex-wrap:wrap"></div>"""
MOUNT = """async ({code, cameras, purpose, quality, whepMs}) => {
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
      incidentId: null, cameraId, name: `카메라 ${cameraId}`, purpose, quality, whepMs,
      onState: (news) => window.news[cameraId].push(news.state),
    });
  }
}"""


@contextlib.contextmanager
def signed_in(browser: Browser, web: Web, user) -> Iterator[Page]:
    name, value = web.cookie_of(user).split("=")
    with page_of(browser, web.url, {name: value}) as page:
        yield page


@contextlib.contextmanager
def page_of(browser: Browser, address: str, cookies: dict[str, str]) -> Iterator[Page]:
    context = browser.new_context(base_url=address, ignore_https_errors=True)
    context.add_cookies([
        {"name": name, "value": value, "url": address}
        for name, value in {**cookies, "csrftoken": "c" * 32}.items()
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


def mount(page: Page, code: str, *cameras: int, whep_ms: int = 20_000, **asked: str) -> None:
    """Open pictures; what may hang in WebRTC has time enough for a busy machine."""
    said = {"code": code, "cameras": list(cameras), "purpose": "시험", "quality": "main"}
    page.evaluate(MOUNT, {**said, "whepMs": whep_ms, **asked})


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


def test_pictures_are_decoded_and_go_on_though_one_list_was_refused(chromium, web, city, haneul):
    camera = make_camera(city, name="한빛초 정문")
    hosts = set()
    with signed_in(chromium, web, haneul) as page:
        # The state says meanwhile that the view stands: the list is asked for again.
        page.route("**/live.m3u8", lambda route: route.fulfill(status=403), times=1)
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
        picture(page, "player-playing")
        assert page.locator(".player-age").inner_text().startswith("LIVE")
        view = ViewRecord.objects.get()
        assert (view.viewer, view.camera, view.purpose) == (haneul, camera, "시험")
        assert view.ended_at is None
        page.evaluate("Object.values(window.players)[0].destroy()")
        until(lambda: ViewRecord.objects.get().ended_at, what="closing the picture ends the view")
        assert ViewRecord.objects.get().end_reason == EndReason.STOPPED
    assert hosts == {web.host}


def test_what_was_seen_before_is_shown_with_its_age_until_the_first_frame(
    chromium, web, city, haneul, settings, tmp_path
):
    settings.STATE_DIR = tmp_path / "web0" / "state"
    plays, ends = cameras = [make_camera(city), make_camera(city)]
    seen_at = timezone.now() - timedelta(minutes=3)
    for camera in cameras:
        picture = probing.of_source(source_of(camera)).poster
        before = Poster(picture.jpeg, seen_at)
        posters.keep(camera_id=camera.pk, mark=posters.mark_of(camera), poster=before)
    lists = []

    def hold(route):
        lists.append(route)

    with signed_in(chromium, web, haneul) as page:
        page.route("**/live.m3u8", hold)
        mount(page, city.code, *[camera.pk for camera in cameras])
        for camera in cameras:
            page.wait_for_selector(f"#camera-{camera.pk} .player-poster-age")
        said = page.locator(f"#camera-{plays.pk} .player").inner_text().splitlines()
        assert {"Connecting", "Picture of 3 min ago"} <= set(said)
        page.screenshot(path=tmp_path / "before.png")
        dimmed = "document.querySelector('.player-poster')"
        assert page.evaluate(f"{dimmed}.naturalWidth") == 640
        assert float(page.evaluate(f"getComputedStyle({dimmed}).opacity")) < 0.6
        address = page.evaluate(f"{dimmed}.src")
        page.unroute("**/live.m3u8")
        for held in lists:
            if f"/{plays.pk}/" in held.request.url:
                held.continue_()
        page.wait_for_function(
            f"document.querySelector('#camera-{plays.pk} .player').dataset.frames > 0"
        )
        left = [f"#camera-{plays.pk} .player-poster", f"#camera-{plays.pk} .player-poster-age"]
        assert [page.locator(one).count() for one in left] == [0, 0]
        assert page.evaluate(f"fetch('{address}').then(() => 'kept', () => 'gone')") == "gone"
        assert page.locator(f"#camera-{ends.pk} .player-poster").count() == 1
        page.route("**/ticket/", lambda route: route.fulfill(status=403, json={"detail": "no"}))
        end_views(viewer_id=haneul.pk, reason=EndReason.REVOKED)
        wait_state(page, ends.pk, "ended", within_s=10)
        assert page.locator(".player-poster, .player-poster-age").count() == 0
    assert set(ViewRecord.objects.values_list("poster_taken_at", flat=True)) == {
        seen_at.replace(microsecond=seen_at.microsecond // 1000 * 1000)
    }


def relays_of(web: Web) -> list[int]:
    """Find the ffmpeg processes that this web process started."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            pid = int(entry.parent.name)
            parent = int(entry.read_text().rsplit(")", 1)[1].split()[1])
            if parent == web.process.pid and b"ffmpeg" in (entry.parent / "cmdline").read_bytes():
                found.append(pid)
    return found


def decoded_after(page: Page, camera: int, *, quiet_s: float = 3.0) -> float:
    """Seconds from now until the last decoded frame, which no other follows for quiet_s."""
    began = last = time.monotonic()
    seen = frames(page, camera)
    while time.monotonic() - last < quiet_s and time.monotonic() - began < 20:
        page.wait_for_timeout(50)
        if (now := frames(page, camera)) != seen:
            seen, last = now, time.monotonic()
    return last - began


def sign_out(page: Page, haneul) -> None:
    page.evaluate(
        """() => fetch("/accounts/logout/", {method: "POST", redirect: "manual",
             headers: {"X-CSRFToken": document.cookie.match(/csrftoken=([^;]+)/)[1]}})"""
    )


def deactivate(_page: Page, haneul) -> None:
    User.objects.filter(pk=haneul.pk).update(is_active=False)


def demote(_page: Page, haneul) -> None:
    Membership.objects.filter(user=haneul).update(role=Role.AUDITOR)


def revoke(_page: Page, haneul) -> None:
    end_views(viewer_id=haneul.pk, reason=EndReason.INCIDENT_ENDED)


@pytest.mark.parametrize(
    ("act", "shown", "reason"),
    [
        (revoke, "ended", EndReason.INCIDENT_ENDED),
        (demote, "refused", EndReason.RIGHT_LOST),
        (deactivate, "refused", EndReason.RIGHT_LOST),
        (sign_out, "refused", EndReason.SIGNED_OUT),
    ],
)
def test_the_picture_stops_within_five_seconds_of(chromium, web, city, haneul, act, shown, reason):
    camera = make_camera(city)
    with signed_in(chromium, web, haneul) as page:
        mount(page, city.code, camera.pk)
        wait_state(page, camera.pk, "live", within_s=15)
        act(page, haneul)
        cut = decoded_after(page, camera.pk)
        note(f"last decoded frame {cut:.2f} s after {act.__name__}")
        assert cut <= 5
        wait_state(page, camera.pk, shown, within_s=8)
    assert ViewRecord.objects.first().end_reason == reason


def test_a_frozen_source_is_labelled_and_comes_back(chromium, web, city, haneul):
    camera = make_camera(city)
    with signed_in(chromium, web, haneul) as page:
        mount(page, city.code, camera.pk)
        wait_state(page, camera.pk, "live", within_s=15)
        (relay,) = relays_of(web)
        os.kill(relay, signal.SIGSTOP)
        took = wait_state(page, camera.pk, "frozen", within_s=6)
        note(f"labelled frozen after {took:.1f} s")
        assert took <= 5
        os.kill(relay, signal.SIGKILL)
        wait_state(page, camera.pk, "live", within_s=15)
        seen = frames(page, camera.pk)
        page.wait_for_function(f"document.querySelector('.player').dataset.frames > {seen + 10}")
    until(lambda: type(camera).objects.get().health == "online", what="the register knows")


def test_a_dead_source_is_labelled_lost(chromium, start_web, city, haneul, tmp_path, settings):
    settings.CAMERA_NETWORKS = ["127.0.0.0/8"]
    web = start_web(CONTROLROOM_CAMERA_NETWORKS="127.0.0.0/8")
    camera = make_camera(city)
    with rtsp_camera(tmp_path, user="root", password="geheim4711") as source:
        set_source(camera, source.url)
        with signed_in(chromium, web, haneul) as page:
            mount(page, city.code, camera.pk)
            wait_state(page, camera.pk, "live", within_s=20)
            source.close()
            took = wait_state(page, camera.pk, "lost", within_s=8)
            note(f"labelled lost after {took:.1f} s")
            assert took <= 5
    until(lambda: type(camera).objects.get().health == "offline", what="the register knows")
    assert "geheim4711" not in web.log()


def test_five_pictures_play_at_once_and_a_tenth_is_refused(chromium, web, city, haneul):
    cameras = [make_camera(city, index).pk for index in range(10)]
    with signed_in(chromium, web, haneul) as page:
        mount(page, city.code, *cameras[:5])
        for camera in cameras[:5]:
            page.wait_for_function(
                f"document.querySelector('#camera-{camera} .player').dataset.frames > 20",
                timeout=30000,
            )
        page.evaluate("Object.values(window.players).forEach((player) => player.destroy())")
        assert page.locator(".player").count() == 0
        mount(page, city.code, *cameras[1:])
        wait_state(page, cameras[9], "live", within_s=30)
        mount(page, city.code, cameras[0])
        assert state(page, cameras[0]) == "refused"


def test_a_stranger_sees_nothing(chromium, web, city, stranger):
    camera = make_camera(city)
    with signed_in(chromium, web, stranger) as page:
        mount(page, city.code, camera.pk)
        wait_state(page, camera.pk, "refused", within_s=8)
        assert frames(page, camera.pk) == 0
    assert not ViewRecord.objects.exists()


def width(page: Page) -> int:
    return int(page.evaluate("document.querySelector('.player video').videoWidth"))


def test_enlarging_shows_the_main_stream_within_the_same_view(chromium, web, city, haneul):
    camera = make_camera(city)
    with signed_in(chromium, web, haneul) as page:
        mount(page, city.code, camera.pk, quality="sub")
        wait_state(page, camera.pk, "live", within_s=15)
        assert width(page) == 320
        page.evaluate("Object.values(window.players)[0].setQuality('main')")
        page.wait_for_function("document.querySelector('.player video').videoWidth === 640")
        seen = frames(page, camera.pk)
        page.wait_for_function(f"document.querySelector('.player').dataset.frames > {seen + 5}")
        assert state(page, camera.pk) == "live"
        page.evaluate("Object.values(window.players)[0].setQuality('sub')")
        page.wait_for_function("document.querySelector('.player video').videoWidth === 320")
    assert ViewRecord.objects.count() == 1
