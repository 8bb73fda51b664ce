"""manage.py import_concerns: hydrants, hazardous facilities, narrow streets ... from a CSV."""

import io
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from controlroom.municipalities.models import Municipality
from incidents.concerns import COLUMNS, import_rows


class Command(BaseCommand):
    help = f"Take in sites of concern from a CSV (UTF-8 or CP949) with {', '.join(COLUMNS)}."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("municipality", help="administrative code")
        parser.add_argument("file", type=Path)
        parser.add_argument("--source", default="", help="who published it, where no column says")

    def handle(self, *_args: Any, **options: Any) -> None:
        municipality = Municipality.objects.by_code(options["municipality"]).first()
        if municipality is None:
            raise CommandError(_("no such municipality"))
        try:
            raw = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(str(error)) from error
        done = import_rows(
            municipality=municipality, lines=io.StringIO(_text(raw)), source=options["source"]
        )
        for line, why in done.refused.items():
            self.stderr.write(f"{line}: {why}")
        self.stdout.write(
            _("%(taken)s taken in, %(refused)s refused, %(masked)s telephone numbers masked")
            % {"taken": done.taken, "refused": len(done.refused), "masked": done.masked}
        )


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp949", errors="replace")
