"""Add the kinds and priority rules that a new centre starts with."""

from typing import Any

from django.core.management.base import BaseCommand

from incidents.catalogue import install


class Command(BaseCommand):
    help = "Add the missing kinds and priority rules; what was edited stays as it is."

    def handle(self, *_args: Any, **_options: Any) -> None:
        added = install()
        self.stdout.write(f"{added.kinds} kinds and {added.rules} rules added")
