"""What a relay's talk means: starting, live, frozen, lost, and what to do next."""

import pytest

from cctv.relay_watch import STALL_S, START_GRACE_S, STUCK_S, StreamState, Watch, problem_of


@pytest.fixture
def watch() -> Watch:
    watch = Watch(began=100.0)
    watch.started(100.1)
    return watch


def test_before_the_first_frame_it_is_starting_then_lost(watch):
    assert watch.state(101.0) == StreamState.STARTING
    assert watch.state(100.0 + START_GRACE_S) == StreamState.LOST


def test_frames_make_it_live_and_silence_frozen(watch):
    watch.progress(1, 101.0)
    assert watch.state(101.0 + STALL_S) == StreamState.LIVE
    assert watch.state(101.1 + STALL_S) == StreamState.FROZEN
    watch.progress(2, 110.0)
    assert watch.state(110.1) == StreamState.LIVE


def test_the_same_count_again_is_no_frame(watch):
    watch.progress(5, 101.0)
    watch.progress(5, 104.0)
    assert watch.state(104.0) == StreamState.FROZEN


def test_a_still_picture_is_frozen_until_it_moves(watch):
    watch.progress(5, 101.0)
    watch.hear("[info] [Parsed_freezedetect_1] lavfi.freezedetect.freeze_start: 1", 102.0)
    watch.progress(9, 103.0)
    assert watch.state(103.0) == StreamState.FROZEN
    assert watch.age_s(104.0) == pytest.approx(2.0)
    watch.hear("[info] lavfi.freezedetect.freeze_end: 9", 105.0)
    watch.progress(20, 105.0)
    assert watch.state(105.0) == StreamState.LIVE


def test_a_dead_run_is_lost_until_frames_flow_again(watch):
    watch.progress(5, 101.0)
    watch.stopped(101.5)
    assert watch.state(101.5) == StreamState.LOST
    watch.started(102.0)
    assert watch.state(102.0) == StreamState.LOST
    watch.progress(1, 103.0)
    assert watch.state(103.0) == StreamState.LIVE


def test_a_named_problem_is_lost_at_once(watch):
    watch.hear("[rtsp @ 0x1] [error] method DESCRIBE failed: 401 Unauthorized", 100.5)
    assert (watch.state(100.5), watch.reason) == (StreamState.LOST, "unauthorized")


def test_only_errors_are_problems(watch):
    watch.hear("[tls @ 0x1] [info] certificate checked, timed out 401", 100.5)
    assert watch.reason == ""
    assert watch.state(100.5) == StreamState.STARTING


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Server returned 403 Forbidden (access denied)", "unauthorized"),
        ("Server returned 404 Not Found", "not_found"),
        ("Connection to tcp://10.0.0.1:554 failed: Connection refused", "refused"),
        ("Error opening input: Connection timed out", "timeout"),
        ("No route to host", "unreachable"),
        ("Failed to resolve hostname cam", "unreachable"),
        ("certificate verify failed", "certificate"),
        ("Stream map '0:v:0' matches no streams.", "no_picture"),
        ("Invalid data found when processing input", "invalid"),
        ("something else", ""),
    ],
)
def test_what_ffmpeg_complains_of_has_a_name(line, name):
    assert problem_of(line) == name


@pytest.mark.parametrize(
    ("line", "must"),
    [
        ("Stream #0:0: Video: h264 (Constrained Baseline), yuv420p(progressive), 320x180", False),
        ("Stream #0:0: Video: h264 (High), yuvj420p(pc, bt709, progressive), 1920x1080", False),
        ("Stream #0:0: Video: h264 (High 10), yuv420p10le, 1920x1080", True),
        ("Stream #0:0: Video: hevc (Main), yuv420p(tv), 1920x1080", True),
        ("Stream #0:0: Video: mjpeg (Baseline), yuvj420p(pc), 640x480", True),
    ],
)
def test_what_browsers_do_not_play_is_transcoded(watch, line, must):
    watch.hear(f"[info]   {line}", 101.0)
    assert watch.must_transcode() is must


def test_pauses_grow_and_a_good_run_forgives():
    watch = Watch(began=0.0)
    pauses = []
    for at in range(8):
        watch.started(float(at))
        watch.stopped(at + 0.5)
        pauses.append(watch.pause_s())
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (0.25, 10.0)
    watch.started(100.0)
    watch.progress(100, 100.0 + STUCK_S + 1)
    watch.stopped(120.0)
    assert watch.pause_s() == 0.25


def test_a_run_that_gives_nothing_is_begun_again(watch):
    assert not watch.stuck(100.1 + STUCK_S)
    assert watch.stuck(100.2 + STUCK_S)
    watch.progress(1, 111.0)
    assert not watch.stuck(111.0 + STUCK_S)
