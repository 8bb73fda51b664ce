"""Import municipalities with their boundaries from GeoJSON."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from controlroom.errors import Invalid
from controlroom.municipalities.boundaries import ALIASES, import_boundaries


class Command(BaseCommand):
    help = "Create or update municipalities from a GeoJSON file of boundaries (WGS84)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        for field, names in ALIASES.items():
            parser.add_argument(
                f"--{field.replace('_', '-')}",
                metavar="PROPERTY",
                default="",
                help=f"property of the {field.replace('_', ' ')} (else: {', '.join(names)})",
            )
        parser.add_argument(
            "--organisations",
            type=Path,
            metavar="CSV",
            help="7-digit organisation codes by administrative code",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        mapping = {field: options[field] for field in ALIASES if options[field]}
        try:
            summary = import_boundaries(
                options["file"], mapping=mapping, organisations=options["organisations"]
            )
        except (Invalid, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            _("%(created)s municipalities created, %(updated)s updated, %(codes)s codes kept")
            % {"created": summary.created, "updated": summary.updated, "codes": summary.codes}
        )
