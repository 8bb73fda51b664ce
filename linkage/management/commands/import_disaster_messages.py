"""Take disaster text messages in from a CSV file, and print what became of them."""

import csv
import gzip
import time
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandParser

from linkage.services.disaster import text_messages
from linkage.services.disaster.gazetteer import Gazetteer


def opened(path: Path) -> TextIO:
    """Open a plain or a gzipped text, read as it goes."""
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


class Command(BaseCommand):
    help = "Imports disaster text messages (CSV, also gzipped; columns SN, CRT_DT, MSG_CN ...)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--codes", type=Path, help="table of legal codes; default: the known municipalities"
        )
        parser.add_argument("--sample", type=int, default=0, help="print so many to check by hand")
        parser.add_argument("--seed", type=int, default=20261122)

    def handle(self, *_args: Any, **options: Any) -> None:
        places = self._places(options["codes"])
        began = time.monotonic()
        with opened(options["file"]) as stream:
            figures = text_messages.take_in(rows=csv.DictReader(stream), places=places)
        self._print(figures, time.monotonic() - began)
        for message in text_messages.sample(count=options["sample"], seed=options["seed"]):
            codes = [place.code for place in message.places.all()]
            names = ", ".join(places.names.get(code, code) for code in codes[:6])
            text = " ".join(message.text.split())[:90]
            self.stdout.write(f"{message.number} {message.rule} [{names}] {message.agency}: {text}")

    def _places(self, path: Path | None) -> Gazetteer:
        if path is None:
            return text_messages.own_gazetteer()
        with opened(path) as stream:
            return Gazetteer(text_messages.legal_codes(stream))

    def _print(self, figures: text_messages.Figures, spent_s: float) -> None:
        self.stdout.write(
            f"{figures.read} rows read, {figures.new} new, {len(figures.refused)} refused, "
            f"{figures.places} places, {figures.ours} of them ours, {spent_s:.1f} s"
        )
        for (outcome, rule), count in sorted(figures.rules.items()):
            self.stdout.write(f"  {outcome:10} {rule:16} {count}")
        for line in figures.refused[:50]:
            self.stdout.write(f"  refused {line}")
