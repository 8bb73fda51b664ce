"""The pictures of a film, one after the other: out of ffmpeg and into it, never all at once."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
_QUIET = ["-hide_banner", "-nostats", "-nostdin", "-loglevel", "error"]
_ONLY_FILES = ["-protocol_whitelist", "file"]
_SIZE = re.compile(r"Video: .*?\b(\d{2,5})x(\d{2,5})\b")
_RATE = re.compile(r"([0-9.]+k?) (?:fps|tbr)")
_LENGTH = re.compile(r"Duration: (\d+):(\d+):([0-9.]+)")
USUAL_RATE = 25.0
FONT, TEXT = "font.woff", "text.txt"


class Unreadable(Exception):
    """What was given is no film."""


@dataclass(frozen=True)
class Film:
    """What a film says of itself. Units: pixels, pictures a second, seconds."""

    path: Path
    width: int
    height: int
    rate: float
    length_s: float


def look_at(path: Path, *, ffmpeg: str) -> Film:
    """Read what a film says of itself. Raises: Unreadable."""
    said = subprocess.run(  # noqa: S603  # our own arguments
        [ffmpeg, "-hide_banner", "-nostdin", *_ONLY_FILES, "-i", f"file:{path}"],
        capture_output=True,
        check=False,
    ).stderr.decode("utf-8", "replace")
    size, rate, length = _SIZE.search(said), _RATE.search(said), _LENGTH.search(said)
    if not size:
        raise Unreadable
    rate_hz = float(rate.group(1)) if rate and not rate.group(1).endswith("k") else USUAL_RATE
    hours, minutes, seconds = length.groups() if length else ("0", "0", "0")
    return Film(
        path=path,
        width=int(size.group(1)),
        height=int(size.group(2)),
        rate=rate_hz,
        length_s=int(hours) * 3600 + int(minutes) * 60 + float(seconds),
    )


def pictures(film: Film, *, rate: float, ffmpeg: str) -> Iterator[Picture]:
    """Decode so many pictures a second, evenly, in the film's own size.

    Raises: Unreadable when nothing or not all of it can be decoded.
    """
    reading = [*_QUIET, *_ONLY_FILES, "-i", f"file:{film.path}", "-map", "0:v:0"]
    writing = ["-vf", f"fps={rate:.5f}:start_time=0:round=near", "-f", "rawvideo", "-pix_fmt", "bgr24", "pipe:1"]
    size = film.width * film.height * 3
    with subprocess.Popen(  # noqa: S603  # our own arguments
        [ffmpeg, *reading, *writing], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout  # noqa: S101  # asked for above
        try:
            while len(raw := process.stdout.read(size)) == size:
                yield np.frombuffer(raw, np.uint8).reshape(film.height, film.width, 3).copy()
        except GeneratorExit:
            process.kill()
            raise
    if process.returncode:
        raise Unreadable


class Encoder:
    """Writes pictures to a film without sound or other data, with a text over each."""

    def __init__(self, film: Film, *, to: Path, folder: Path, ffmpeg: str) -> None:
        reading = [*_QUIET[:2], "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "bgr24"]
        reading += ["-s", f"{film.width}x{film.height}", "-r", f"{film.rate:.5f}", "-i", "pipe:0"]
        coding = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-pix_fmt", "yuv420p"]
        coding += ["-an", "-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact"]
        coding += ["-flags:v", "+bitexact", "-movflags", "+faststart", "-f", "mp4", "-y"]
        self._process = subprocess.Popen(  # noqa: S603  # our own arguments
            [ffmpeg, *reading, "-vf", watermark(film), *coding, f"file:{to}"],
            stdin=subprocess.PIPE,
            cwd=folder,
        )

    @property
    def _pipe(self) -> IO[bytes]:
        assert self._process.stdin  # noqa: S101  # asked for above
        return self._process.stdin

    def write(self, picture: Picture) -> None:
        self._pipe.write(picture.tobytes())

    def end(self) -> None:
        """Finish the film. Raises: Unreadable when it could not be written."""
        self._pipe.close()
        if self._process.wait():
            raise Unreadable

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def watermark(film: Film) -> str:
    """Write TEXT faintly all over the picture, and once more moving: no cut takes both away."""
    size = max(10, film.height // 24)
    text = f"drawtext=fontfile={FONT}:expansion=none:textfile={TEXT}"
    faint = f"{text}:fontsize={size}:fontcolor=white@0.16:bordercolor=black@0.16:borderw=1"
    tiles = [
        f"{faint}:x=w*{column}-tw/2:y=h*{row}-th/2"
        for row in ("0.14", "0.5", "0.86")
        for column in (("0.25", "0.75") if row != "0.5" else ("0", "0.5", "1"))
    ]
    drift = rf"x='mod(t*{max(8, film.width // 40)}\,w+tw)-tw':y='h*(0.5+0.36*sin(t/7))-th/2'"
    moving = f"{text}:fontsize={size}:fontcolor=white@0.45:bordercolor=black@0.45:borderw=1:{drift}"
    return ",".join(["pad=ceil(iw/2)*2:ceil(ih/2)*2", *tiles, moving])
