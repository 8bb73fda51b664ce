from django.apps import AppConfig


class CctvConfig(AppConfig):
    name = "cctv"

    def ready(self) -> None:
        from cctv import receivers  # noqa: F401, PLC0415
