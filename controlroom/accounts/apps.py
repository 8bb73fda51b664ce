from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "controlroom.accounts"
    label = "accounts"
