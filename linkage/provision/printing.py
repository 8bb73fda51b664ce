"""The register handed out as a file: CSV, PDF or HWPX, never without a reason on record."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain as joined
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from cctv.register.export import csv_blocks
from controlroom.accounts.models import User
from controlroom.audit import chain
from controlroom.errors import Invalid
from controlroom.municipalities.access import require
from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right
from linkage.provision.hwpx_file import hwpx
from linkage.provision.rows import Asked, Words, cells, columns, entries_of, rows, running, totals
from linkage.provision.sheet import Sheet

WIDTHS = (5, 8, 14, 8, 8, 14, 14, 7, 13, 12, 14)


@dataclass(frozen=True)
class Kind:
    content_type: str
    write: Callable[[Sheet], bytes]
    # A printed page is made in memory, and read by a person.
    most_rows: int


def _csv(sheet: Sheet) -> bytes:
    return b"".join(csv_blocks(sheet.columns, sheet.rows, "utf-8-sig"))


def _pdf(sheet: Sheet) -> bytes:
    # What draws pages takes a sixth of the start of every process: only who prints waits for it.
    made: bytes = import_string("linkage.provision.pdf_file.pdf")(sheet)
    return made


KINDS = {
    "csv": Kind("text/csv; charset=utf-8", _csv, 100_000),
    "pdf": Kind("application/pdf", _pdf, 2_000),
    "hwpx": Kind("application/hwp+zip", hwpx, 5_000),
}


@dataclass(frozen=True)
class Printed:
    name: str
    content_type: str
    body: bytes


@transaction.atomic
def export(
    *, municipality: Municipality, by: User, asked: Asked, kind: str, reason: str
) -> Printed:
    """Hand the narrowed register out; that it left, to whom and why is on record before it does.

    Raises: NotAllowed; Invalid without a reason, for an unknown kind or too many rows.
    """
    require(by, municipality.pk, Right.RECORDS_READ)
    how, reason = KINDS.get(kind), reason.strip()
    if how is None:
        raise _refused("kind", _("no such kind of file"))
    if not reason:
        raise _refused("reason", _("This field is required."))
    found = entries_of(municipality=municipality, user=by, asked=asked)
    count = found.count()
    if count > how.most_rows:
        words = _("%(count)s rows are more than %(most)s: narrow the period")
        raise _refused("kind", words % {"count": count, "most": how.most_rows})
    now = timezone.localtime()
    printed = Printed(
        f"provision-{municipality.code}-{now:%Y%m%d-%H%M%S}.{kind}",
        how.content_type,
        how.write(_sheet(municipality, by, asked, reason, found)),
    )
    chain.record(
        action="provision.exported",
        subject_kind="provision",
        subject_id=municipality.code,
        municipality_id=municipality.pk,
        actor_id=by.pk,
        reason=reason[:300],
        detail={
            "kind": kind,
            "rows": count,
            "asked": asked.said(),
            "bytes": len(printed.body),
            "sha256": hashlib.sha256(printed.body).hexdigest(),
        },
    )
    return printed


def _refused(name: str, why: str) -> Invalid:
    return Invalid(_("the register is not handed out like this"), fields={name: [why]})


def _sheet(municipality: Municipality, by: User, asked: Asked, reason: str, found: Any) -> Sheet:
    words = Words()
    now = running(municipality=municipality, user=by, asked=asked)
    entered = rows(found.prefetch_related("corrections__by"))
    sums = totals(found)
    made = timezone.localtime().strftime("%Y-%m-%d %H:%M:%S")
    narrowed = ", ".join(f"{name}={value}" for name, value in asked.said().items())
    return Sheet(
        title=_("Register of provision of video"),
        lines=[
            f"{municipality.name} · {period_asked(asked)}" + (f" · {narrowed}" if narrowed else ""),
            _("Made %(time)s by %(person)s. Reason: %(reason)s")
            % {"time": made, "person": by, "reason": reason},
        ],
        columns=columns(),
        rows=[cells(row, words) for row in joined(now, entered)],
        widths=WIDTHS,
        language=get_language() or "ko",
        foot=[
            counted(sums.count, len(now)),
            _("Columns: article 42 of the Standard Guidelines on Personal Information Protection."),
        ],
    )


def period_asked(asked: Asked) -> str:
    begin, end = (
        timezone.localtime(at).strftime("%Y-%m-%d %H:%M") if at else ""
        for at in (asked.since, asked.until)
    )
    return f"{begin} ~ {end}" if begin or end else _("whole register")


def counted(entered: int, run: int) -> str:
    done = ngettext("%d entry", "%d entries", entered) % entered
    return done + (" · " + _("%(count)s running") % {"count": run} if run else "")
