"""manage.py verify_audit: is the audit record whole, and what is wrong with it."""

import base64
import binascii
import time
from argparse import ArgumentParser
from contextlib import closing
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import translation
from django.utils.translation import gettext as _

from controlroom.audit import anchors
from controlroom.audit.models_chain import NO_CITY, name_of
from controlroom.audit.verify import TOLD, Anchored, Report, keep, verify
from controlroom.audit.walking import Fault, Finding
from controlroom.municipalities.models import Municipality


class Command(BaseCommand):
    help = (
        "Verify the audit record: every record against its link, every link against the one "
        "before, every chain against the exported anchors. Exit code 0: whole; 1: something was "
        "found; 2: it could not be verified. The verification itself changes nothing."
    )
    # It must run when other things are broken.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--municipality", metavar="CODE", help='one chain; "-": records without a municipality'
        )
        parser.add_argument(
            "--anchor",
            action="append",
            type=Path,
            default=[],
            metavar="PATH",
            help="a file of anchors or a folder of such, also several; "
            "default: CONTROLROOM_AUDIT_ANCHOR_DIR",
        )
        parser.add_argument(
            "--public-key",
            action="append",
            default=[],
            metavar="BASE64",
            help="who may have signed them, also several; default: that of CONTROLROOM_AUDIT_KEY",
        )
        parser.add_argument("--language", choices=["ko", "en"], default="ko")

    def handle(self, *_args: Any, **options: Any) -> None:
        with translation.override(options["language"]):
            self._handle(options)

    def _handle(self, options: dict[str, Any]) -> None:
        began = time.monotonic()
        keys = _keys(options["public_key"])
        cities = Municipality.objects.only("code").in_bulk()
        chain = _chain(options["municipality"], cities)
        reports: list[Report] = []
        with closing(Anchored()) as anchored:
            for path in options["anchor"] or _usual_place():
                try:
                    anchored.take(path, keys)
                except OSError as error:
                    raise CommandError(f"{path}: {error.strerror}", returncode=2) from error
            self._tell_anchors(anchored, keys)
            for report in verify(anchored=anchored, chain=chain):
                if anchored.forged:
                    report.counts[Fault.ANCHOR_FORGED] = anchored.forged
                reports.append(report)
                self._tell(report, name_of(report.chain, cities))
        keep(reports, by_anchors=anchored.lines > 0)
        links = sum(report.links for report in reports)
        words = _("%(links)s records in %(chains)s chains, verified in %(took).1f s")
        took = time.monotonic() - began
        self.stdout.write(words % {"links": f"{links:,}", "chains": len(reports), "took": took})
        if all(report.is_good for report in reports) and not anchored.forged:
            self.stdout.write(self.style.SUCCESS(_("The audit record is whole.")))
            return
        self.stdout.write(self.style.ERROR(_("The audit record is NOT whole.")))
        raise SystemExit(1)

    def _tell_anchors(self, anchored: Anchored, keys: list[bytes]) -> None:
        for key in keys:
            self.stdout.write(_("public key: %(key)s") % {"key": base64.b64encode(key).decode()})
        if not anchored.lines:
            self.stdout.write(
                self.style.WARNING(
                    _("No anchors: a tail that was cut, or a chain rewritten whole, is not seen.")
                )
            )
            return
        words = _("%(lines)s anchors, the newest of %(newest)s")
        self.stdout.write(
            words % {"lines": f"{anchored.lines:,}", "newest": anchored.newest or "-"}
        )
        if anchored.forged:
            words = _("%(count)s anchors are not signed by a known key and do not count")
            self.stdout.write(self.style.ERROR(words % {"count": anchored.forged}))

    def _tell(self, report: Report, name: str) -> None:
        head = {"number": f"{report.number:,}", "hash": report.hash.hex()[:16]}
        head |= {"name": name if report.chain != NO_CITY else _("without a municipality")}
        words = _("chain %(name)s: head %(number)s, %(hash)s") % head
        if report.is_good:
            self.stdout.write(f"{words}: {_('whole')}")
            return
        self.stdout.write(self.style.ERROR(words))
        for finding in report.told:
            self.stdout.write(f"  {_said(finding)}")
        for fault, count in report.counts.items():
            if count > TOLD and fault != Fault.ANCHOR_FORGED:
                words = _("  ... %(count)s of this kind in all: %(kind)s")
                self.stdout.write(words % {"count": f"{count:,}", "kind": fault})


def _said(finding: Finding) -> str:
    """Say one finding in a sentence."""
    words = {
        Fault.ALTERED: _("number %(first)s: record %(record)s was altered"),
        Fault.RECORD_GONE: _("number %(first)s: the record is gone"),
        Fault.MISSING: _("numbers %(first)s to %(last)s are missing"),
        Fault.TWICE: _("number %(first)s stands twice"),
        Fault.BROKEN: _("number %(first)s does not follow from the one before"),
        Fault.MISPLACED: _("number %(first)s: record %(record)s is of another municipality"),
        Fault.UNCHAINED: _("record %(record)s is in no chain: it came past the database's rules"),
        Fault.REWRITTEN: _("number %(first)s is not what was exported: the chain was rewritten"),
        Fault.CUT: _("numbers %(first)s to %(last)s were exported and are gone: the tail was cut"),
    }[finding.fault]
    return words % {"first": finding.first, "last": finding.last, "record": finding.record}


def _keys(given: list[str]) -> list[bytes]:
    try:
        keys = [base64.b64decode(text, validate=True) for text in given]
    except binascii.Error as error:
        raise CommandError("--public-key is not base64", returncode=2) from error
    if any(len(key) != 32 for key in keys):
        raise CommandError("--public-key is not an Ed25519 key of 32 bytes", returncode=2)
    return keys or [anchors.public_key(settings.AUDIT_KEY)]


def _chain(code: str | None, cities: dict[int, Municipality]) -> int | None:
    if code is None:
        return None
    if code == "-":
        return NO_CITY
    found = [pk for pk, city in cities.items() if city.code == code]
    if not found:
        raise CommandError(_("no such municipality"), returncode=2)
    return found[0]


def _usual_place() -> list[Path]:
    folder = Path(settings.AUDIT_ANCHOR_DIR) if settings.AUDIT_ANCHOR_DIR else None
    return [folder] if folder and folder.is_dir() else []
