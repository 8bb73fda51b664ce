"""What ffmpeg is told to look at a camera: pure. A few small grey frames, and one small picture."""

from cctv import relay_command
from cctv.addresses import Address
from cctv.picture_judgement import HEIGHT, WIDTH
from cctv.relay_command import Plan
from cctv.scene import street

FRAMES = 3
# Key frames of one source come seconds apart; with fewer than two nothing is said of freezing.
LOOK_S = 8
# In the synthetic picture every frame is one: taken so far apart that its traffic moves.
SYNTHETIC_RATE = 2
POSTER_WIDTH = 640

# Above: shrunk by averaging, structure without noise. Below: picked pixels, with their noise.
GRAPH = (
    "format=gray,split=2[a][b];"
    f"[a]scale={WIDTH}:{HEIGHT}:flags=area[c];"
    f"[b]scale={WIDTH}:{HEIGHT}:flags=neighbor[d];"
    "[c][d]vstack"
)
_BASE = ["-hide_banner", "-nostats", "-loglevel", "level+info", "-threads", "1"]


def _frames(count: int) -> list[str]:
    writing = ["-an", "-sn", "-dn", "-frames:v", str(count), "-vf", GRAPH, "-fps_mode"]
    return [*writing, "passthrough", "-f", "rawvideo", "pipe:1"]


def _poster(into: int | None) -> list[str]:
    """Of the first frame, one JPEG more into this open file; None: none is wanted."""
    if into is None:
        return []
    shrink = f"scale=w=min({POSTER_WIDTH}\\,iw):h=-2"
    writing = ["-map", "0:v:0", "-an", "-sn", "-dn", "-frames:v", "1", "-vf", shrink]
    writing += ["-fps_mode", "passthrough", "-c:v", "mjpeg", "-threads:v", "1", "-q:v", "5"]
    return [*writing, "-map_metadata", "-1", "-f", "image2pipe", f"pipe:{into}"]


def of_stream(
    *, url: str, address: Address, patience_us: int, ca_file: str, poster: int | None = None
) -> Plan:
    """Open the source for a moment and decode its key frames only."""
    reading = ["-protocol_whitelist", relay_command.PROTOCOLS[address.scheme]]
    reading += ["-analyzeduration", str(patience_us), "-fpsprobesize", "1", "-skip_frame", "nokey"]
    reading += ["-t", str(LOOK_S), "-f", "concat", "-safe", "0", "-i", "pipe:0"]
    script = relay_command.script(url, address=address, patience_us=patience_us, ca_file=ca_file)
    return Plan([*_BASE, *reading, "-map", "0:v:0", *_frames(FRAMES), *_poster(poster)], script)


def of_synthetic(*, seed: int, poster: int | None = None) -> Plan:
    """Draw a few frames of the demo's street."""
    picture = street(seed=seed, rate=SYNTHETIC_RATE)
    reading = [*_BASE, "-nostdin", "-f", "lavfi", "-i", picture]
    return Plan([*reading, "-map", "0:v:0", *_frames(FRAMES), *_poster(poster)])


def of_piece(*, poster: int | None = None) -> Plan:
    """Look at the first frame of a relay's piece that comes by standard input.

    Those after it are a moment away and coded as what changed: they say nothing of standing still.
    What the camera sends opens nothing else.
    """
    reading = [*_BASE, "-protocol_whitelist", "pipe", "-f", "mp4", "-i", "pipe:0"]
    return Plan([*reading, "-map", "0:v:0", *_frames(1), *_poster(poster)])
