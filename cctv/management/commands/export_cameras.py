"""Export the camera register in the columns of 전국CCTV표준데이터."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from cctv.models import Site
from cctv.register import export
from controlroom.municipalities.models import Municipality


class Command(BaseCommand):
    help = "Write the sites in the register as CSV in the standard columns."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="- writes to standard output")
        parser.add_argument("--municipality", metavar="CODE", action="append", default=[])
        parser.add_argument("--encoding", choices=export.ENCODINGS, default="utf-8-sig")

    def handle(self, *args: Any, **options: Any) -> None:
        sites = Site.objects.in_register()
        if options["municipality"]:
            chosen: list[int] = []
            for code in options["municipality"]:
                found = Municipality.objects.by_code(code).first()
                if found is None:
                    raise CommandError(_("no municipality has the code %(code)s") % {"code": code})
                chosen.append(found.pk)
            sites = sites.filter(municipality_id__in=chosen)
        blocks = export.register_file(sites, encoding=options["encoding"])
        if str(options["file"]) == "-":
            for block in blocks:
                sys.stdout.buffer.write(block)
            return
        with options["file"].open("wb") as target:
            for block in blocks:
                target.write(block)
