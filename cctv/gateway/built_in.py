"""The built-in relay as a gateway: each request for a piece is checked, so ending needs no kick."""

from collections.abc import Iterable

from django.conf import settings

from cctv import passes, streams
from cctv.choices import Quality
from cctv.sources import Source
from cctv.streams import Seen


class BuiltIn:
    def want(self, camera_id: int, source: Source | None, quality: Quality) -> None:
        streams.want(camera_id, source, quality=quality)
        # Whoever gets a ticket now asks for the packets next.
        streams.beside(camera_id, quality)

    def seen(self, camera_id: int, quality: Quality) -> Seen:
        return streams.seen(camera_id, quality)

    def addresses(self, camera_id: int, quality: Quality) -> dict[str, str]:
        under = f"/video/{camera_id}/{'sub/' if quality == Quality.SUB else ''}"
        found = {"playlist": f"{under}live.m3u8", "state": f"{under}state"}
        if settings.JANUS_SOCKET:
            found["whep"] = f"/video/{camera_id}/whep/{quality}"
        return found

    def kick(self, view_ids: Iterable[int]) -> None:
        passes.distrust(set(view_ids))

    def retire(self, camera_id: int) -> None:
        streams.retire(camera_id)
