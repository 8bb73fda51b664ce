"""The short way to pictures: what a pass that this process trusts opens is answered before Django.

A viewer asks three times a second, and nearly every time this process has read the view from the
database less than two seconds ago. Whatever is not plainly such a request goes on to Django, which
decides and says why not.
"""

import json
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import parse_cookie

from cctv import passes, streams, video_paths
from cctv.passes import Pass
from cctv.video_api import (
    PIECE_TYPE,
    PLAYLIST_TYPE,
    caller_from,
    stream_state,
    token_in,
)
from cctv.video_paths import Wanted
from controlroom.errors import DomainError

_ALWAYS = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    content_type: str = ""


class QuickVideo:
    """An ASGI application in front of another."""

    def __init__(self, otherwise: Any) -> None:
        self.otherwise = otherwise

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        is_video = scope["method"] == "GET" and scope["path"].startswith("/video/")
        answer = quick_answer(scope) if is_video else None
        if answer is None:
            await self.otherwise(scope, receive, send)
            return
        headers = [*_ALWAYS, (b"content-length", str(len(answer.body)).encode())]
        if answer.content_type:
            headers.append((b"content-type", answer.content_type.encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})


def quick_answer(scope: Any) -> Answer | None:
    """Answer without the database, or None: then Django must."""
    # Nothing that was written otherwise than it reads is for this way.
    raw = scope.get("raw_path") or scope["path"].encode()
    if raw != scope["path"].encode() or scope.get("query_string"):
        return None
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    is_check = scope["path"] == video_paths.CHECK
    wanted = (
        video_paths.piece_of(headers.get(video_paths.ORIGINAL.lower().encode(), ""))
        if is_check
        else video_paths.wanted_of(scope["path"])
    )
    entry = _pass(scope, headers, wanted) if wanted else None
    if wanted is None or entry is None:
        return None
    return _check(wanted, entry) if is_check else _answer(wanted, entry)


def _pass(scope: Any, headers: dict[bytes, str], wanted: Wanted) -> Pass | None:
    token = token_in(headers.get(b"authorization", ""))
    cookies = parse_cookie(headers.get(b"cookie", ""))
    caller = caller_from(
        session_key=cookies.get(settings.SESSION_COOKIE_NAME, ""),
        peer=(scope.get("client") or ("",))[0] or "",
        forwarded=headers.get(b"x-forwarded-for", ""),
    )
    if not token:
        return None
    sends = wanted.name != video_paths.STATE
    return passes.known(passes.key_of(token, caller), wanted.camera_id, sending=sends)


def _check(wanted: Wanted, entry: Pass) -> Answer | None:
    size = streams.piece_size(wanted.camera_id, wanted.name, wanted.quality)
    if size is None:
        return None
    passes.count(entry, size)
    return Answer(204)


def _answer(wanted: Wanted, entry: Pass) -> Answer | None:
    if wanted.name == video_paths.STATE:
        said = _state(wanted)
        return Answer(200, json.dumps(said).encode(), "application/json") if said else None
    if wanted.name == video_paths.PLAYLIST:
        found = _state(wanted) and streams.playlist(wanted.camera_id, wanted.quality)
        body, content_type = found[1] if found else None, PLAYLIST_TYPE
    else:
        body = streams.segment(wanted.camera_id, wanted.name, wanted.quality)
        content_type = PIECE_TYPE
    if body is None:
        return None
    passes.count(entry, len(body))
    return Answer(200, body, content_type)


def _state(wanted: Wanted) -> dict[str, Any] | None:
    try:
        return stream_state(wanted.camera_id, wanted.quality)
    except DomainError:
        return None
