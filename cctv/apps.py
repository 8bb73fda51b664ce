from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CctvConfig(AppConfig):
    name = "cctv"
    verbose_name = _("Cameras and video")

    def ready(self) -> None:
        from cctv import receivers  # noqa: F401, PLC0415
