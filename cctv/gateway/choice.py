"""Which gateway carries which camera: the media server those with an address, if there is one."""

from functools import lru_cache

from django.conf import settings

from cctv.choices import SourceKind
from cctv.gateway.built_in import BuiltIn
from cctv.gateway.contract import Gateway
from cctv.gateway.mediamtx import MediaMtx
from cctv.models import Camera

BUILT_IN = BuiltIn()


@lru_cache(maxsize=4)
def _server(api_url: str) -> MediaMtx:
    return MediaMtx(api_url)


def media_server() -> MediaMtx | None:
    """Give the media server of this installation; None where there is none."""
    return _server(settings.MEDIA_SERVER_API_URL) if settings.MEDIA_SERVER_API_URL else None


def gateway_for(camera: Camera) -> Gateway:
    """Name who carries this camera. Drawn pictures and borrowed cameras stay with the relay."""
    server = media_server()
    return server if server and camera.source_kind == SourceKind.STREAM else BUILT_IN
