"""Answer a player's range requests (RFC 9110 section 14) piece by piece, never a whole film."""

import re
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

PIECE = 1 << 20
_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{0,15})")
TYPE = "video/mp4"


def answer(request: HttpRequest, read: Callable[[int, int], tuple[int, bytes]]) -> HttpResponse:
    """Give what is asked for, PIECE at most; `read` takes start and length, gives size, bytes."""
    asked = _RANGE.fullmatch(request.headers.get("Range", "bytes=0-"))
    if asked is None:
        return HttpResponse(status=416)
    start = int(asked[1])
    length = min(PIECE, int(asked[2]) - start + 1 if asked[2] else PIECE)
    if length < 1:
        return HttpResponse(status=416)
    size, part = read(start, length)
    headers: dict[str, Any] = {"Cache-Control": "no-store", "Accept-Ranges": "bytes"}
    if not part:
        return HttpResponse(status=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {start}-{start + len(part) - 1}/{size}"
    return HttpResponse(part, status=206, content_type=TYPE, headers=headers)
