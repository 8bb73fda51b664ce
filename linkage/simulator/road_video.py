"""A road operator's cameras as ITS offers them: a list with addresses that expire, live HLS.

An address leads on (302) to a play list, as the real ones do. One ffmpeg a camera runs while
somebody watches, and dies with the thread that keeps it.
"""

import atexit
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg

from cctv import relay_launch
from cctv.scene import street
from linkage.simulator.street import ROAD_CAMERAS, RoadPost, spot

PAGE, VIDEO, PLAYLIST = "cctv", "road/", "live.m3u8"
ADDRESS_LIVES_S, UNWATCHED_S, FIRST_PICTURE_S = 60.0, 20.0, 8.0
FONT = Path(__file__).parents[2] / "static/vendor/pretendard-1.3.9/Pretendard-Regular.subset.woff"
_KINDS = {".m3u8": "application/vnd.apple.mpegurl", ".ts": "video/mp2t"}


@dataclass(frozen=True)
class Reply:
    """What is answered to a GET; `location` with a redirect."""

    status: int
    kind: str = "text/plain"
    content: bytes = b""
    location: str = ""


GONE = Reply(404)


@dataclass
class _Session:
    post: RoadPost
    issued_at: float
    watched_at: float | None = None


class RoadVideo:
    """Lists the cameras anew at every question, each with an address of its own."""

    def __init__(self, *, lon: float, lat: float) -> None:
        self._middle = (lon, lat)
        self._sessions: dict[str, _Session] = {}
        self._wanted: dict[str, float] = {}
        self._lock = threading.Lock()
        self._pictures: Path | None = None

    def answer(self, base: str, rest: str) -> Reply | None:
        """Answer what is under our address `base`; None: it is not about cameras."""
        if rest == PAGE:
            return Reply(200, "application/json", self._page(base))
        if not rest.startswith(VIDEO):
            return None
        token, _slash, name = rest.removeprefix(VIDEO).partition("/")
        return self._video(base, token, name)

    def _page(self, base: str) -> bytes:
        rows = [self._row(base, post) for post in ROAD_CAMERAS]
        answer = {"response": {"coordtype": 1, "datacount": len(rows), "data": rows}}
        return json.dumps(answer, ensure_ascii=False).encode()

    def _row(self, base: str, post: RoadPost) -> dict[str, object]:
        lon, lat = spot(*self._middle, post.east_m, post.north_m)
        token = secrets.token_urlsafe(24)
        now = time.monotonic()
        with self._lock:
            self._sessions = {
                known: one for known, one in self._sessions.items() if not _is_over(one, now)
            }
            self._sessions[token] = _Session(post, now)
        return {
            "roadsectionid": post.section,
            "filecreatetime": "",
            "cctvtype": 1 if post.picture_format == "HLS" else 3,
            "cctvurl": f"{base}{VIDEO}{token}",
            "cctvresolution": "",
            "coordx": round(lon, 6),
            "coordy": round(lat, 6),
            "cctvformat": post.picture_format,
            "cctvname": post.name,
        }

    def _video(self, base: str, token: str, name: str) -> Reply:
        session = self._sessions.get(token)
        now = time.monotonic()
        if session is None or _is_over(session, now) or session.post.picture_format != "HLS":
            return GONE
        if not name:
            session.watched_at = now
            return Reply(302, location=f"{base}{VIDEO}{token}/{PLAYLIST}")
        if session.watched_at is None or "/" in name or Path(name).suffix not in _KINDS:
            return GONE
        session.watched_at = now
        folder = self._picture(session.post)
        until = now + (FIRST_PICTURE_S if name == PLAYLIST else 0.0)
        while True:
            try:
                return Reply(200, _KINDS[Path(name).suffix], (folder / name).read_bytes())
            except FileNotFoundError:
                if time.monotonic() >= until:
                    return GONE
                time.sleep(0.1)

    def _picture(self, post: RoadPost) -> Path:
        """Keep the camera's picture running, and give the folder where it is."""
        with self._lock:
            if self._pictures is None:
                self._pictures = Path(tempfile.mkdtemp(prefix="road-video-"))
                atexit.register(shutil.rmtree, self._pictures, ignore_errors=True)
            folder = self._pictures / post.code
            is_running = post.code in self._wanted
            self._wanted[post.code] = time.monotonic()
            if not is_running:
                folder.mkdir(exist_ok=True)
                threading.Thread(target=self._keep, args=(post, folder), daemon=True).start()
        return folder

    def _keep(self, post: RoadPost, folder: Path) -> None:
        (folder / "name.txt").write_text(f"{post.name} (도로교통)", encoding="utf-8")
        launch = [sys.executable, "-I", "-S", relay_launch.__file__, str(os.getpid())]
        process = subprocess.Popen(  # noqa: S603 - our own launcher and arguments
            [*launch, imageio_ffmpeg.get_ffmpeg_exe(), *_arguments(post)],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while process.poll() is None and self._is_wanted(post.code):
            time.sleep(0.5)
        process.kill()
        process.wait()
        with self._lock:
            del self._wanted[post.code]
            for file in folder.iterdir():
                file.unlink()

    def _is_wanted(self, code: str) -> bool:
        with self._lock:
            return time.monotonic() - self._wanted[code] < UNWATCHED_S


def _is_over(session: _Session, now: float) -> bool:
    if session.watched_at is None:
        return now - session.issued_at > ADDRESS_LIVES_S
    return now - session.watched_at > UNWATCHED_S


def _arguments(post: RoadPost) -> list[str]:
    label = f"drawtext=fontfile={FONT}:fontcolor=white:box=1:boxcolor=black@0.65:boxborderw=6"
    picture = ",".join(
        (
            street(seed=sum(post.code.encode()), rate=10),
            f"{label}:fontsize=24:x=12:y=12:expansion=none:textfile=name.txt",
            rf"{label}:fontsize=22:x=12:y=52:text='%{{localtime\:%Y-%m-%d %X}}'",
        )
    )
    return [
        *("-hide_banner", "-loglevel", "error", "-nostdin"),
        *("-readrate", "1", "-readrate_initial_burst", "4", "-f", "lavfi", "-i", picture),
        *("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency"),
        *("-pix_fmt", "yuv420p", "-g", "10", "-f", "hls", "-hls_time", "1"),
        *("-hls_list_size", "5", "-hls_delete_threshold", "3"),
        *("-hls_flags", "delete_segments+temp_file+omit_endlist"),
        *("-hls_segment_filename", "piece-%06d.ts", PLAYLIST),
    ]
