"""What ffmpeg is told to make a film of pieces: pure."""

from pathlib import Path

_QUIET = ["-hide_banner", "-nostats", "-loglevel", "error", "-protocol_whitelist", "pipe,file"]
_X264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p"]


def unwrap(offset_s: float) -> list[str]:
    """Take one unbroken stretch out of its wrapping and put it at its place in the film."""
    reading = [*_QUIET, "-f", "mp4", "-i", "pipe:0", "-map", "0:v:0", "-c", "copy"]
    placing = ["-muxdelay", "0", "-muxpreload", "0", "-output_ts_offset", f"{offset_s:.3f}"]
    return [*reading, *placing, "-f", "mpegts", "pipe:1"]


def collect(to: Path, *, alike: bool) -> list[str]:
    """Write the stretches that come one after the other to one film.

    Pictures of one kind are copied as they came. Where the camera's own picture changed within
    the period, all are brought to the size of the first.
    """
    reading = [*_QUIET, "-fflags", "+genpts", "-f", "mpegts", "-i", "pipe:0", "-map", "0:v:0"]
    coding = ["-c", "copy"] if alike else [*_X264, "-fps_mode", "passthrough"]
    tidy = ["-an", "-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1"]
    tidy += ["-fflags", "+bitexact", "-movflags", "+faststart"]
    return [*reading, *coding, *tidy, "-f", "mp4", "-y", f"file:{to}"]
