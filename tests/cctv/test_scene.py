"""The synthetic street: the same for one seed, another for the next, and drawable by ffmpeg."""

import subprocess

import imageio_ffmpeg
import pytest

from cctv.scene import street


def picture(seed: int, at_s: float) -> bytes:
    """Draw one grey thumbnail; a failed graph raises."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi"]
    command += ["-i", street(seed=seed, rate=10), "-ss", str(at_s), "-frames:v", "1"]
    command += ["-vf", "scale=64:36", "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


def difference(one: bytes, other: bytes) -> float:
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) / len(one)


def test_a_seed_always_gives_the_same_street():
    assert street(seed=7, rate=10) == street(seed=7, rate=10)


@pytest.mark.parametrize("seed", [0, 1, 987_654])
def test_the_street_can_be_drawn_and_moves(seed):
    assert difference(picture(seed, 0.5), picture(seed, 2.5)) > 0.2


def test_two_cameras_watch_two_streets():
    assert difference(picture(1, 1), picture(2, 1)) > 1
