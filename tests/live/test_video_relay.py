"""Relays as real processes: started on demand, one a camera, stopped, restarted, labelled."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cctv import addresses, streams
from cctv.choices import Quality, SourceKind
from cctv.errors import RelaysBusy
from cctv.relay_watch import StreamState
from cctv.sources import Source
from tests.cctv.rtsp_camera import rtsp_camera
from tests.live.conftest import ROOT, until

pytestmark = pytest.mark.live

LABELLED_S = 5.0


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path, monkeypatch):
    # No database here: every run of a relay takes the source it was started with.
    monkeypatch.setattr(streams, "_loader", lambda _camera_id, first: lambda: first)
    monkeypatch.setattr(streams, "_announce", lambda _camera_id, _state: None)
    settings.STATE_DIR = tmp_path / "state"
    settings.CAMERA_NETWORKS = ["127.0.0.0/8"]
    yield
    streams.stop_all()


def note(text: str) -> None:
    """Show a figure under pytest -s."""
    sys.stdout.write(text + "\n")


def synthetic(name: str = "한빛초 정문") -> Source:
    return Source(kind=SourceKind.SYNTHETIC, name=name)


def networked(url: str) -> Source:
    return Source(kind=SourceKind.STREAM, name="RTSP", address=addresses.parse(url))


def ffmpeg_pid(camera_id: int) -> int:
    process = streams._relays[streams.Channel(camera_id)].process
    return process.pid if process else 0


def wait_for(state: StreamState, camera_id: int, *, within_s: float) -> float:
    """Wait until the camera is in this state; gives the seconds that it took."""
    began = time.monotonic()

    def reached() -> bool:
        streams.want(camera_id)
        return streams.seen(camera_id).state == state

    until(reached, within_s=within_s, what=f"camera {camera_id} is {state}")
    return time.monotonic() - began


def pictures(folder: Path, camera_id: int) -> set[str]:
    return {path.name for path in (folder / "state/hls" / str(camera_id)).glob("*.m4s")}


def test_no_other_user_of_the_machine_may_read_pictures(tmp_path):
    """Whatever this process was started with, and whichever stream is asked for first."""
    before = os.umask(0)
    try:
        streams.want(1, synthetic(), quality=Quality.SUB)
        until(lambda: streams.playlist(1, Quality.SUB), within_s=10)
    finally:
        os.umask(before)
    folder = tmp_path / "state/hls"
    paths = [folder, folder / "1", folder / "1/sub", *folder.glob("1/sub/*.m[p34]*")]
    assert len(paths) > 4
    assert {path.stat().st_mode & 0o027 for path in paths} == {0}


def test_a_picture_is_there_soon_and_goes_on(tmp_path):
    began = time.monotonic()
    streams.want(1, synthetic())
    until(lambda: streams.playlist(1), within_s=10)
    note(f"first segment after {time.monotonic() - began:.2f} s")
    first = pictures(tmp_path, 1)
    until(lambda: len(pictures(tmp_path, 1) - first) >= 2, within_s=10, what="two more segments")
    assert streams.seen(1).state == StreamState.LIVE
    run, body = streams.playlist(1)
    assert f'URI="{run}-init.mp4"' in body.decode()
    assert streams.segment(1, f"{run}-init.mp4")[4:8] == b"ftyp"


def test_no_more_segments_are_kept_than_the_player_needs(tmp_path):
    streams.want(1, synthetic())
    until(lambda: streams.playlist(1), within_s=10)
    last = max(pictures(tmp_path, 1))
    until(lambda: streams.want(1) or last not in pictures(tmp_path, 1), within_s=20)
    assert len(pictures(tmp_path, 1)) <= 10


def test_many_viewers_share_one_relay():
    for _ in range(20):
        streams.want(1, synthetic())
    wait_for(StreamState.LIVE, 1, within_s=10)
    assert len(streams._relays) == 1


def test_another_process_does_not_start_a_second_relay(tmp_path):
    streams.want(1, synthetic())
    wait_for(StreamState.LIVE, 1, within_s=10)
    code = (
        "import django; django.setup()\n"
        "from pathlib import Path; from django.conf import settings\n"
        f"settings.STATE_DIR = Path({str(tmp_path / 'state')!r})\n"
        "from cctv import streams\n"
        "streams.want(1)\n"
        "print(len(streams._relays), streams.seen(1).state)"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert said.stdout.split() == ["0", "live"]


def test_an_unused_relay_stops_and_leaves_no_picture(tmp_path, monkeypatch):
    monkeypatch.setattr("cctv.relay.IDLE_S", 1.0)
    streams.want(1, synthetic())
    until(lambda: ffmpeg_pid(1), within_s=5)
    relay = streams._relays[streams.Channel(1)]
    until(lambda: not relay.is_alive(), within_s=10, what="the relay stopped")
    assert streams.seen(1).state == StreamState.ENDED
    assert pictures(tmp_path, 1) == set()


def test_a_killed_ffmpeg_is_labelled_lost_and_comes_back():
    streams.want(1, synthetic())
    wait_for(StreamState.LIVE, 1, within_s=10)
    old = ffmpeg_pid(1)
    run = streams.seen(1).run
    os.kill(old, signal.SIGKILL)
    assert wait_for(StreamState.LOST, 1, within_s=LABELLED_S) < LABELLED_S
    wait_for(StreamState.LIVE, 1, within_s=10)
    assert streams.seen(1).run != run
    assert ffmpeg_pid(1) != old


def test_a_relay_that_hangs_is_labelled_frozen():
    streams.want(1, synthetic())
    wait_for(StreamState.LIVE, 1, within_s=10)
    os.kill(ffmpeg_pid(1), signal.SIGSTOP)
    took = wait_for(StreamState.FROZEN, 1, within_s=LABELLED_S)
    note(f"frozen after {took:.1f} s")


def test_the_relay_dies_with_its_process(tmp_path):
    code = (
        "import django; django.setup()\n"
        "import time; from pathlib import Path; from django.conf import settings\n"
        f"settings.STATE_DIR = Path({str(tmp_path / 'state')!r})\n"
        "from cctv import streams; from cctv.sources import Source\n"
        "streams.want(1, Source(kind='synthetic', name='x'))\n"
        "while not streams._relays[streams.Channel(1)].process: time.sleep(0.05)\n"
        "while streams.seen(1).state != 'live': time.sleep(0.05)\n"
        "print(streams._relays[streams.Channel(1)].process.pid, flush=True); time.sleep(60)"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    owner = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, stdout=subprocess.PIPE
    )
    try:
        pid = int(owner.stdout.readline())
        owner.kill()
        until(lambda: not Path(f"/proc/{pid}").exists() or "Z" in stat(pid), within_s=5)
    finally:
        owner.kill()
        owner.wait()
        owner.stdout.close()
    # Its lock is free: the next viewer's request starts the relay here.
    streams.want(1, synthetic())
    wait_for(StreamState.LIVE, 1, within_s=10)


def stat(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return "Z"


def test_no_more_relays_run_than_allowed(settings):
    settings.RELAY_LIMIT = 1
    streams.want(1, synthetic())
    with pytest.raises(RelaysBusy):
        streams.want(2, synthetic())


def test_a_network_camera_is_relayed_and_its_secret_shown_nowhere(tmp_path, caplog):
    with rtsp_camera(tmp_path, user="root", password="geheim4711") as camera:
        streams.want(7, networked(camera.url))
        took = wait_for(StreamState.LIVE, 7, within_s=15)
        note(f"rtsp live after {took:.1f} s")
        until(lambda: streams.playlist(7), within_s=10)
        arguments = Path(f"/proc/{ffmpeg_pid(7)}/cmdline").read_bytes()
        environment = Path(f"/proc/{ffmpeg_pid(7)}/environ").read_bytes()
        for text in (arguments, environment):
            assert b"geheim4711" not in text
        assert b"CONTROLROOM" not in environment
        assert b"ffmpeg" in arguments
        for path in (tmp_path / "state").rglob("*"):
            if path.is_file():
                assert b"geheim4711" not in path.read_bytes(), path
    assert "geheim4711" not in caplog.text


def test_a_wrong_password_is_lost_with_its_reason_and_without_the_address(tmp_path, caplog):
    with rtsp_camera(tmp_path, user="root", password="right") as camera:
        streams.want(7, networked(camera.url.replace("right", "falsch4711")))
        wait_for(StreamState.LOST, 7, within_s=LABELLED_S)
        assert streams.seen(7).reason == "unauthorized"
        wait_a_run = streams.seen(7).run
        until(lambda: streams.want(7) or streams.seen(7).run != wait_a_run, within_s=10)
    assert "falsch4711" not in caplog.text
    assert "127.0.0.1" not in caplog.text


def test_a_camera_that_is_not_there_is_lost(settings):
    streams.want(7, networked("rtsp://127.0.0.1:9/"))
    wait_for(StreamState.LOST, 7, within_s=LABELLED_S)
    assert streams.seen(7).reason == "refused"


def test_a_camera_outside_the_networks_is_not_asked(settings, tmp_path):
    with rtsp_camera(tmp_path) as camera:
        settings.CAMERA_NETWORKS = ["10.0.0.0/8"]
        streams.want(7, networked(camera.url))
        wait_for(StreamState.LOST, 7, within_s=LABELLED_S)
        assert streams.seen(7).reason == "camera_address_refused"
        assert camera.requests == []


def test_a_camera_that_stops_sending_is_frozen_then_lost_then_live_again(tmp_path):
    with rtsp_camera(tmp_path) as camera:
        streams.want(7, networked(camera.url))
        wait_for(StreamState.LIVE, 7, within_s=15)
        camera.mute()
        note(f"frozen after {wait_for(StreamState.FROZEN, 7, within_s=LABELLED_S):.1f} s")
        camera.hang_up()
        wait_for(StreamState.LOST, 7, within_s=LABELLED_S)
        camera.mute(muted=False)
        wait_for(StreamState.LIVE, 7, within_s=20)


def test_a_picture_that_does_not_move_is_frozen(tmp_path):
    with rtsp_camera(tmp_path, picture="smptebars") as camera:
        streams.want(7, networked(camera.url))
        took = wait_for(StreamState.FROZEN, 7, within_s=15)
        note(f"still picture frozen after {took:.1f} s from the start")


def test_h265_is_transcoded(tmp_path):
    with rtsp_camera(tmp_path, codec="libx265") as camera:
        streams.want(7, networked(camera.url))
        wait_for(StreamState.LIVE, 7, within_s=20)
        assert streams._relays[streams.Channel(7)].transcode
        until(lambda: streams.want(7) or streams.playlist(7), within_s=15)
        run = streams.seen(7).run
        assert b"avc1" in streams.segment(7, f"{run}-init.mp4")


def test_a_new_source_is_taken_up(tmp_path):
    streams.want(7, synthetic())
    wait_for(StreamState.LIVE, 7, within_s=10)
    run = streams.seen(7).run
    streams._relays[streams.Channel(7)].load = lambda: synthetic("다른 카메라")
    streams.retire(7)
    until(lambda: streams.seen(7).run not in {run, ""}, within_s=10)
    wait_for(StreamState.LIVE, 7, within_s=10)


def test_what_a_killed_process_left_is_removed(settings, tmp_path):
    folder = tmp_path / "state/hls/5"
    folder.mkdir(parents=True)
    (folder / "0011aabb-000001.m4s").write_bytes(b"old")
    assert streams.sweep() == 1
    assert pictures(tmp_path, 5) == set()
