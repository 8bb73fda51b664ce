"""The addresses under /video/ taken apart: pure, exactly as they stand, without any decoding."""

import re
from dataclasses import dataclass

from cctv.choices import Quality

# The proxy in front says in this header which piece it was asked for.
ORIGINAL = "X-Original-URI"
CHECK = "/video/check"
PLAYLIST = "live.m3u8"
STATE = "state"
PIECE = re.compile(r"[0-9a-f]{8}-(?:init\.mp4|[0-9]{1,12}\.m4s)")

_PATH = re.compile(r"/video/([0-9]{1,18})/(sub/)?([0-9a-z.-]{1,40})")


@dataclass(frozen=True)
class Wanted:
    """One file of one stream of one camera."""

    camera_id: int
    quality: Quality
    name: str


def wanted_of(path: str) -> Wanted | None:
    """Say what an address asks for; None for any other address."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    return Wanted(int(found[1]), Quality.SUB if found[2] else Quality.MAIN, found[3])


def piece_of(path: str) -> Wanted | None:
    """Say which piece of a picture an address asks for; None for anything else."""
    wanted = wanted_of(path)
    return wanted if wanted and PIECE.fullmatch(wanted.name) else None
