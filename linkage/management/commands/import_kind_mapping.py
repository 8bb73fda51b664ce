"""manage.py import_kind_mapping: takes a link's table of codes in from a CSV file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from controlroom.errors import DomainError
from linkage import mapping
from linkage.models import Link


class Command(BaseCommand):
    help = (
        "Import the codes of an agency (CSV in UTF-8 or CP949: code, name, kind of ours). All "
        "lines are taken or none."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("link", help="code of the link, for example police112-90010")
        parser.add_argument("file", type=Path)

    def handle(self, *_args: Any, **options: Any) -> None:
        link = Link.objects.filter(code=options["link"]).first()
        if link is None:
            raise CommandError(f"no link {options['link']}")
        try:
            raw = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(str(error)) from error
        try:
            done = mapping.import_csv(link=link, raw=raw)
        except DomainError as refusal:
            lines = [f"{line}: {reasons[0]}" for line, reasons in refusal.fields.items()]
            raise CommandError("\n".join([str(refusal.message), *lines])) from refusal
        self.stdout.write(
            f"{link.code}: {done.created} added, {done.changed} changed, {done.unchanged} as before"
        )
