from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "controlroom.accounts"
    label = "accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        from controlroom.accounts import receivers  # noqa: F401, PLC0415
