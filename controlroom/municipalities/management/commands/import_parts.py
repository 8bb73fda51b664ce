"""Import the boundaries of a municipality's parts (읍, 면, 동) from GeoJSON."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from controlroom.errors import Invalid
from controlroom.municipalities.models import Municipality
from controlroom.municipalities.parts import import_parts


class Command(BaseCommand):
    help = "Draw the parts (읍면동) of a municipality on its map, and let text messages name them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--municipality", required=True, metavar="CODE")

    def handle(self, *args: Any, **options: Any) -> None:
        city = Municipality.objects.by_code(options["municipality"]).first()
        if city is None:
            raise CommandError(_("no such municipality"))
        try:
            names = import_parts(path=options["file"], municipality=city)
        except Invalid as refusal:
            raise CommandError(str(refusal)) from refusal
        said = {"count": len(names), "names": ", ".join(names)}
        self.stdout.write(_("%(count)s parts: %(names)s") % said)
