from django.apps import AppConfig


class JournalConfig(AppConfig):
    name = "controlroom.journal"
    label = "journal"

    def ready(self) -> None:
        from controlroom.journal import receivers  # noqa: F401, PLC0415
