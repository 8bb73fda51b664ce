from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "controlroom.audit"
    label = "audit"
