"""Addresses of the sockets; controlroom.asgi mounts `application`."""

from typing import Any, cast

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from django.urls import path

from controlroom.journal.live import guard_origin, live, nowhere

# Channels routes ASGI applications by Django's paths.
websocket_urlpatterns = [
    path("ws/m/<str:code>/live", cast(Any, live), name="live-socket"),
    path("<path:address>", cast(Any, nowhere)),
]
_signed_in = AuthMiddlewareStack(URLRouter(websocket_urlpatterns))


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Route a socket: origin first, then who it is, then where it goes."""
    # The session middleware wraps `send`; back-pressure needs the server's own.
    await guard_origin(_signed_in, scope | {"raw_send": send}, receive, send)
