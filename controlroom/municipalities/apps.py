from django.apps import AppConfig


class MunicipalitiesConfig(AppConfig):
    name = "controlroom.municipalities"
    label = "municipalities"

    def ready(self) -> None:
        from controlroom.municipalities import receivers  # noqa: F401, PLC0415
