from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    name = "controlroom.audit"
    label = "audit"
    verbose_name = _("Records")

    def ready(self) -> None:
        from controlroom.audit import receivers  # noqa: F401, PLC0415
