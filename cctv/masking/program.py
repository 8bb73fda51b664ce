"""The process that looks through a film or covers it: told by a line of JSON, answers in lines.

No Django, no database, no network; it reads one file and may write one other.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from cctv.masking import frames
from cctv.masking.boxes import Box, Find, Tracker
from cctv.masking.covering import cover
from cctv.masking.detectors import Detectors

NICE = 15
# Pictures a second that are looked at; what is found covers the time between them.
LOOKS_HZ = 4.0


def main() -> None:
    os.nice(NICE)
    told = json.loads(sys.stdin.readline())
    try:
        {"detect": _detect, "mask": _mask}[told["do"]](told)
    except frames.Unreadable:
        _say(refused="unreadable")


def _say(**fact: Any) -> None:
    sys.stdout.write(json.dumps(fact) + "\n")
    sys.stdout.flush()


def _detect(told: dict[str, Any]) -> None:
    film = frames.look_at(Path(told["path"]), ffmpeg=told["ffmpeg"])
    detectors = Detectors()
    tracker = Tracker(step_s=1 / LOOKS_HZ, aspect=film.width / film.height)
    looked = 0
    for picture in frames.pictures(film, rate=LOOKS_HZ, ffmpeg=told["ffmpeg"]):
        at_s = looked / LOOKS_HZ
        finds: list[Find] = detectors.look(picture, at_s)
        _say_boxes(tracker.take(at_s, finds))
        looked += 1
        _say(done=min(0.99, at_s / film.length_s) if film.length_s else 0.0)
    _whole(film, looked / LOOKS_HZ)
    _say_boxes(tracker.end())
    _say(pictures=looked)


def _whole(film: frames.Film, decoded_s: float) -> None:
    """A film that breaks off is refused: nobody would see what was missed. Raises: Unreadable."""
    if decoded_s <= 0 or decoded_s < film.length_s - 1:
        raise frames.Unreadable


def _say_boxes(boxes: list[Box]) -> None:
    for box in boxes:
        _say(box=vars(box))


def _mask(told: dict[str, Any]) -> None:
    film = frames.look_at(Path(told["path"]), ffmpeg=told["ffmpeg"])
    boxes = sorted((Box(**box) for box in told["boxes"]), key=lambda box: box.at_s)
    half_s = 0.5 / film.rate
    coming = 0
    standing: list[Box] = []
    written = 0
    encoder = frames.Encoder(
        film, to=Path(told["to"]), folder=Path(told["folder"]), ffmpeg=told["ffmpeg"]
    )
    try:
        for picture in frames.pictures(film, rate=film.rate, ffmpeg=told["ffmpeg"]):
            at_s = written / film.rate
            while coming < len(boxes) and boxes[coming].at_s <= at_s + half_s:
                standing.append(boxes[coming])
                coming += 1
            standing = [box for box in standing if box.until_s >= at_s - half_s]
            cover(picture, standing)
            encoder.write(picture)
            written += 1
            if written % 10 == 0 and film.length_s:
                _say(done=min(0.99, at_s / film.length_s))
        _whole(film, written / film.rate)
        encoder.end()
    except BaseException:
        encoder.kill()
        raise
    _say(pictures=written, length_s=written / film.rate)


if __name__ == "__main__":
    main()
