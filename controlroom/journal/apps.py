from django.apps import AppConfig


class JournalConfig(AppConfig):
    name = "controlroom.journal"
    label = "journal"
