"""Import a register of emergency bells (안전비상벨)."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cctv.register.reading import UnreadableFile
from controlroom.municipalities.models import Municipality
from linkage.services.city.bell_register import NotABellRegister, import_bells

SHOWN = 10


class Command(BaseCommand):
    help = "Check a register of emergency bells row by row and bring it in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--municipality", metavar="CODE", help="where rows belong that do not say it"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        default = None
        if options["municipality"]:
            default = Municipality.objects.filter(code=options["municipality"]).first()
            if default is None:
                raise CommandError(f"no municipality {options['municipality']}")
        try:
            report = import_bells(
                options["file"], default_municipality_id=default.pk if default else None
            )
        except (UnreadableFile, NotABellRegister, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{report.rows} rows: {report.new} new, {report.changed} changed, "
            f"{report.unchanged} unchanged, {report.gone} gone, "
            f"{len(report.quarantined)} quarantined, {len(report.remarks)} look alike"
        )
        if report.kept_missing:
            self.stdout.write(
                f"{report.kept_missing} known bells are missing: too many for a whole register, "
                "none was marked as gone"
            )
        for code, count in sorted(report.reasons().items()):
            self.stdout.write(f"  {code}: {count}")
        for verdict in report.quarantined[:SHOWN]:
            self.stdout.write(
                f"  line {verdict.line}, {verdict.register_id}: {verdict.code} {verdict.detail}"
            )
