"""Start-up of the room: its checks, its admin site and its Celery application."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class ControlroomConfig(AppConfig):
    name = "controlroom"

    def ready(self) -> None:
        from controlroom import celery, checks  # noqa: F401, PLC0415


class ControlroomAdminConfig(AdminConfig):
    default_site = "controlroom.admin_site.ControlroomAdminSite"
