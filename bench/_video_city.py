"""The demonstration city of the video bench: an operator, cameras, and incidents beside them."""

import os
from typing import Any

CODE = "90010"
TOKEN = "t" * 32


class City:
    """The demonstration city with one operator and urgent incidents at different places."""

    def __init__(self) -> None:
        from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: PLC0415 - after set-up
        from django.contrib.sessions.backends.db import SessionStore  # noqa: PLC0415 - after set-up
        from django.core.management import call_command  # noqa: PLC0415 - after set-up

        from cctv.models import Camera  # noqa: PLC0415 - after set-up
        from controlroom.accounts.models import User  # noqa: PLC0415 - after set-up
        from controlroom.municipalities.models import Municipality  # noqa: PLC0415 - after set-up

        os.environ.setdefault("CONTROLROOM_DEMO_PASSWORD", "bench-0123456789-0123456789")
        call_command("demo", cameras=600, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        self.city = Municipality.objects.get(code=CODE)
        self.user = User.objects.get(username="haneul")
        cameras = Camera.objects.filter(municipality=self.city, source_kind="synthetic")
        self.cameras = list(cameras.select_related("site").order_by("pk"))
        session = SessionStore()
        session[SESSION_KEY] = str(self.user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = self.user.get_session_auth_hash()
        session.create()
        self.session = str(session.session_key)

    def incident(self, camera: Any) -> Any:
        """Open an urgent incident beside a camera."""
        from django.utils import timezone  # noqa: PLC0415 - after set-up

        from incidents.lifecycle import open_incident  # noqa: PLC0415 - after set-up
        from incidents.reports import kind_of  # noqa: PLC0415 - after set-up

        return open_incident(
            municipality=self.city, service="police112", kind=kind_of("police112", "201"),
            urgency="0", place=camera.site.location, occurred_at=timezone.now(), agent="bench",
        )  # fmt: skip
