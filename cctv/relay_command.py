"""What ffmpeg is told: pure. The address goes by its standard input, never by its arguments."""

from dataclasses import dataclass

from cctv.addresses import Address
from cctv.relay_beside import PAYLOAD_TYPE
from cctv.scene import street

FONT = "font.woff"
NAME = "name.txt"
MARK = "mark.txt"
# A still is as sharp as its camera, but no larger than a patrol terminal can use.
STILL_WIDTH = 1920
SEGMENT_S = 1
LISTED = 6
# What passes through every network between here and a browser in one piece.
PACKET = 1200
# So many packets wait for whoever takes them; then they are dropped, and the pieces go on.
PACKETS_WAIT = 120
# Below this mean difference (of 1) two pictures are the same one; a living sensor has more noise.
FREEZE_NOISE = "0.001"
FREEZE_S = 2

_BASE = ["-hide_banner", "-nostats", "-loglevel", "level+info", "-progress", "pipe:1"]
_BASE += ["-stats_period", "0.5"]
_X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p"]
# Every second a key frame, so that every segment starts with one and none is longer.
_KEYED = ["-force_key_frames", f"expr:gte(t,n_forced*{SEGMENT_S})"]
PROTOCOLS = {
    "rtsp": "pipe,rtsp,rtp,tcp,udp",
    "rtsps": "pipe,rtsp,rtp,tcp,tls",
    "https": "pipe,https,tls,tcp,crypto",
    "http": "pipe,http,tcp,crypto",
}
_HTTP = frozenset({"http", "https"})


@dataclass(frozen=True)
class Plan:
    """Arguments for ffmpeg, and what it reads from its standard input."""

    arguments: list[str]
    script: str = ""
    # The stream goes through as it comes, so what it is matters to the players.
    copies: bool = False

    def __repr__(self) -> str:
        return f"Plan({len(self.arguments)} arguments)"


def _hls(run: str) -> list[str]:
    """Write short fMP4 segments under names of this run, and no sound: the law forbids it."""
    return [
        *("-an", "-sn", "-dn", "-f", "hls", "-hls_time", str(SEGMENT_S)),
        *("-hls_list_size", str(LISTED), "-hls_delete_threshold", "2"),
        *("-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", f"{run}-init.mp4"),
        *("-hls_segment_filename", f"{run}-%06d.m4s"),
        *("-hls_flags", "delete_segments+temp_file+omit_endlist+independent_segments"),
        f"{run}.m3u8",
    ]


def _out(run: str, beside: int | None) -> list[str]:
    """Write what was encoded or copied once: as pieces, and as RTP packets to this descriptor."""
    hls = _hls(run)
    if beside is None:
        return hls
    kinds, (_form, _hls_name, *options), name = hls[:3], hls[3:-1], hls[-1]
    pairs = zip(options[::2], options[1::2], strict=True)
    pieces = ":".join(["f=hls", *(f"{option[1:]}={value}" for option, value in pairs)])
    # Each key frame brings its parameter sets: whoever joins has seen none before.
    filters = "bsfs/v=h264_mp4toannexb,dump_extra=freq=keyframe"
    packets = f"f=rtp:onfail=ignore:use_fifo=1:payload_type={PAYLOAD_TYPE}:packetsize={PACKET}"
    queue = f"queue_size={PACKETS_WAIT}:drop_pkts_on_overflow=1"
    both = f"[{pieces}]{name}|[{packets}:{filters}]pipe:{beside}"
    return [*kinds, "-flags", "+global_header", "-fifo_options", queue, "-f", "tee", both]


def synthetic(
    *,
    run: str,
    seed: int,
    rate: int = 10,
    is_small: bool = False,
    beside: int | None = None,
) -> Plan:
    """Draw a moving picture with the camera's name and a running clock; small is half as wide.

    The first second comes at once, so that the first segment needs no waiting.
    """
    label = f"drawtext=fontfile={FONT}:fontcolor=white:box=1:boxcolor=black@0.65:boxborderw=6"
    picture = ",".join(
        (
            street(seed=seed, rate=rate),
            f"{label}:fontsize=24:x=12:y=12:expansion=none:textfile={NAME}",
            rf"{label}:fontsize=22:x=12:y=52:text='%{{localtime\:%Y-%m-%d %X}}'",
            *(["scale=iw/2:ih/2"] if is_small else []),
        )
    )
    reading = ["-readrate", "1", "-readrate_initial_burst", str(SEGMENT_S), "-f", "lavfi"]
    writing = ["-map", "0:v", *_X264, *_KEYED, *_out(run, beside)]
    return Plan([*_BASE, "-nostdin", *reading, "-i", picture, *writing])


