"""HTTP and WebSocket entry. Sockets are routed by controlroom.journal."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlroom.settings")
application = get_asgi_application()
