"""One look at a camera: open its source for a moment, or take a relay's newest piece, and measure.

ffmpeg decodes in a process of its own that dies with ours, and gives what is measured and, where
posters are kept, one small picture, by memory and never by a file. The address goes by its standard
input and is in no text, log or error.
"""

import hmac
import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.conf import settings

from cctv import picture_judgement, posters, probe_command, relay, streams
from cctv.choices import SourceKind
from cctv.health import Look
from cctv.posters import Poster
from cctv.relay_command import Plan
from cctv.relay_watch import problem_of
from cctv.sources import Source, pinned_url

# Connecting may take 5 s, the look itself LOOK_S.
TIMEOUT_S = probe_command.LOOK_S + 7.0
PATIENCE_US = 2_000_000
# After its source was changed a relay may go on so long with the old one.
RETIRES_IN_S = 5.0
# A small picture is no larger.
POSTER_BYTES = 500_000
_SIZE = re.compile(r"Video: .*?\b([1-9][0-9]{1,4})x([1-9][0-9]{1,4})\b")


@dataclass(frozen=True)
class Decoded:
    """What ffmpeg gave: raw frames, what it said, and a JPEG where one was wanted."""

    raw: bytes
    said: str
    jpeg: bytes = field(default=b"", repr=False)
    timed_out: bool = False


@dataclass(frozen=True)
class Seen:
    """A look at a camera, and its small picture if there is one."""

    look: Look
    poster: Poster | None = None


def of_source(source: Source) -> Seen:
    """Open the source, look at a few key frames, close it.

    Raises: SourceMissing, SourceRefused.
    """
    # Its frames come after this; how long after, ffmpeg does not say.
    began_at = datetime.now(UTC)
    address = source.address
    if source.kind == SourceKind.SYNTHETIC or address is None:
        decoded = _run(lambda into: probe_command.of_synthetic(seed=source.seed, poster=into))
        return _seen(decoded, began_at)
    url = pinned_url(source)

    def plan(into: int | None) -> Plan:
        return probe_command.of_stream(
            url=url,
            address=address,
            patience_us=PATIENCE_US,
            ca_file=relay.authorities(),
            poster=into,
        )

    return _seen(_run(plan), began_at)


def of_relay(camera_id: int) -> Seen | None:
    """Look at the newest piece of a running relay; None when there is none to look at.

    One frame of it: whether the picture stands still is for the relay itself to say.
    """
    piece = streams.newest(camera_id)
    if piece is None:
        return None
    decoded = _run(lambda into: probe_command.of_piece(poster=into), body=piece.body)
    seen = _seen(decoded, datetime.fromtimestamp(piece.began_at, UTC))
    # A piece that cannot be read is the relay's affair, and no fault of the camera.
    if seen.look.measures is None:
        return None
    is_of_now = piece.began_at > streams.retired_at(camera_id) + RETIRES_IN_S
    return seen if is_of_now else Seen(seen.look)


def host_key(source: Source) -> str:
    """Name the host of a source by a keyed hash: it groups cameras and tells nobody where."""
    if source.address is None:
        return ""
    name = f"{source.address.host}:{source.address.port}".encode()
    return hmac.digest(settings.SECRET_KEY.encode(), name, "sha256").hex()[:16]


def _run(plan_for: Callable[[int | None], Plan], *, body: bytes | None = None) -> Decoded:
    """Run ffmpeg by the plan for the open file in memory that takes its JPEG, if one is wanted."""
    into = os.memfd_create("poster") if posters.are_kept() else None
    try:
        return _decode(plan_for(into), into, body)
    finally:
        if into is not None:
            os.close(into)


def _decode(plan: Plan, into: int | None, body: bytes | None) -> Decoded:
    try:
        done = subprocess.run(  # noqa: S603  # our own launcher and arguments
            [*relay.launcher(), *plan.arguments],
            env=relay.CHILD_ENVIRONMENT,
            input=plan.script.encode() if body is None else body,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
            pass_fds=[] if into is None else [into],
        )
    except subprocess.TimeoutExpired as late:
        raw, said = late.stdout or b"", late.stderr or b""
        return Decoded(raw, said.decode("utf-8", "replace"), timed_out=True)
    jpeg = b"" if into is None else os.pread(into, POSTER_BYTES + 1, 0)
    return Decoded(done.stdout, done.stderr.decode("utf-8", "replace"), jpeg)


def _seen(decoded: Decoded, taken_at: datetime) -> Seen:
    look, jpeg = _look(decoded), decoded.jpeg
    is_whole = jpeg.startswith(b"\xff\xd8") and jpeg.endswith(b"\xff\xd9")
    if look.measures is None or not is_whole or len(jpeg) > POSTER_BYTES:
        return Seen(look)
    return Seen(look, Poster(jpeg, taken_at))


def _look(decoded: Decoded) -> Look:
    frames = picture_judgement.frames_of(decoded.raw)
    size = _SIZE.search(decoded.said)
    width, height = (int(size[1]), int(size[2])) if size else (None, None)
    if frames:
        return Look(measures=picture_judgement.measure(frames), width=width, height=height)
    return Look(reason=_reason(decoded), width=width, height=height)


def _reason(decoded: Decoded) -> str:
    """Name why there was no picture; what ffmpeg said may hold the secret and goes no further."""
    for line in decoded.said.splitlines():
        if ("[error]" in line or "[fatal]" in line) and (problem := problem_of(line)):
            return problem
    return "timeout" if decoded.timed_out else "no_picture"
