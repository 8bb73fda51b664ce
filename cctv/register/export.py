"""Write the register, and the rows that did not get in, as CSV that a spreadsheet opens safely."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from cctv.choices import Verdict
from cctv.models import ImportBatch, Site
from cctv.register import reasons
from cctv.register.columns import STANDARD

ENCODINGS = ("utf-8-sig", "cp949")
# A cell that starts like this runs as a formula when a spreadsheet opens the file.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_BLOCK_ROWS = 1000


def safe(cell: Any) -> str:
    """Write a cell as text; what would run as a formula gets an apostrophe in front."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_FORMULA) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text[0] in "+-" and text[1:2].isdigit()


def csv_blocks(
    header: Sequence[str], rows: Iterable[Sequence[Any]], encoding: str
) -> Iterator[bytes]:
    """Give the file in pieces; what the encoding cannot write becomes a question mark."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    if encoding == "utf-8-sig":
        yield b"\xef\xbb\xbf"
        encoding = "utf-8"
    writer.writerow([safe(name) for name in header])
    for count, row in enumerate(rows, start=1):
        writer.writerow([safe(cell) for cell in row])
        if count % _BLOCK_ROWS == 0:
            yield buffer.getvalue().encode(encoding, "replace")
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode(encoding, "replace")


def register_file(sites: QuerySet[Site], *, encoding: str = "utf-8-sig") -> Iterator[bytes]:
    """Write sites in the standard columns, ordered by municipality and number."""
    ordered = (
        sites.select_related("municipality")
        .defer("municipality__boundary", "municipality__centre")
        .order_by("municipality__code", "register_id", "pk")
    )
    rows = (_standard_row(site) for site in ordered.iterator(chunk_size=2000))
    return csv_blocks([name for name, _field in STANDARD], rows, encoding)


def _standard_row(site: Site) -> list[Any]:
    updated = timezone.localtime(site.updated_at)
    special = {
        "organisation_code": site.municipality.organisation_code,
        "latitude": repr(site.location.y),
        "longitude": repr(site.location.x),
        "installed_month": f"{site.installed_month:%Y%m}" if site.installed_month else "",
        "updated_at": f"{updated:%Y-%m-%d %H:%M:%S}",
        "": "",
    }
    return [
        special[field] if field in special else getattr(site, field) for _name, field in STANDARD
    ]


def error_file(
    batch: ImportBatch, rows: QuerySet[Any], *, encoding: str = "utf-8-sig"
) -> Iterator[bytes]:
    """Write the rows that were not accepted: the file's own columns, then verdict and reasons."""
    wanted = rows.filter(batch=batch).filter(
        Q(verdict__in=[Verdict.QUARANTINED, Verdict.REJECTED, Verdict.REPAIRED])
    )
    header = [
        *(batch.columns if batch.has_header else [_("column %s") % name for name in batch.columns]),
        _("line"),
        _("verdict"),
        _("reason code"),
        _("reason (Korean)"),
        _("reason (English)"),
        _("proposed latitude"),
        _("proposed longitude"),
    ]
    ordered = wanted.order_by("line").iterator(chunk_size=2000)
    return csv_blocks(header, (_error_row(batch, row) for row in ordered), encoding)


def _error_row(batch: ImportBatch, row: Any) -> list[Any]:
    width = len(batch.columns)
    cells = (row.fields + [""] * width)[:width]
    return [
        *cells,
        row.line,
        row.verdict,
        row.code,
        *reasons.in_both(row.code, row.detail),
        "" if row.repair_lat is None else f"{row.repair_lat:.7f}",
        "" if row.repair_lon is None else f"{row.repair_lon:.7f}",
    ]
