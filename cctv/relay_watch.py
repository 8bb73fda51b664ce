"""Judge a relay from what ffmpeg says and when: pure; the time is an argument."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

# A viewer learns it within 5 s: this, half a second of progress, a beat, and one poll.
STALL_S = 2.5
START_GRACE_S = 4.0
STUCK_S = 12.0
# What Chromium decodes everywhere; all else is transcoded.
PLAYABLE = re.compile(r"Video: h264\b.*?, yuvj?420p\b")

_PROBLEMS = [
    ("unauthorized", re.compile(r"\b40[13]\b|[Uu]nauthorized|Forbidden")),
    ("not_found", re.compile(r"\b404\b|Not Found")),
    ("refused", re.compile(r"Connection refused")),
    ("timeout", re.compile(r"timed out|Operation timed")),
    ("unreachable", re.compile(r"No route to host|unreachable|resolve hostname")),
    ("certificate", re.compile(r"certificate|[Tt][Ll][Ss]|SSL")),
    ("no_picture", re.compile(r"matches no streams|unspecified size|dimensions not set")),
    ("invalid", re.compile(r"Invalid data|Protocol not|Server returned")),
]


class StreamState(StrEnum):
    STARTING = "starting"
    LIVE = "live"
    FROZEN = "frozen"
    LOST = "lost"
    ENDED = "ended"


def problem_of(line: str) -> str:
    """Name what a line of ffmpeg complains of; the line itself may hold the camera's secret."""
    for name, pattern in _PROBLEMS:
        if pattern.search(line):
            return name
    return ""


@dataclass
class Watch:
    """What is known of one relay over all of its runs. Units: seconds of a steady clock."""

    began: float
    running_since: float | None = None
    frames: int = 0
    moved_at: float | None = None
    still_since: float | None = None
    was_live: bool = False
    failed_runs: int = 0
    reason: str = ""
    codec_line: str = field(default="", repr=False)

    def started(self, now: float) -> None:
        self.running_since, self.frames, self.still_since, self.codec_line = now, 0, None, ""

    def stopped(self, now: float) -> None:
        lasted = self.moved_at is not None and self.running_since is not None
        if lasted and self.moved_at - self.running_since > STUCK_S:  # type: ignore[operator]  # both set
            self.failed_runs = 0
        self.failed_runs += 1
        self.running_since = None

    def hear(self, line: str, now: float) -> None:
        """Take one line of ffmpeg's talk."""
        if "freezedetect.freeze_start" in line:
            self.still_since = now
        elif "freezedetect.freeze_end" in line:
            self.still_since = None
        elif "Video: " in line and not self.codec_line:
            self.codec_line = line
        elif "[error]" in line or "[fatal]" in line:
            self.reason = problem_of(line) or self.reason or "failed"

    def progress(self, frames: int, now: float) -> None:
        if frames > self.frames:
            self.frames, self.moved_at, self.was_live, self.reason = frames, now, True, ""

    def must_transcode(self) -> bool:
        return bool(self.codec_line) and not PLAYABLE.search(self.codec_line)

    def stuck(self, now: float) -> bool:
        """Say that this run gives nothing any more and is better begun again."""
        if self.running_since is None:
            return False
        return now - max(self.moved_at or 0.0, self.running_since) > STUCK_S

    def pause_s(self) -> float:
        """How long to wait before the next run."""
        return min(10.0, 0.25 * 2.0 ** min(self.failed_runs - 1, 6))

    def state(self, now: float) -> StreamState:
        if self.running_since is None or self.frames == 0:
            young = not self.was_live and now - self.began < START_GRACE_S
            return StreamState.STARTING if young and not self.reason else StreamState.LOST
        stalled = self.moved_at is None or now - self.moved_at > STALL_S
        return StreamState.FROZEN if stalled or self.still_since is not None else StreamState.LIVE

    def age_s(self, now: float) -> float | None:
        """Seconds since the picture last moved."""
        seen = self.still_since if self.still_since is not None else self.moved_at
        return None if seen is None else max(0.0, now - seen)