def script(url: str, *, address: Address, patience_us: int, ca_file: str) -> str:
    """Write the one-line play list whose file is the camera.

    The grammar of addresses.py keeps quotes and line ends out of the url.
    """
    if "'" in url or "\n" in url or "\\" in url:
        raise ValueError("the address would leave its quotes")
    lines = ["ffconcat version 1.0", f"file '{url}'", f"option analyzeduration {patience_us}"]
    lines.append("option fpsprobesize 1")
    if address.scheme in _HTTP:
        lines += ["option rw_timeout 5000000", "option max_redirects 0"]
    else:
        lines += ["option rtsp_transport tcp", "option timeout 5000000"]
    if address.scheme == "http":
        # The url holds the address that was checked; the server wants to hear its name.
        lines.append(f"option headers 'Host: {address.authority}'")
    if address.scheme in {"rtsps", "https"}:
        lines += ["option tls_verify 1", f"option ca_file {ca_file}"]
    return "\n".join(lines) + "\n"


def stream(
    *,
    run: str,
    url: str,
    address: Address,
    transcode: bool,
    patience_us: int,
    ca_file: str,
    beside: int | None = None,
) -> Plan:
    """Relay a camera: H.264 as it comes, anything else transcoded.

    A second, tiny output looks for a picture that no longer changes; it decodes key frames only
    when the stream itself is copied.
    """
    # Picked pixels and not averaged ones: averaging takes away the noise that tells a quiet street
    # by night from a picture that stands still.
    freeze = f"scale=160:-2:flags=neighbor,freezedetect=n={FREEZE_NOISE}:d={FREEZE_S}"
    reading = ["-protocol_whitelist", PROTOCOLS[address.scheme], "-fflags", "nobuffer"]
    reading += ["-analyzeduration", str(patience_us), "-fpsprobesize", "1"]
    if address.scheme in _HTTP:
        # Pieces of a play list come in bursts; a steady pace tells living from stalled.
        reading += ["-readrate", "1.02", "-readrate_initial_burst", "2"]
    if not transcode:
        reading += ["-skip_frame", "nokey"]
    reading += ["-f", "concat", "-safe", "0", "-i", "pipe:0"]
    if transcode:
        shrink = "scale=w=min(1280\\,iw):h=-2"
        graph = f"[0:v:0]split=2[a][b];[a]{shrink}[v];[b]fps=2,{freeze}[f]"
        writing = ["-filter_complex", graph, "-map", "[v]", *_X264, *_KEYED, *_out(run, beside)]
        writing += ["-map", "[f]", "-f", "null", "-"]
    else:
        writing = ["-map", "0:v:0", "-c:v", "copy", *_out(run, beside)]
        writing += ["-map", "0:v:0", "-vf", freeze, "-fps_mode", "passthrough", "-f", "null", "-"]
    listing = script(url, address=address, patience_us=patience_us, ca_file=ca_file)
    return Plan([*_BASE, *reading, *writing], listing, copies=not transcode)


def still() -> list[str]:
    """Make one JPEG of the piece that comes by standard input, with MARK burnt into its foot.

    The first frame: a piece begins with a whole one. What the camera sends opens nothing else.
    """
    mark = ":".join(
        (
            f"drawtext=fontfile={FONT}:expansion=none:textfile={MARK}",
            "fontcolor=white:fontsize=h/26:line_spacing=4",
            "box=1:boxcolor=black@0.65:boxborderw=8:x=12:y=H-th-14",
        )
    )
    shrink = f"scale=w=min({STILL_WIDTH}\\,iw):h=-2"
    reading = ["-hide_banner", "-nostats", "-loglevel", "error", "-protocol_whitelist", "pipe"]
    reading += ["-f", "mp4", "-i", "pipe:0", "-map", "0:v:0", "-frames:v", "1"]
    writing = ["-vf", f"{shrink},{mark}", "-c:v", "mjpeg", "-q:v", "4", "-map_metadata", "-1"]
    return [*reading, *writing, "-f", "image2pipe", "pipe:1"]
