from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "controlroom.audit"
    label = "audit"

    def ready(self) -> None:
        from controlroom.audit import receivers  # noqa: F401, PLC0415
