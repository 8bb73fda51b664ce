from django.apps import AppConfig


class MunicipalitiesConfig(AppConfig):
    name = "controlroom.municipalities"
    label = "municipalities"
