"""What a look at a picture says, on generated streets that went through a real encoder."""

import subprocess
from functools import lru_cache
from itertools import count

import imageio_ffmpeg
import numpy as np
import pytest

from bench._scenes import HEIGHT, WIDTH, Scene
from cctv import picture_judgement as judgement
from cctv import probe_command
from cctv.picture_judgement import Measures, Reference, Usual, Verdict

NOON, NIGHT = 13, 2
FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
EMPTY = [FFMPEG, "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "gray"]


def through_an_encoder(frames, *quality):
    """Give the frames as a probe sees them: encoded, decoded, shrunk."""
    encoded = subprocess.run(
        [*EMPTY, "-s", f"{WIDTH}x{HEIGHT}", "-r", "1", "-i", "pipe:0", "-c:v", "libx264",
         "-preset", "ultrafast", "-g", "1", *quality, "-pix_fmt", "yuv420p", "-f", "mpegts", "-"],
        input=b"".join(frame.tobytes() for frame in frames), capture_output=True, check=True,
    ).stdout  # fmt: skip
    decoded = subprocess.run(
        [FFMPEG, "-loglevel", "error", "-i", "pipe:0", "-vf", probe_command.GRAPH,
         "-f", "rawvideo", "-"], input=encoded, capture_output=True, check=True,
    ).stdout  # fmt: skip
    return judgement.frames_of(decoded)


@lru_cache
def look(hour, fault="", seed=1, at=0):
    scene, began = Scene(seed), hour * 3600 + at
    frames = [scene.frame(began + s, fault=fault, since_s=began) for s in range(3)]
    return judgement.measure(through_an_encoder(frames, "-qp", "28"))


@lru_cache
def learned(hour, seed=1):
    reference = Reference()
    for number in range(judgement.LEARNED_AFTER):
        reference = judgement.learn(look(hour, "", seed, 60 + number * 70), reference, hour)
    return reference


@pytest.mark.parametrize(
    ("hour", "fault", "verdict"),
    [
        (NOON, "", Verdict.GOOD),
        (NIGHT, "", Verdict.GOOD),
        (NOON, "frozen", Verdict.FROZEN),
        (NIGHT, "frozen", Verdict.FROZEN),
        (NOON, "dark", Verdict.DARK),
        (NIGHT, "dark", Verdict.DARK),
        (NOON, "covered", Verdict.COVERED),
        # What a covered lens shows by night is black.
        (NIGHT, "covered", Verdict.DARK),
        (NOON, "blurred", Verdict.BLURRED),
        (NIGHT, "blurred", Verdict.BLURRED),
    ],
)
def test_a_fault_is_named_and_a_street_is_good_by_day_and_by_night(hour, fault, verdict):
    seen = look(hour, fault, 1, 500)
    assert judgement.judge(seen, learned(hour), hour) == verdict, seen


def test_an_empty_street_by_night_is_not_frozen_even_through_a_mean_encoder():
    chance = np.random.default_rng(3)
    still = Scene(7)._light(NIGHT * 3600)
    frames = [
        np.clip(still + chance.normal(0, 1.0, still.shape), 0, 255).astype(np.uint8)
        for _ in range(3)
    ]
    seen = judgement.measure(through_an_encoder(frames, "-qp", "26"))
    assert seen.change > judgement.still_below(Reference())
    assert judgement.judge(seen, Reference(), NIGHT) == Verdict.GOOD


def test_the_clock_in_a_frozen_picture_may_run_on():
    scene = Scene(1)
    still = scene.frame(NOON * 3600)
    frames = []
    for second in range(3):
        frame = still.copy()
        frame[8:30, 8:250] = scene.frame(NOON * 3600 + second)[8:30, 8:250]
        frames.append(frame)
    seen = judgement.measure(through_an_encoder(frames, "-qp", "28"))
    assert judgement.judge(seen, learned(NOON), NOON) == Verdict.FROZEN


def test_one_frame_says_nothing_of_standing_still():
    seen = judgement.measure(through_an_encoder([Scene(1).frame(NOON * 3600)], "-qp", "28"))
    assert seen.change is None
    assert judgement.judge(seen, Reference(), NOON) == Verdict.GOOD


def test_a_lane_that_is_black_every_night_is_not_dark():
    usual = [Usual()] * judgement.BUCKETS
    usual[judgement.bucket_of(NIGHT)] = Usual(bright=20, texture=0.1, sharpness=1, looks=20)
    seen = Measures(bright=19, texture=0.1, sharpness=None, change=2.0, moved=2.0)
    assert judgement.judge(seen, Reference(tuple(usual)), NIGHT) == Verdict.GOOD
    assert judgement.judge(seen, Reference(), NIGHT) == Verdict.DARK


def test_blur_is_seen_on_an_unlit_lane_at_dusk_and_by_night_and_the_lane_itself_is_good():
    dusk = 19
    reference = Reference()
    for hour in (18, dusk, 20, NIGHT):
        for at in (60, 900, 1700, 2500, 3300):
            reference = judgement.learn(look(hour, "", 8, at), reference, hour)
    # The later half of a dusk has hardly anything of what these hours usually have.
    for hour in (dusk, NIGHT):
        for fault, verdict in (("", Verdict.GOOD), ("blurred", Verdict.BLURRED)):
            seen = look(hour, fault, 8, 1300)
            assert judgement.judge(seen, reference, hour) == verdict, (hour, seen)


def test_dark_mornings_after_a_border_of_hours_are_compared_with_the_night_too():
    usual = [Usual(bright=150, texture=0.9, sharpness=0.9, looks=20)] * judgement.BUCKETS
    usual[judgement.bucket_of(5)] = Usual(bright=90, texture=0.4, sharpness=0.5, looks=20)
    reference = Reference(tuple(usual))
    seen = Measures(bright=90, texture=0.4, sharpness=0.5, change=2.0, moved=2.0)
    assert judgement.judge(seen, reference, 6) == Verdict.GOOD
    assert judgement.judge(seen, reference, 7) == Verdict.BLURRED


def test_what_was_learned_by_other_measures_is_forgotten():
    body = judgement.learn(look(NOON), Reference(), NOON).as_json()
    assert Reference.of_json(body) != Reference()
    body["measured_as"] -= 1
    assert Reference.of_json(body) == Reference()


def test_what_is_usual_is_learned_and_small_and_survives_its_record():
    reference = Reference()
    for _, hour in zip(range(24), count(), strict=False):
        seen = Measures(bright=120.0, texture=0.5, sharpness=1.1, change=2.0, moved=3.0)
        reference = judgement.learn(seen, reference, hour)
    body = reference.as_json()
    assert len(str(body)) < 400
    again = Reference.of_json(body)
    assert again.noise == pytest.approx(2.0)
    assert [one.looks for one in again.usual] == [3] * judgement.BUCKETS
