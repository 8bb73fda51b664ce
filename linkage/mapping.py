"""What an agency's code for a kind of case means here; no code is ever a reason to refuse."""

import csv
import io
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from controlroom.audit import chain
from controlroom.errors import Invalid
from controlroom.journal import log
from controlroom.journal.choices import Audience
from incidents.models import Kind
from linkage.models import Link
from linkage.models_agreements import KindMapping

MAX_FILE_BYTES = 2 * 1024 * 1024
MAX_LINES = 20_000
ENCODINGS = ("utf-8-sig", "cp949")
# The heads of columns that files in use have.
CODE_HEADS = frozenset({"code", "their_code", "agency_code", "코드", "기관코드", "종별코드"})
NAME_HEADS = frozenset({"name", "their_name", "명칭", "종별명", "이름", "코드명"})
KIND_HEADS = frozenset({"kind", "kind_code", "our_code", "종별", "우리코드", "매핑코드"})


@dataclass(frozen=True)
class Imported:
    created: int
    changed: int
    unchanged: int


def mapped(*, source: str, service: str, code: str, name: str = "") -> Kind | None:
    """Give the kind that the code is mapped to on this link; count a code that has none.

    None: the catalogue decides, where an unknown code becomes a visible unmapped kind.
    """
    row = (
        KindMapping.objects.filter(link__code=source, code=code)
        .select_related("kind")
        .only("kind__id", "kind__service", "kind__code", "kind__kind_class", "kind__is_mapped")
        .first()
    )
    if row is not None and row.kind is not None:
        kind: Kind = row.kind
        return kind
    if Kind.objects.filter(service=service, code=code, is_mapped=True).exists():
        return None
    # After the commit: reports of one code must not wait for each other.
    transaction.on_commit(partial(note_unmapped, source=source, code=code, name=name), robust=True)
    return None


@transaction.atomic
def note_unmapped(*, source: str, code: str, name: str = "") -> None:
    """Count a report with a code that means nothing here, and say so the first time.

    Locks: the code's row, then the journal's counter.
    """
    link = Link.objects.filter(code=source).first()
    if link is None:
        return
    now = timezone.now()
    row, _created = KindMapping.objects.get_or_create(
        link=link, code=code[:30], defaults={"name": name[:60]}
    )
    first = not KindMapping.objects.filter(pk=row.pk, seen_count__gt=0).exists()
    KindMapping.objects.filter(pk=row.pk).update(seen_count=F("seen_count") + 1, last_seen_at=now)
    if first:
        log.append(
            municipality_id=link.municipality_id,
            kind="link.unmapped_code",
            subject_kind="link",
            subject_id=link.code,
            data={"link": link.code, "code": row.code, "name": row.name},
            audience=Audience.ADMINISTRATION,
        )


def admits(link: Link, code: str) -> bool:
    """Say whether the agreement of the link covers the agency's code, by our kind that it means.

    A code that means nothing here yet is let in: it becomes a visible unmapped kind, and nobody
    can say of it that the agreement leaves it out. Its pictures are another matter: covers().
    """
    allowed = link.allowed_kinds
    if not allowed:
        return True
    row = KindMapping.objects.filter(link=link, code=code).select_related("kind").first()
    if row is not None and row.kind is not None:
        return row.kind.code in allowed
    known = Kind.objects.filter(service=link.service, code=code, is_mapped=True).exists()
    return code in allowed or not known


def covers(link: Link, kind: Kind) -> bool:
    """Say whether the agreement of the link names this kind of ours; never an unmapped one."""
    return not link.allowed_kinds or kind.code in link.allowed_kinds


