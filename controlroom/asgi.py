"""HTTP and WebSocket entry. Sockets are routed by controlroom.journal."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlroom.settings")
http = get_asgi_application()

from controlroom.journal import routing  # noqa: E402 - models need the apps loaded above

application = ProtocolTypeRouter({"http": http, "websocket": routing.application})
