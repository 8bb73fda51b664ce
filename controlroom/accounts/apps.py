from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "controlroom.accounts"
    label = "accounts"

    def ready(self) -> None:
        from controlroom.accounts import receivers  # noqa: F401, PLC0415
