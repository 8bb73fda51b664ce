"""One row of a register file: its cells to fields, and all that can be judged without a map."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from cctv.directions import parse as parse_direction
from cctv.register import coordinates
from cctv.register.places import Directory

SEPARATOR = "\x1f"
MAX_CAMERAS = 200
LENGTHS = {
    "register_id": 60,
    "name": 120,
    "managing_agency": 100,
    "road_address": 200,
    "lot_address": 200,
    "direction_text": 200,
    "phone": 40,
}
_REJECTED = frozenset({"unreadable", "no_place"})
_PURPOSES = (
    "생활방범",
    "다목적",
    "어린이보호",
    "교통단속",
    "교통정보수집",
    "시설물관리",
    "재난재해",
    "쓰레기단속",
    "차량방범",
    "기타",
)
_PURPOSE_WORDS = (
    ("차량방범", "차량방범"),
    ("어린이", "어린이보호"),
    ("스쿨존", "어린이보호"),
    ("쓰레기", "쓰레기단속"),
    ("무단투기", "쓰레기단속"),
    ("주정차", "교통단속"),
    ("교통단속", "교통단속"),
    ("교통정보", "교통정보수집"),
    ("다목적", "다목적"),
    ("재난", "재난재해"),
    ("재해", "재난재해"),
    ("시설", "시설물관리"),
    ("방범", "생활방범"),
)
_ROAD = re.compile(r"[가-힣0-9](?:대로|로|길)\s?\d")
_DIGITS = re.compile(r"\D+")


class Row(NamedTuple):
    """A judged row in the column order of the staging table (after its batch)."""

    line: int
    municipality_id: int | None
    verdict: str
    code: str
    detail: str | None
    register_id: str
    raw: str
    lon: float | None
    lat: float | None
    repair: str
    dms_lon: float | None
    dms_lat: float | None
    notes: str
    match_key: str
    source_hash: str
    name: str
    managing_agency: str
    road_address: str
    lot_address: str
    purpose: str
    camera_count: int
    pixels_10k: int | None
    direction_text: str
    bearing_deg: float | None
    field_of_view_deg: float | None
    retention_days: int | None
    installed_month: date | None
    phone: str
    data_date: date | None
    action: str


@lru_cache(maxsize=4096)
def purpose_of(text: str) -> tuple[str, bool]:
    """Give the purpose of the list, and whether the text was one that is known."""
    plain = "".join(text.split())
    if plain in _PURPOSES:
        return plain, True
    for word, purpose in _PURPOSE_WORDS:
        if word in plain:
            return purpose, True
    return "기타", not plain


@lru_cache(maxsize=8192)
def whole(text: str) -> int | None:
    """Read a whole number such as 2, 2.0, 1,200 or 200만; None when it is none."""
    plain = text.replace(",", "").removesuffix("대").removesuffix("일").removesuffix("만").strip()
    if plain.endswith(".0"):
        plain = plain[:-2]
    if plain.isascii() and plain.isdecimal() and len(plain) <= 9:
        return int(plain)
    return None


@lru_cache(maxsize=8192)
def day(text: str) -> date | None:
    """Read 2026-05-20, 2026.5.20, 20260520, 201609, 2016-09 or 2016; None when it is none."""
    digits = _DIGITS.split(text.strip())
    parts = [part for part in digits if part]
    if len(parts) == 1:
        one = parts[0]
        parts = [one[:4], one[4:6] or "1", one[6:8] or "1"]
    try:
        year, month, dom = (int(part) for part in (*parts, "1", "1")[:3])
        found = date(year, month, dom)
    except ValueError:
        return None
    return found if 1960 <= found.year <= 2100 else None


@dataclass(slots=True)
class Judge:
    """Turns the cells of one file into rows; knows its mapping and its municipalities."""

    mapping: Mapping[str, int]
    width: int
    directory: Directory
    allowed: frozenset[int] | None = None

    def row(self, line: int, cells: Sequence[str] | None) -> Row:
        """Judge one record; what only the map can say is left as accepted with code "ok"."""
        raw = SEPARATOR.join(cells or ()).replace("\x00", "\ufffd")
        if cells is None or len(cells) > self.width or not self._long_enough(cells):
            return _unreadable(line, raw)
        if "\ufffd" in raw or len(cells) != raw.count(SEPARATOR) + 1:
            return _unreadable(line, raw)
        return self._read(line, raw, cells)

    def _long_enough(self, cells: Sequence[str]) -> bool:
        # Spreadsheets drop empty cells at the end; the place must still be there.
        return len(cells) > max(self.mapping["latitude"], self.mapping["longitude"])

    def _cell(self, cells: Sequence[str], field: str) -> str:
        index = self.mapping.get(field)
        if index is None or index >= len(cells):
            return ""
        text = cells[index]
        return " ".join(text.split()) if text else ""

    def _read(self, line: int, raw: str, cells: Sequence[str]) -> Row:
        def cell(field: str) -> str:
            return self._cell(cells, field)

        notes: list[str] = []
        texts = {field: cell(field) for field in LENGTHS}
        if address := cell("address"):
            field = "road_address" if _ROAD.search(address) else "lot_address"
            texts[field] = texts[field] or address
        lat_text, lon_text = cell("latitude"), cell("longitude")
        place = coordinates.read(lat_text, lon_text)
        purpose, known = purpose_of(cell("purpose"))
        if not known:
            notes.append("purpose")
        numbers = _numbers(cell, notes)
        count = numbers["camera_count"]
        direction = parse_direction(texts["direction_text"])
        located = texts["road_address"] or texts["lot_address"]
        municipality_id = self.directory.find(
            cell("organisation_code"), cell("municipality"), located, texts["managing_agency"]
        )
        code, detail = self._code(place.code, municipality_id, texts, cell("camera_count"), count)
        days = {field: cell(field) for field in ("installed_month", "data_date")}
        installed, dated = (_day(days, field, notes) for field in days)
        where = (
            f"{place.lon:.6f},{place.lat:.6f}"
            if place.lon is not None and place.lat is not None
            else f"{lon_text},{lat_text}"
        )
        return Row(
            line=line,
            municipality_id=municipality_id,
            verdict=_verdict(code),
            code=code,
            detail=detail,
            register_id=texts["register_id"][: LENGTHS["register_id"]],
            raw=raw,
            lon=place.lon,
            lat=place.lat,
            repair="",
            dms_lon=place.dms_lon,
            dms_lat=place.dms_lat,
            notes=",".join(notes),
            match_key=_md5(f"{texts['managing_agency']}|{located}|{purpose}|{where}"),
            source_hash=_md5(
                SEPARATOR.join(
                    (
                        *texts.values(),
                        purpose,
                        lat_text,
                        lon_text,
                        str(installed),
                        *map(str, numbers.values()),
                    )
                )
            ),
            name=texts["name"][: LENGTHS["name"]],
            managing_agency=texts["managing_agency"][: LENGTHS["managing_agency"]],
            road_address=texts["road_address"][: LENGTHS["road_address"]],
            lot_address=texts["lot_address"][: LENGTHS["lot_address"]],
            purpose=purpose,
            camera_count=1 if count is None else min(count, MAX_CAMERAS),
            pixels_10k=numbers["pixels_10k"],
            direction_text=texts["direction_text"][: LENGTHS["direction_text"]],
            bearing_deg=direction.bearing_deg,
            field_of_view_deg=direction.field_of_view_deg,
            retention_days=numbers["retention_days"],
            installed_month=installed and installed.replace(day=1),
            phone=texts["phone"][: LENGTHS["phone"]],
            data_date=dated,
            action="",
        )

    def _code(
        self,
        place: str,
        municipality_id: int | None,
        texts: Mapping[str, str],
        count_text: str,
        count: int | None,
    ) -> tuple[str, str | None]:
        """Give the first objection and the value it is about, as JSON."""
        whose = self._whose(municipality_id)
        if place == "no_place" or whose:
            return (place if place == "no_place" else whose), None
        if place != "ok":
            return place, None
        for field, text in texts.items():
            if len(text) > LENGTHS[field]:
                return "value_too_long", f'{{"field": "{field}", "limit": {LENGTHS[field]}}}'
        if count_text and (count is None or not 1 <= count <= MAX_CAMERAS):
            return "bad_count", f'{{"limit": {MAX_CAMERAS}}}'
        return "ok", None

    def _whose(self, municipality_id: int | None) -> str:
        if municipality_id is None:
            return "municipality_unknown"
        if self.allowed is not None and municipality_id not in self.allowed:
            return "municipality_not_yours"
        return ""


def _numbers(cell: Callable[[str], str], notes: list[str]) -> dict[str, int | None]:
    numbers: dict[str, int | None] = {}
    for field in ("camera_count", "pixels_10k", "retention_days"):
        text = cell(field)
        numbers[field] = whole(text) if text else None
        if text and numbers[field] is None and field != "camera_count":
            notes.append(field)
    return numbers


def _day(days: Mapping[str, str], field: str, notes: list[str]) -> date | None:
    text = days[field]
    found = day(text) if text else None
    if text and found is None:
        notes.append(field)
    return found


def _verdict(code: str) -> str:
    if code == "ok":
        return "accepted"
    return "rejected" if code in _REJECTED else "quarantined"


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _unreadable(line: int, raw: str) -> Row:
    texts = ("register_id", "repair", "notes", "match_key", "source_hash", "action", *LENGTHS)
    values: dict[str, Any] = dict.fromkeys(Row._fields) | dict.fromkeys(texts, "")
    values |= {"line": line, "raw": raw, "verdict": "rejected", "code": "unreadable"}
    values |= {"purpose": "기타", "camera_count": 1}
    return Row(**values)
