"""Start-up of the room: its checks and its admin site are registered here."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class ControlroomConfig(AppConfig):
    name = "controlroom"

    def ready(self) -> None:
        from controlroom import checks  # noqa: F401, PLC0415


class ControlroomAdminConfig(AdminConfig):
    default_site = "controlroom.admin_site.ControlroomAdminSite"
