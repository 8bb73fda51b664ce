"""HTTP and WebSocket entry. Sockets are routed by controlroom.journal."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlroom.settings")
http = get_asgi_application()

from cctv.video_asgi import QuickVideo  # noqa: E402 - models need the apps loaded above
from controlroom.journal import routing  # noqa: E402 - as above

application = ProtocolTypeRouter(
    {"http": QuickVideo(http), "websocket": routing.application},
)
