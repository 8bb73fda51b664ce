"""Bring a register of emergency bells (안전비상벨 표준데이터) in, with a verdict for each row."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from django.contrib.gis.geos import Point
from django.db import connection, transaction
from django.utils import timezone

from cctv.register import coordinates, reading, staging
from cctv.register.places import Directory
from controlroom.audit import chain
from linkage.models_city import Bell

# As for cameras: what lies this far outside the boundary may still be the city's.
TOLERANCE_M = 200
# A file that lacks more of the known bells than this is no whole register.
MOST_GONE = 0.5
NEEDED = ("관리번호", "안전비상벨관리번호", "WGS84위도", "WGS84경도")
_COLUMNS = {
    "number": "안전비상벨관리번호",
    "purpose": "설치목적",
    "place_kind": "설치장소유형",
    "place_text": "설치위치",
    "road_address": "소재지도로명주소",
    "lot_address": "소재지지번주소",
    "connection": "연계방식",
    "features": "부가기능",
    "managing_agency": "관리기관명",
    "agency_phone": "관리기관전화번호",
}
_LENGTHS = {
    "number": 60,
    "purpose": 20,
    "place_kind": 20,
    "place_text": 200,
    "road_address": 200,
    "lot_address": 200,
    "connection": 10,
    "features": 60,
    "managing_agency": 80,
    "agency_phone": 30,
}
_FLAGS = {
    "police_linked": "경찰연계유무",
    "guard_linked": "경비업체연계유무",
    "office_linked": "관리사무소연계유무",
}
_WRITTEN = [
    *_COLUMNS,
    *_FLAGS,
    "location",
    "installed_year",
    "inspected_on",
    "inspection_passed",
    "data_date",
    "gone_at",
]


class NotABellRegister(ValueError):
    """The file lacks columns that a register of bells has."""


@dataclass(frozen=True)
class Verdict:
    """A row that was not taken, or taken with a remark; `line` is its line in the file."""

    line: int
    register_id: str
    code: str
    detail: str = ""


@dataclass
class Report:
    """What an import did, for a person to read."""

    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    gone: int = 0
    kept_missing: int = 0
    quarantined: list[Verdict] = field(default_factory=list)
    remarks: list[Verdict] = field(default_factory=list)

    def reasons(self) -> dict[str, int]:
        return dict(Counter(verdict.code for verdict in self.quarantined))


@dataclass(frozen=True)
class _Row:
    line: int
    municipality_id: int
    bell: Bell


def import_bells(path: Path, *, default_municipality_id: int | None = None) -> Report:
    """Check every row and bring the good ones in; bells that the file lacks are marked as gone.

    A bell stands at most 200 m outside its municipality; two rows of one management number are one
    bell; rows that look alike (number, place, coordinates) are taken and told.
    Raises: NotABellRegister, cctv.register.reading.UnreadableFile.
    """
    report = Report()
    directory = staging.known_municipalities(default_municipality_id)
    rows = _inside(list(_judged(path, directory, report)), report)
    with transaction.atomic():
        _write(rows, report)
        _mark_gone(rows, report)
        for municipality_id in sorted({row.municipality_id for row in rows}):
            chain.record(
                action="bells.imported",
                subject_kind="municipality",
                subject_id=municipality_id,
                municipality_id=municipality_id,
                agent="import_bells",
                detail={"file": path.name, "new": report.new, "gone": report.gone},
            )
    return report


def _judged(path: Path, directory: Directory, report: Report) -> Iterator[_Row]:
    form = reading.look(path, has_header=True)
    missing = [name for name in NEEDED if name not in form.header]
    if missing:
        raise NotABellRegister(", ".join(missing))
    seen: dict[str, int] = {}
    alike: dict[tuple[Any, ...], str] = {}
    for line, _position in reading.records(path, form):
        report.rows += 1
        if line.cells is None or len(line.cells) < len(form.header):
            report.quarantined.append(Verdict(line.number, "", "unreadable"))
            continue
        said = {name: cell.strip() for name, cell in zip(form.header, line.cells, strict=False)}
        number = said["관리번호"][:40]
        code, detail = _objection(said, number, seen)
        owner = directory.find(
            said.get("개방자치단체코드", ""),
            "",
            said.get("소재지도로명주소", "") or said.get("소재지지번주소", ""),
            said.get("관리기관명", ""),
        )
        if not code and owner is None:
            code, detail = "municipality_unknown", said.get("관리기관명", "")
        if code or owner is None:
            report.quarantined.append(Verdict(line.number, number, code, detail))
            continue
        seen[number] = line.number
        bell = _bell(said, number, owner)
        key = (owner, bell.number, bell.place_text, bell.location.x, bell.location.y)
        if key in alike:
            report.remarks.append(Verdict(line.number, number, "alike", alike[key]))
        alike.setdefault(key, number)
        yield _Row(line.number, owner, bell)


def _objection(said: dict[str, str], number: str, seen: dict[str, int]) -> tuple[str, str]:
    if not number:
        return "no_id", ""
    if number in seen:
        return "duplicate_id", str(seen[number])
    found = coordinates.read(said["WGS84위도"], said["WGS84경도"])
    return ("", "") if found.code == "ok" else (found.code, "")


def _bell(said: dict[str, str], number: str, municipality_id: int) -> Bell:
    found = coordinates.read(said["WGS84위도"], said["WGS84경도"])
    texts = {name: said.get(column, "") for name, column in _COLUMNS.items()}
    for name, length in _LENGTHS.items():
        texts[name] = texts[name][:length]
    year = said.get("안전비상벨설치연도", "")
    passed = said.get("최종점검결과구분", "")
    return Bell(
        municipality_id=municipality_id,
        register_id=number,
        location=Point(found.lon or 0, found.lat or 0, srid=4326),
        installed_year=int(year) if year.isdecimal() and len(year) == 4 else None,
        inspected_on=_day(said.get("최종점검일자", "")),
        inspection_passed={"Y": True, "N": False}.get(passed),
        data_date=_day(said.get("데이터기준일자", "")),
        **texts,
        **{name: said.get(column, "") == "Y" for name, column in _FLAGS.items()},
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _inside(rows: list[_Row], report: Report) -> list[_Row]:
    """Set aside what stands outside its municipality, in one query, and say where it stands."""
    if not rows:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.n, coalesce((SELECT o.name_ko FROM municipalities_municipality o "
            "  WHERE ST_Intersects(o.boundary, p.place) LIMIT 1), '') "
            "FROM (SELECT n, owner, ST_MakePoint(lon, lat)::geography AS place FROM "
            "  unnest(%s::int[], %s::bigint[], %s::float8[], %s::float8[]) AS u(n, owner, lon, lat)"
            ") p JOIN municipalities_municipality m ON m.id = p.owner "
            "WHERE m.boundary IS NOT NULL AND NOT ST_DWithin(m.boundary, p.place, %s)",
            [
                list(range(len(rows))),
                [row.municipality_id for row in rows],
                [row.bell.location.x for row in rows],
                [row.bell.location.y for row in rows],
                TOLERANCE_M,
            ],
        )
        outside = dict(cursor.fetchall())
    for n, where in outside.items():
        row = rows[n]
        report.quarantined.append(
            Verdict(row.line, row.bell.register_id, "outside_municipality", where)
        )
    return [row for n, row in enumerate(rows) if n not in outside]


def _write(rows: list[_Row], report: Report) -> None:
    owners = {row.municipality_id for row in rows}
    known = {
        (bell.municipality_id, bell.register_id): bell
        for bell in Bell.objects.filter(municipality__in=owners)
    }
    written = []
    for row in rows:
        old = known.get((row.municipality_id, row.bell.register_id))
        if old is None:
            report.new += 1
        elif _same(old, row.bell):
            report.unchanged += 1
            continue
        else:
            report.changed += 1
        written.append(row.bell)
    Bell.objects.bulk_create(
        written,
        update_conflicts=True,
        unique_fields=["municipality", "register_id"],
        update_fields=_WRITTEN,
    )


def _same(old: Bell, new: Bell) -> bool:
    near = 1e-9
    if abs(old.location.x - new.location.x) > near or abs(old.location.y - new.location.y) > near:
        return False
    return all(getattr(old, name) == getattr(new, name) for name in _WRITTEN if name != "location")


def _mark_gone(rows: list[_Row], report: Report) -> None:
    """Mark what the file does not hold; a row that was set aside is still held."""
    held = {row.bell.register_id for row in rows} | {v.register_id for v in report.quarantined}
    for municipality_id in {row.municipality_id for row in rows}:
        known = Bell.objects.filter(municipality_id=municipality_id, gone_at=None)
        missing = known.exclude(register_id__in=held)
        count = missing.count()
        if count > MOST_GONE * known.count():
            report.kept_missing += count
        else:
            report.gone += missing.update(gone_at=timezone.now())
