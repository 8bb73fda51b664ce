"""Pictures by WebRTC from Debian's Janus, in a real Chromium: on record, cut, and done without."""

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from cctv import view_ends
from cctv.choices import EndReason
from cctv.gateway import whep_ends
from cctv.gateway.janus import Line
from cctv.gateway.whep import LOOK_S
from cctv.models import MediaSession, ViewRecord
from cctv.passes import CHECK_S, HANDOVER_S
from cctv.view_ends import end_views
from controlroom.runtime import debian, webrtc
from tests.cctv.builders import make_camera
from tests.live.conftest import Web, start_web, until
from tests.live.test_video_player import frames, mount, note, signed_in, wait_state

__all__ = ["start_web"]

JANUS = debian.find_janus()
pytestmark = [
    pytest.mark.live,
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(JANUS is None, reason="this machine has no Debian janus"),
]
CUT_S = 5.0
AT_THE_END = timedelta(seconds=CHECK_S + HANDOVER_S + 0.2)


class Beside:
    """A Janus of our own, which may be killed and started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = webrtc.environment(folder)
        self.at = Path(self.env["CONTROLROOM_JANUS_SOCKET"])
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = webrtc.started(JANUS, self.folder, self.env)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def janus(tmp_path_factory, settings) -> Iterator[Beside]:
    beside = Beside(tmp_path_factory.mktemp("janus"))
    settings.JANUS_SOCKET = str(beside.at)
    settings.JANUS_SECRET = beside.env["CONTROLROOM_JANUS_SECRET"]
    try:
        beside.start()
        yield beside
    finally:
        beside.kill()


@pytest.fixture
def web(start_web, janus) -> Web:
    return start_web(**janus.env)


def way(page, camera) -> str:
    return page.get_attribute(f"#camera-{camera.pk} .player", "data-way") or ""


def playing(page, city, camera, quality: str = "main") -> ViewRecord:
    """Open a picture, wait until it plays by WebRTC."""
    mount(page, city.code, camera.pk, quality=quality)
    wait_state(page, camera.pk, "live", within_s=20)
    assert way(page, camera) == "WebRTC"
    return ViewRecord.objects.filter(camera=camera, ended_at=None).latest("pk")


def last_frame(page, camera) -> datetime:
    """Wait until no frame has come for two seconds; when the last one was seen."""
    seen, at = -1, timezone.now()
    until_s = time.monotonic() + 20
    while timezone.now() - at < timedelta(seconds=2):
        assert time.monotonic() < until_s, "frames go on"
        if (now := frames(page, camera.pk)) != seen:
            seen, at = now, timezone.now()
        page.wait_for_timeout(30)
    return at


def revoke(view: ViewRecord) -> None:
    """Whoever ends it is another process than the one that holds the session."""
    end_views(viewer_id=view.viewer_id, reason=EndReason.REVOKED)


def expire(view: ViewRecord) -> None:
    ViewRecord.objects.filter(pk=view.pk).update(started_at=F("started_at") - timedelta(hours=9))


def test_views_are_counted_and_cut_and_no_second_is_claimed_more(chromium, web, city, haneul):
    """Two viewers of one relay; ends by another process than the one that holds the sessions."""
    camera = make_camera(city)
    width = "document.querySelector('.player video').videoWidth"
    with signed_in(chromium, web, haneul) as page, signed_in(chromium, web, haneul) as second:
        view = playing(page, city, camera, quality="sub")
        assert page.evaluate(width) == 320
        page.evaluate("Object.values(window.players)[0].setQuality('main')")
        page.wait_for_function(f"{width} === 640")
        seen = frames(page, camera.pk)
        page.wait_for_function(f"document.querySelector('.player').dataset.frames > {seen + 30}")
        wait_state(page, camera.pk, "live", within_s=10)
        assert way(page, camera) == "WebRTC"
        assert "WebRTC" in page.locator(".player-age").inner_text()
        assert ViewRecord.objects.count() == MediaSession.objects.count() == 1
        until(lambda: ViewRecord.objects.get().bytes_sent > 20_000, what="bytes are counted")
        other = playing(second, city, camera)
        lasted = [cut(page, camera, view, expire), cut(second, camera, other, revoke)]
    until(
        lambda: not MediaSession.objects.filter(kicked_at=None).exists(), what="sessions are over"
    )
    until(lambda: view_ends.settle() or not unsettled(), within_s=20, what="the views are settled")
    for one, last in zip((view, other), lasted, strict=True):
        one.refresh_from_db()
        assert one.first_byte_at < one.decoded_at < one.last_byte_at <= one.sent_until
        assert one.frames_decoded > 10
        assert last < one.sent_until + timedelta(seconds=0.2)
        assert one.sent_until - last < AT_THE_END
    assert [view.end_reason, other.end_reason] == [EndReason.EXPIRED, EndReason.REVOKED]


def unsettled() -> bool:
    return ViewRecord.objects.filter(settled_at=None).exists()


def cut(page, camera, view: ViewRecord, act) -> datetime:
    """End the view; when its last frame was seen."""
    # The player would ask for another view after its hour, and rightly get one.
    page.route("**/ticket/", lambda route: route.abort())
    began = timezone.now()
    act(view)
    last = last_frame(page, camera)
    note(f"last decoded frame {(last - began).total_seconds():.2f} s after {act.__name__}")
    assert last - began < timedelta(seconds=CUT_S)
    return last


def test_where_janus_dies_the_play_list_goes_on_until_it_is_back(
    chromium, web, city, haneul, janus
):
    camera, other = make_camera(city), make_camera(city, 40.0)
    with signed_in(chromium, web, haneul) as page:
        view = playing(page, city, camera)
        janus.kill()
        page.wait_for_selector(".player[data-way=HLS][data-state=live]")
        seen = frames(page, camera.pk)
        page.wait_for_function(f"document.querySelector('.player').dataset.frames > {seen + 20}")
        assert [one.pk for one in ViewRecord.objects.filter(ended_at=None)] == [view.pk]
        janus.start()
        assert playing(page, city, other).pk != view.pk


def test_a_session_that_hangs_is_left_for_the_play_list(chromium, web, city, haneul):
    """One whose answer is lost, and one that is sent nothing more; by the same tickets."""
    unheard, mute = make_camera(city), make_camera(city, 40.0)
    with signed_in(chromium, web, haneul) as page:
        page.route(f"**/video/{unheard.pk}/whep/*/*", drop_answer)
        page.route(f"**/video/{mute.pk}/whep/*/*", silence)
        mount(page, city.code, unheard.pk, mute.pk, whep_ms=1500)
        for camera in (unheard, mute):
            at = f"#camera-{camera.pk} .player"
            page.wait_for_selector(f"{at}[data-way=HLS][data-state=live]")
        assert {one.camera_id for one in ViewRecord.objects.filter(ended_at=None)} == {
            unheard.pk,
            mute.pk,
        }
        assert MediaSession.objects.get(view__camera=unheard).bytes_sent == 0
        until(lambda: not ViewRecord.objects.filter(bytes_sent=0).exists(), what="pieces count")


def drop_answer(route) -> None:
    if route.request.method == "PATCH":
        route.fulfill(status=204)
    else:
        route.continue_()


def silence(route) -> None:
    """Let the connection come about, and nothing by it: paused at the answer and each question."""
    answer = route.fetch()
    row = MediaSession.objects.get(pk=route.request.url.rsplit("/", 1)[1])
    line = Line()
    line.tell("message", **whep_ends.place_of(row), body={"request": "pause"})
    line.close()
    # A connection of this handler's own, as the browser's library has it.
    connection.close()
    route.fulfill(response=answer)


def test_pictures_come_only_while_the_record_is_ahead_of_them(chromium, web, city, haneul):
    """A player that asks for nothing is sent nothing; nor is anybody by a process that died."""
    camera = make_camera(city)
    session = re.compile(r"/video/\d+/whep/main/\d+$")
    with signed_in(chromium, web, haneul) as page:
        view = playing(page, city, camera)
        page.route(session, lambda route: route.abort())
        last = last_frame(page, camera)
        view.refresh_from_db()
        assert view.ended_at is None
        assert last < view.sent_until + timedelta(seconds=LOOK_S + 0.3)
        page.unroute(session)
        seen = frames(page, camera.pk)
        page.wait_for_function(f"document.querySelector('.player').dataset.frames > {seen + 10}")
        wait_state(page, camera.pk, "live", within_s=10)
        assert way(page, camera) == "WebRTC"
        web.stop(signal.SIGKILL)
        last = last_frame(page, camera)
        view.refresh_from_db()
        assert last < view.sent_until
        assert view.sent_until - last < AT_THE_END
