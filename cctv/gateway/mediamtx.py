"""A media server by MediaMTX's control API, version 3: it pulls the cameras and serves HLS.

Written to the server's published description of that API and of its authentication by HTTP. It
checks a reader once, when its session opens; from then on the session is ours to kick.
Source: bluenviron/mediamtx, api/openapi.yaml and docs/2-features/06-authentication.md, 2026-08-22.
"""

import re
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
import structlog
from django.conf import settings
from django.utils.translation import gettext as _

from cctv.choices import Quality
from cctv.relay_watch import STALL_S, START_GRACE_S, StreamState
from cctv.sources import Source, pinned_url
from cctv.streams import Seen
from controlroom.errors import Unavailable

log = structlog.get_logger(__name__)

TIMEOUT_S = 2.0
LOOK_S = 1.0
PAGE = 100
# The kinds of sessions that can be listed and kicked, by the names that the API has for them.
KINDS = ("hlssessions", "webrtcsessions", "rtspsessions", "rtspssessions")
_PATH = re.compile(r"camera-([0-9]{1,18})-(main|sub)")
# What players show; the server itself transcodes nothing.
_PLAYABLE = frozenset({"H264"})
_VIDEO = frozenset(
    {"H264", "H265", "AV1", "VP8", "VP9", "MPEG-4 Video", "MPEG-1/2 Video", "M-JPEG"}
)


class MediaServerDown(Unavailable):
    code = "media_server_down"


def path_of(camera_id: int, quality: Quality) -> str:
    return f"camera-{camera_id}-{quality}"


def stream_of(path: str) -> tuple[int, Quality] | None:
    """Say whose stream a path of the server is; None for a path that is not ours."""
    found = _PATH.fullmatch(path)
    return (int(found[1]), Quality(found[2])) if found else None


@dataclass(frozen=True)
class Session:
    """A reader of the server as it lists it."""

    kind: str
    session_id: str
    path: str
    bytes_sent: int


@dataclass
class _Look:
    """What this process saw of a path last. Seconds of a steady clock."""

    wanted_at: float
    looked_at: float = 0.0
    received: int = -1
    moved_at: float = 0.0
    seen: Seen = field(default_factory=lambda: Seen(StreamState.STARTING))


class MediaMtx:
    """One media server; `want` gives it the camera's address, over a network that is trusted."""

    def __init__(self, api_url: str) -> None:
        self._http = httpx.Client(base_url=api_url, timeout=TIMEOUT_S, trust_env=False)
        self._looks: dict[str, _Look] = {}
        self._guard = threading.Lock()

    def want(self, camera_id: int, source: Source | None, quality: Quality) -> None:
        path = path_of(camera_id, quality)
        if path in self._looks or source is None:
            return
        self._ask(
            "POST",
            f"/v3/config/paths/replace/{quote(path)}",
            {
                "source": pinned_url(source),
                "sourceOnDemand": True,
                "sourceOnDemandStartTimeout": "10s",
                "sourceOnDemandCloseAfter": "20s",
                "rtspTransport": "tcp",
                "record": False,
            },
        )
        self._looks[path] = _Look(wanted_at=time.monotonic())

    def seen(self, camera_id: int, quality: Quality) -> Seen:
        path = path_of(camera_id, quality)
        now = time.monotonic()
        with self._guard:
            look = self._looks.setdefault(path, _Look(wanted_at=now))
            if now - look.looked_at < LOOK_S:
                return look.seen
            look.looked_at = now
        try:
            said = self._ask("GET", f"/v3/paths/get/{quote(path)}", missing={})
        except MediaServerDown as down:
            look.seen = Seen(StreamState.LOST, reason=down.code)
        else:
            look.seen = _judged(look, said, now)
        return look.seen

    def addresses(self, camera_id: int, quality: Quality) -> dict[str, str]:
        under = f"/video/{camera_id}/media/{quality}/"
        return {"entry": f"{under}entry", "state": f"{under}state"}

    def playlist(self, camera_id: int, quality: Quality) -> str:
        """Name the play list that a browser loads, under the address that the proxy gives it."""
        return f"{settings.MEDIA_SERVER_HLS_URL}/{path_of(camera_id, quality)}/index.m3u8"

    def kick(self, view_ids: Iterable[int]) -> None:
        """Do nothing: gateway.admissions knows the sessions of a view, and calls kick_session."""

    def kick_session(self, kind: str, session_id: str) -> None:
        """End a reader's session; one that is over already is as good.

        Raises: MediaServerDown.
        """
        self._ask("POST", f"/v3/{kind}/kick/{quote(session_id)}", missing={})

    def sessions(self) -> Iterator[Session]:
        """Give every session that reads one of our paths.

        Raises: MediaServerDown.
        """
        for kind in KINDS:
            page = pages = 0
            while page <= pages:
                # A kind of sessions whose server is switched off is not there.
                said = self._ask(
                    "GET", f"/v3/{kind}/list?page={page}&itemsPerPage={PAGE}", missing={}
                )
                for item in said.get("items") or ():
                    if stream_of(item.get("path", "")):
                        sent = int(item.get("outboundBytes") or 0)
                        yield Session(kind, item["id"], item["path"], sent)
                page, pages = page + 1, int(said.get("pageCount") or 0) - 1

    def retire(self, camera_id: int) -> None:
        for quality in Quality:
            path = path_of(camera_id, quality)
            self._looks.pop(path, None)
            try:
                self._ask("DELETE", f"/v3/config/paths/delete/{quote(path)}", missing={})
            except MediaServerDown:
                log.warning("media_server_path_kept", camera=camera_id, quality=str(quality))

    def _ask(
        self,
        method: str,
        address: str,
        body: dict[str, Any] | None = None,
        *,
        missing: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Ask the control API; what goes to it is in no error and no log, for it holds secrets.

        Raises: MediaServerDown.
        """
        try:
            answer = self._http.request(method, address, json=body)
            if answer.status_code == httpx.codes.NOT_FOUND and missing is not None:
                return missing
            if answer.is_success:
                said: dict[str, Any] = answer.json()
                return said
            status = str(answer.status_code)
        except (httpx.HTTPError, ValueError) as error:
            status = type(error).__name__
        log.warning("media_server_refused", method=method, status=status)
        raise MediaServerDown(_("the media server does not answer")) from None


def _judged(look: _Look, said: dict[str, Any], now: float) -> Seen:
    """Judge a path from what the server says of it now."""
    is_there = bool(said.get("available", said.get("ready", False)))
    if not is_there:
        young = look.received < 0 and now - look.wanted_at < START_GRACE_S
        return Seen(StreamState.STARTING if young else StreamState.LOST)
    tracks = {str(track.get("codec")) for track in said.get("tracks2") or ()}
    tracks = (tracks or {str(codec) for codec in said.get("tracks") or ()}) & _VIDEO
    if tracks and not tracks & _PLAYABLE:
        return Seen(StreamState.LOST, reason="transcoding_off")
    received = int(said.get("inboundBytes", said.get("bytesReceived", 0)) or 0)
    if received != look.received:
        look.received, look.moved_at = received, now
    age = now - look.moved_at
    run = str(said.get("availableTime") or said.get("readyTime") or "")
    state = StreamState.FROZEN if age > STALL_S else StreamState.LIVE
    return Seen(state, run=run, last_frame_age_s=round(age, 1))
