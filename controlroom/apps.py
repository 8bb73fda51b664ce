"""Start-up of the room: its checks are registered here."""

from django.apps import AppConfig


class ControlroomConfig(AppConfig):
    name = "controlroom"

    def ready(self) -> None:
        from controlroom import checks  # noqa: F401, PLC0415