@transaction.atomic
def import_csv(*, link: Link, raw: bytes, by: Any = None) -> Imported:
    """Take a table of codes in, all of it or nothing: code, name (may be missing), our kind.

    Raises: Invalid with the reasons by line.
    """
    kinds = {kind.code: kind for kind in Kind.objects.filter(service=link.service, is_mapped=True)}
    wanted: dict[str, tuple[str, Kind]] = {}
    wrong: dict[str, list[Any]] = {}
    for number, code, name, our_code in _lines(raw):
        reason = _refusal(code, our_code, kinds, wanted)
        if reason:
            wrong[str(number)] = [reason]
        else:
            wanted[code] = (name[:60], kinds[our_code])
    if wrong:
        raise Invalid(_("nothing was imported: some lines are wrong"), fields=wrong)
    done = _write(link, wanted)
    chain.record(
        action="link.codes_imported",
        subject_kind="link",
        subject_id=link.code,
        municipality_id=link.municipality_id,
        actor_id=by.pk if by else None,
        agent="" if by else "system",
        detail={"created": done.created, "changed": done.changed},
    )
    return done


def _refusal(code: str, our_code: str, kinds: dict[str, Kind], seen: dict[str, Any]) -> str:
    if not code or len(code) > 30:
        return _("the agency's code is missing or longer than 30 characters")
    if code in seen:
        return _("the code %(code)s stands twice in the file") % {"code": code}
    if our_code not in kinds:
        return _("%(code)s is no kind of ours") % {"code": our_code or "-"}
    return ""


def _write(link: Link, wanted: dict[str, tuple[str, Kind]]) -> Imported:
    known = {row.code: row for row in KindMapping.objects.filter(link=link, code__in=wanted)}
    created = [
        KindMapping(link=link, code=code, name=name, kind=kind)
        for code, (name, kind) in wanted.items()
        if code not in known
    ]
    changed = []
    for code, row in known.items():
        name, kind = wanted[code]
        if row.kind_id != kind.pk or (name and row.name != name):
            row.kind, row.name = kind, name or row.name
            changed.append(row)
    KindMapping.objects.bulk_create(created, batch_size=1000)
    KindMapping.objects.bulk_update(changed, ["kind", "name"], batch_size=1000)
    return Imported(len(created), len(changed), len(known) - len(changed))


def _lines(raw: bytes) -> list[tuple[int, str, str, str]]:
    """Give number, code, name and our code of each line; the columns by their heads or places."""
    rows = list(csv.reader(io.StringIO(_decoded(raw)), strict=True))
    if len(rows) > MAX_LINES:
        raise Invalid(_("the file has too many lines"), fields={"file": [len(rows)]})
    filled = [
        (number, [cell.strip() for cell in row])
        for number, row in enumerate(rows, start=1)
        if any(cell.strip() for cell in row)
    ]
    if not filled:
        raise Invalid(_("the file is empty"), fields={"file": [_("no line")]})
    places = _places(filled[0][1])
    body = filled[1:] if places else filled
    code_at, name_at, kind_at = places or (0, 1 if len(filled[0][1]) > 2 else -1, -1)
    found = []
    for number, cells in body:
        last = len(cells) - 1 if kind_at < 0 else kind_at
        name = cells[name_at] if 0 <= name_at < len(cells) else ""
        our_code = cells[last] if last != code_at and last < len(cells) else ""
        found.append((number, cells[code_at] if code_at < len(cells) else "", name, our_code))
    return found


def _decoded(raw: bytes) -> str:
    if len(raw) > MAX_FILE_BYTES:
        raise Invalid(_("the file is too large"), fields={"file": [len(raw)]})
    for encoding in ENCODINGS:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise Invalid(_("the file is neither UTF-8 nor CP949"), fields={"file": [_("unreadable")]})


def _places(head: list[str]) -> tuple[int, int, int] | None:
    """Find the columns by their heads; None: the first line is no head."""
    names = [cell.lower().replace(" ", "_") for cell in head]

    def at(heads: frozenset[str]) -> int:
        return next((place for place, name in enumerate(names) if name in heads), -1)

    code, kind = at(CODE_HEADS), at(KIND_HEADS)
    return (code, at(NAME_HEADS), kind) if code >= 0 and kind >= 0 else None
