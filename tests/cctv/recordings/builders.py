"""Makes real recordings fast: pieces as a relay writes them, put on tape with times of one's own."""

import secrets
import subprocess
import tempfile
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from django.utils import timezone

from cctv import relay
from cctv.choices import PartEnd
from cctv.models import Camera, RecordingPart
from cctv.recordings import vault
from cctv.recordings.container import Kind
from cctv.relay_command import _KEYED, _X264, _hls

KEEP = timedelta(days=30)


@cache
def film(seconds: int, *, size: str = "320x180") -> tuple[bytes, list[bytes]]:
    """Give the head and the pieces, a second each, of a moving test picture."""
    with tempfile.TemporaryDirectory() as folder:
        picture = f"testsrc=size={size}:rate=10:duration={seconds}"
        subprocess.run(
            [relay.ffmpeg(), "-loglevel", "error", "-f", "lavfi", "-i", picture,
             *_X264, *_KEYED, *_hls("0011aabb"), "-hls_list_size", "0", "-hls_flags", "temp_file"],
            cwd=folder, check=True,
        )  # fmt: skip
        made = Path(folder)
        return (made / "0011aabb-init.mp4").read_bytes(), [
            path.read_bytes() for path in sorted(made.glob("*.m4s"))
        ]


def record(
    camera: Camera,
    began_at: datetime,
    *,
    seconds: int = 3,
    size: str = "320x180",
    end: PartEnd | None = PartEnd.FULL,
    keep_until: datetime | None = None,
) -> RecordingPart:
    """Put one part on the tape of a camera; without an end it is still being written."""
    init, pieces = film(seconds, size=size)
    part = RecordingPart.objects.create(
        municipality_id=camera.municipality_id,
        camera=camera,
        run=secrets.token_hex(4),
        sealed_key=vault.new_sealed_key(),
        began_at=began_at,
        keep_until=keep_until or timezone.now() + KEEP,
    )
    writer = vault.writer(part)
    writer.append(Kind.INIT, init)
    at = vault.ms_of(began_at)
    for number, piece in enumerate(pieces):
        writer.append(Kind.PIECE, piece, began_ms=at + number * 1000, length_ms=1000)
    writer.close()
    if end:
        part.ended_at, part.end = began_at + timedelta(seconds=seconds), end
        part.bytes = writer.size
        part.save()
    return part
