"""Give a film to the process that masks: one at a time on a machine, and what came of it."""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.utils.translation import gettext as _

from cctv.masking.boxes import Box
from cctv.relay import ffmpeg, font_file
from cctv.relay_launch import __file__ as launch
from controlroom.errors import Unavailable

log = structlog.get_logger(__name__)
Progress = Callable[[float], None]
_CHUNK = 1 << 20


class FilmUnreadable(Unavailable):
    """The film cannot be decoded to its end, or the masked one cannot be written."""

    code = "film_unreadable"


@dataclass(frozen=True)
class Masked:
    """A masked film. Units: seconds of the film."""

    path: Path
    sha256: str
    frames: int
    began_s: float
    ended_s: float


def detect(path: Path, *, progress: Progress = lambda _done: None) -> list[Box]:
    """Look through a film for faces and plates, in order of time. `progress` hears 0 to 1.

    Takes longer than the film plays; waits while another film is masked on this machine.
    Raises: FilmUnreadable.
    """
    boxes: list[Box] = []
    for fact in _work({"do": "detect", "path": str(path)}, progress):
        if "box" in fact:
            boxes.append(Box(**fact["box"]))
    return sorted(boxes, key=lambda box: box.at_s)


def mask(
    path: Path,
    *,
    boxes: Sequence[Box],
    to: Path,
    watermark: str,
    progress: Progress = lambda _done: None,
) -> Masked:
    """Write the film anew with these boxes covered for good and the watermark in every picture.

    Without sound, without what the old file said of itself. `to` is removed when this fails.
    Raises: FilmUnreadable.
    """
    told = {"do": "mask", "path": str(path), "to": str(to), "boxes": [asdict(box) for box in boxes]}
    to.touch(mode=0o600)
    last: dict[str, Any] = {}
    try:
        with _signed(watermark) as folder:
            for fact in _work(told | {"folder": str(folder)}, progress):
                last = fact
    except BaseException:
        to.unlink(missing_ok=True)
        raise
    return Masked(to, _sha256(to), int(last["pictures"]), 0.0, float(last["length_s"]))


@contextmanager
def _signed(watermark: str) -> Iterator[Path]:
    """Lay out what ffmpeg reads the watermark and its letters from."""
    with tempfile.TemporaryDirectory(prefix="masking-") as made:
        folder = Path(made)
        (folder / "text.txt").write_text(" ".join(watermark.split()), encoding="utf-8")
        font = font_file()
        if font is None:
            raise FilmUnreadable(_("the font of the watermark is not installed"))
        (folder / "font.woff").symlink_to(font)
        yield folder


@contextmanager
def _turn() -> Iterator[None]:
    """Wait until no other film is masked here; the kernel gives the turn back when we die."""
    folder = Path(settings.STATE_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "masking.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _work(told: dict[str, Any], progress: Progress) -> Iterator[dict[str, Any]]:
    """Have it done and give the facts that come; the last one says that it was done whole."""
    finished = False
    with _turn(), _process() as process:
        assert process.stdin and process.stdout  # noqa: S101, PT018  # asked for in _process
        process.stdin.write(json.dumps(told | {"ffmpeg": ffmpeg()}).encode() + b"\n")
        process.stdin.close()
        for line in process.stdout:
            fact = json.loads(line)
            if "done" in fact:
                progress(fact["done"])
                continue
            finished = "pictures" in fact
            yield fact
        process.wait()
    if process.returncode or not finished:
        log.error("masking_failed", code=process.returncode, did=told["do"])
        raise FilmUnreadable(_("the film cannot be read"))
    progress(1.0)


@contextmanager
def _process() -> Iterator[subprocess.Popen[bytes]]:
    """Start the program; it dies with this thread (PR_SET_PDEATHSIG)."""
    root = Path(__file__).parents[2]
    program = [sys.executable, "-m", "cctv.masking.program"]
    process = subprocess.Popen(  # noqa: S603  # our own launcher and arguments
        [sys.executable, "-I", "-S", launch, str(os.getpid()), *program],
        cwd=root,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
