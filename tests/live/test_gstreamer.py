"""GStreamer's RTSP server as a camera: what the tile says of a wrong password, a loss, a return."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cctv import streams
from cctv.relay_watch import StreamState
from cctv.sources import set_source
from tests.cctv.builders import make_camera
from tests.live.conftest import until
from tests.live.test_video_player import frames, mount, note, signed_in, wait_state
from tests.live.test_video_relay import networked, own_folder, wait_for

__all__ = ["own_folder"]

SERVER = Path(__file__).parent.parent / "cctv" / "gst_rtsp_server.py"
PYTHON = "/usr/bin/python3"
LOST_S = 30.0
PROBE = (
    "import gi; gi.require_version('GstRtspServer', '1.0'); gi.require_version('Gst', '1.0')\n"
    "from gi.repository import Gst, GstRtspServer; Gst.init(None)\n"
    "raise SystemExit(not all(map(Gst.ElementFactory.find, ('x264enc', 'x265enc', 'rtph264pay'))))"
)


def has_gstreamer() -> bool:
    with contextlib.suppress(OSError):
        return (
            subprocess.run([PYTHON, "-c", PROBE], capture_output=True, check=False).returncode == 0
        )
    return False


pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not has_gstreamer(), reason="this machine has no GStreamer RTSP server"),
]


@dataclass
class GstCamera:
    """The server on one port; it may be stopped and started there again."""

    port: int
    method: str = "digest"
    codec: str = "h264"
    password: str = "geheim4711"
    process: subprocess.Popen[str] | None = None

    def url(self, password: str = "") -> str:
        return f"rtsp://root:{password or self.password}@127.0.0.1:{self.port}/live"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [PYTHON, str(SERVER), str(self.port), self.method, "root", self.password, self.codec],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self.process.stdout
        assert self.process.stdout.readline() == "ready\n"

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None


@contextlib.contextmanager
def gst_camera(**options: str) -> Iterator[GstCamera]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    camera = GstCamera(port, **options)
    try:
        camera.start()
        yield camera
    finally:
        camera.stop()


def words(page, camera: int) -> str:
    return page.locator(f"#camera-{camera} .player-words").inner_text()


@pytest.mark.browser
@pytest.mark.long
def test_the_tile_says_wrong_password_lost_and_live_again(
    chromium, start_web, city, haneul, settings
):
    settings.CAMERA_NETWORKS = ["127.0.0.0/8"]
    web = start_web(CONTROLROOM_CAMERA_NETWORKS="127.0.0.0/8")
    camera = make_camera(city)
    with gst_camera() as source, signed_in(chromium, web, haneul) as page:
        set_source(camera, source.url("falsch4711"))
        mount(page, city.code, camera.pk)
        wait_state(page, camera.pk, "lost", within_s=10)
        until(lambda: "refuses the password" in words(page, camera.pk), what="the reason is said")
        note(f"wrong password: {words(page, camera.pk)}")
        assert frames(page, camera.pk) == 0

        set_source(camera, source.url())
        note(f"right password: live after {wait_state(page, camera.pk, 'live', within_s=30):.1f} s")
        until(lambda: page.wait_for_timeout(50) or frames(page, camera.pk) > 10)

        source.stop()
        note(f"stopped: lost after {wait_state(page, camera.pk, 'lost', within_s=8):.1f} s")
        until(lambda: page.wait_for_timeout(50) or "does not answer" in words(page, camera.pk))
        note(f"lost: {words(page, camera.pk)}")
        back_at = time.monotonic() + LOST_S
        while time.monotonic() < back_at:
            assert page.get_attribute(".player", "data-state") == "lost"
            page.wait_for_timeout(250)
        seen = frames(page, camera.pk)
        source.start()
        note(f"started: live after {wait_state(page, camera.pk, 'live', within_s=30):.1f} s")
        until(lambda: page.wait_for_timeout(50) or frames(page, camera.pk) > seen + 10)
    assert "geheim4711" not in web.log()
    assert "falsch4711" not in web.log()


@pytest.mark.usefixtures("own_folder")
def test_h265_by_basic_sign_in_is_transcoded_within_the_budget_or_refused(settings):
    with gst_camera(method="basic", codec="h265") as source:
        settings.TRANSCODE_LIMIT = 1
        streams.want(1, networked(source.url()))
        wait_for(StreamState.LIVE, 1, within_s=30)
        until(lambda: streams.want(1) or streams.playlist(1), within_s=15)
        run = streams.seen(1).run
        assert b"avc1" in streams.segment(1, f"{run}-init.mp4")
        # The one place is taken.
        streams.want(2, networked(source.url()))
        wait_for(StreamState.LOST, 2, within_s=15)
        until(lambda: streams.want(2) or streams.seen(2).reason == "transcodes_full")
        settings.TRANSCODE_LIMIT = 0
        until(lambda: streams.want(2) or streams.seen(2).reason == "transcoding_off", within_s=15)
        assert streams.playlist(2) is None
        assert streams.seen(1).state == StreamState.LIVE
        # The first one leaves its place, and the other comes up.
        settings.TRANSCODE_LIMIT = 1
        streams._relays[streams.Channel(1)].stopping.set()
        until(lambda: streams.want(2) or streams.seen(2).state == StreamState.LIVE, within_s=30)
