"""One row of a register file: its cells to fields, and all that can be judged without a map."""

import hashlib
import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from operator import itemgetter
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


_READ = (
    *LENGTHS,
    "address",
    "purpose",
    "camera_count",
    "pixels_10k",
    "retention_days",
    "installed_month",
    "data_date",
    "organisation_code",
    "municipality",
    "latitude",
    "longitude",
)


class Judge:
    """Turns the cells of one file into rows; knows its mapping and its municipalities."""

    def __init__(
        self,
        *,
        mapping: Mapping[str, int],
        width: int,
        directory: Directory,
        allowed: frozenset[int] | None = None,
    ) -> None:
        self.width = width
        self.directory = directory
        self.allowed = allowed
        # Spreadsheets drop empty cells at the end; the place must still be there.
        self.shortest = max(mapping["latitude"], mapping["longitude"]) + 1
        # Fields without a column read the empty cell that every row gets behind its last one.
        self._pick = itemgetter(*(mapping.get(field, width) for field in _READ))

    def row(self, line: int, cells: list[str] | None) -> Row:
        """Judge one record; what only the map can say is left as accepted with code "ok"."""
        raw = SEPARATOR.join(cells or ())
        if "\x00" in raw:
            return _unreadable(line, raw.replace("\x00", "\ufffd"))
        if cells is None or not self.shortest <= len(cells) <= self.width or "\ufffd" in raw:
            return _unreadable(line, raw)
        if raw.count(SEPARATOR) != len(cells) - 1:
            return _unreadable(line, raw)
        clean = [" ".join(cell.split()) for cell in cells]
        clean += [""] * (self.width + 1 - len(clean))
        return self._read(line, raw, self._pick(clean))

    def _read(self, line: int, raw: str, picked: tuple[str, ...]) -> Row:
        register_id, name, agency, road, lot, direction_text, phone, address = picked[:8]
        purpose_text, count_text, pixels_text, retention_text, month_text, date_text = picked[8:14]
        organisation, stated, lat_text, lon_text = picked[14:]
        if address and _ROAD.search(address):
            road = road or address
        elif address:
            lot = lot or address
        place = coordinates.read(lat_text, lon_text)
        purpose, known = purpose_of(purpose_text)
        count, pixels, retention = whole(count_text), whole(pixels_text), whole(retention_text)
        installed, dated = day(month_text), day(date_text)
        direction = parse_direction(direction_text)
        located = road or lot
        municipality_id = self.directory.find(organisation, stated, located, agency)
        texts = (register_id, name, agency, road, lot, direction_text, phone)
        code, detail = self._code(place.code, municipality_id, texts, count_text, count)
        lon, lat = place.lon, place.lat
        where = f"{lon_text},{lat_text}" if lon is None or lat is None else f"{lon:.6f},{lat:.6f}"
        said = [*texts, purpose, lat_text, lon_text, str(installed)]
        said += [str(count), str(pixels), str(retention)]
        return Row(
            line,
            municipality_id,
            _verdict(code),
            code,
            detail,
            register_id[: LENGTHS["register_id"]],
            raw,
            lon,
            lat,
            "",
            place.dms_lon,
            place.dms_lat,
            _notes(
                purpose=known,
                pixels_10k=pixels is not None or not pixels_text,
                retention_days=retention is not None or not retention_text,
                installed_month=installed is not None or not month_text,
                data_date=dated is not None or not date_text,
            ),
            _md5(f"{agency}|{located}|{purpose}|{where}"),
            _md5(SEPARATOR.join(said)),
            name[: LENGTHS["name"]],
            agency[: LENGTHS["managing_agency"]],
            road[: LENGTHS["road_address"]],
            lot[: LENGTHS["lot_address"]],
            purpose,
            1 if count is None else min(count, MAX_CAMERAS),
            pixels,
            direction_text[: LENGTHS["direction_text"]],
            direction.bearing_deg,
            direction.field_of_view_deg,
            retention,
            installed and installed.replace(day=1),
            phone[: LENGTHS["phone"]],
            dated,
            "",
        )

    def _code(
        self,
        place: str,
        municipality_id: int | None,
        texts: tuple[str, ...],
        count_text: str,
        count: int | None,
    ) -> tuple[str, str | None]:
        """Give the first objection and the value it is about, as JSON."""
        whose = self._whose(municipality_id)
        if place == "no_place" or whose:
            return (place if place == "no_place" else whose), None
        if place != "ok":
            return place, None
        for (field, limit), text in zip(LENGTHS.items(), texts, strict=True):
            if len(text) > limit:
                return "value_too_long", f'{{"field": "{field}", "limit": {limit}}}'
        if count_text and (count is None or not 1 <= count <= MAX_CAMERAS):
            return "bad_count", f'{{"limit": {MAX_CAMERAS}}}'
        return "ok", None

    def _whose(self, municipality_id: int | None) -> str:
        if municipality_id is None:
            return "municipality_unknown"
        if self.allowed is not None and municipality_id not in self.allowed:
            return "municipality_not_yours"
        return ""


def _notes(**in_order: bool) -> str:
    if all(in_order.values()):
        return ""
    return ",".join(name for name, good in in_order.items() if not good)


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
