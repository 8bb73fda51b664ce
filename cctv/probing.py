"""One look at a camera: open its source for a moment, or take a relay's newest piece, and measure.

ffmpeg decodes in a process of its own that dies with ours; no picture is kept, only what it
measures. The address goes by its standard input and is in no text, log or error.
"""

import hmac
import re
import subprocess
from dataclasses import dataclass

from django.conf import settings

from cctv import picture_judgement, probe_command, relay, streams
from cctv.choices import SourceKind
from cctv.health import Look
from cctv.relay_command import Plan
from cctv.relay_watch import problem_of
from cctv.sources import Source, pinned_url

# Connecting may take 5 s, the look itself LOOK_S.
TIMEOUT_S = probe_command.LOOK_S + 7.0
PATIENCE_US = 2_000_000
_SIZE = re.compile(r"Video: .*?\b([1-9][0-9]{1,4})x([1-9][0-9]{1,4})\b")


@dataclass(frozen=True)
class Decoded:
    """What ffmpeg gave: raw frames, and what it said."""

    raw: bytes
    said: str
    timed_out: bool = False


def of_source(source: Source) -> Look:
    """Open the source, look at a few key frames, close it.

    Raises: SourceMissing, SourceRefused.
    """
    if source.kind == SourceKind.SYNTHETIC or source.address is None:
        return _look(_run(probe_command.of_synthetic(seed=source.seed)))
    plan = probe_command.of_stream(
        url=pinned_url(source),
        address=source.address,
        patience_us=PATIENCE_US,
        ca_file=relay.authorities(),
    )
    return _look(_run(plan))


def of_relay(camera_id: int) -> Look | None:
    """Look at the newest piece of a running relay; None when there is none to look at.

    One frame of it: whether the picture stands still is for the relay itself to say.
    """
    piece = streams.newest(camera_id)
    if piece is None:
        return None
    decoded = _run(Plan(probe_command.of_piece()), body=piece.body)
    look = _look(decoded)
    # A piece that cannot be read is the relay's affair, and no fault of the camera.
    return look if look.measures is not None else None


def host_key(source: Source) -> str:
    """Name the host of a source by a keyed hash: it groups cameras and tells nobody where."""
    if source.address is None:
        return ""
    name = f"{source.address.host}:{source.address.port}".encode()
    return hmac.digest(settings.SECRET_KEY.encode(), name, "sha256").hex()[:16]


def _run(plan: Plan, *, body: bytes | None = None) -> Decoded:
    try:
        done = subprocess.run(  # noqa: S603  # our own launcher and arguments
            [*relay.launcher(), *plan.arguments],
            env=relay.CHILD_ENVIRONMENT,
            input=plan.script.encode() if body is None else body,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raw, said = late.stdout or b"", late.stderr or b""
        return Decoded(raw, said.decode("utf-8", "replace"), timed_out=True)
    return Decoded(done.stdout, done.stderr.decode("utf-8", "replace"))


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
