"""Import a camera register file (전국CCTV표준데이터 and files like it)."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from cctv.models import ImportBatch, StagedRow
from cctv.register import batches, columns, export, reading, reasons, work
from controlroom.errors import DomainError
from controlroom.municipalities.models import Municipality


class Command(BaseCommand):
    help = "Check a register file row by row and bring it into the register."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--municipality", metavar="CODE", help="where rows belong that do not say it"
        )
        parser.add_argument(
            "--encoding", choices=reading.ENCODINGS, default="", help="else found in the file"
        )
        parser.add_argument("--no-header", action="store_true", help="the first row is data")
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="FIELD=COLUMN",
            help=f"column by name or number from 1; fields: {', '.join(columns.FIELDS)}",
        )
        parser.add_argument(
            "--apply-repairs",
            default="",
            metavar="KINDS",
            help=f"repairs to apply, comma-separated: {', '.join(batches.REPAIRS)}",
        )
        parser.add_argument("--keep-missing", action="store_true", help="mark no site as gone")
        parser.add_argument("--dry-run", action="store_true", help="only check, change nothing")
        parser.add_argument("--errors", type=Path, metavar="FILE", help="write the error file here")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._import(options)
        except (DomainError, reading.UnreadableFile, OSError) as error:
            raise CommandError(str(error)) from error

    def _import(self, options: dict[str, Any]) -> None:
        path: Path = options["file"]
        pairs = [pair for item in options["map"] for pair in item.split(",")]
        repairs = [kind.strip() for kind in options["apply_repairs"].split(",") if kind.strip()]
        if unknown := set(repairs) - set(batches.REPAIRS):
            raise CommandError(_("no such repair: %(name)s") % {"name": ", ".join(unknown)})
        batch = batches.receive(
            path=path,
            file_name=path.name,
            municipality=self._municipality(options["municipality"]),
            encoding=options["encoding"],
            has_header=False if options["no_header"] else None,
            pairs=pairs,
        )
        batches.start_check(batch=batch)
        work.advance(batch.pk)
        if options["errors"]:
            with options["errors"].open("wb") as target:
                for block in export.error_file(batch, StagedRow.objects.all()):
                    target.write(block)
        if options["dry_run"]:
            self._report(ImportBatch.objects.get(pk=batch.pk))
            batches.cancel(batch=batch)
            return
        batches.start_apply(batch=batch, repairs=repairs, keep_missing=options["keep_missing"])
        work.advance(batch.pk)
        self._report(ImportBatch.objects.get(pk=batch.pk))

    def _municipality(self, code: str | None) -> Municipality | None:
        if not code:
            return None
        found: Municipality | None = Municipality.objects.by_code(code).first()
        if found is None:
            raise CommandError(_("no municipality has the code %(code)s") % {"code": code})
        return found

    def _report(self, batch: ImportBatch) -> None:
        totals = batch.totals
        lines = [
            _("Import %(number)s: %(rows)s rows, %(encoding)s")
            % {"number": batch.pk, "rows": batch.rows_read, "encoding": batch.encoding},
            _(
                "accepted %(accepted)s, repaired %(repaired)s, quarantined %(quarantined)s, "
                "rejected %(rejected)s"
            )
            % totals,
            _("new %(new)s, changed %(changed)s, unchanged %(unchanged)s, gone %(gone)s") % totals,
        ]
        lines += [
            f"  {count:>7}  {code}: {reasons.general(code)}"
            for code, count in sorted(totals["codes"].items(), key=lambda item: -item[1])
            if code != "ok"
        ]
        lines += [
            _("proposed repair %(kind)s: %(count)s rows") % {"kind": kind, "count": count}
            for kind, count in totals["repairs"].items()
        ]
        self.stdout.write("\n".join(lines))
