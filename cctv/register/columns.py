"""Which column of a file holds which field of the register: names, aliases, mappings.

Source: 전국CCTV표준데이터 in its forms from 2015 to 2026.
"""

import re
from collections.abc import Mapping, Sequence

# The 18 columns of the newest form with the field that each holds ("" = not kept).
STANDARD: tuple[tuple[str, str], ...] = (
    ("개방자치단체코드", "organisation_code"),
    ("관리번호", "register_id"),
    ("관리기관명", "managing_agency"),
    ("소재지도로명주소", "road_address"),
    ("소재지지번주소", "lot_address"),
    ("설치목적구분", "purpose"),
    ("카메라대수", "camera_count"),
    ("카메라화소수", "pixels_10k"),
    ("촬영방면정보", "direction_text"),
    ("보관일수", "retention_days"),
    ("설치연월", "installed_month"),
    ("관리기관전화번호", "phone"),
    ("WGS84위도", "latitude"),
    ("WGS84경도", "longitude"),
    ("데이터기준일자", "data_date"),
    ("데이터갱신구분", ""),
    ("데이터갱신시점", ""),
    ("최종수정시점", "updated_at"),
)

ALIASES: dict[str, tuple[str, ...]] = {
    "organisation_code": ("개방자치단체코드", "제공기관코드", "기관코드", "organisation_code"),
    "municipality": ("시군구", "시군구명", "자치구", "자치구명", "구", "gu", "sgg", "municipality"),
    "register_id": (
        "관리번호",
        "시설물관리번호",
        "관리ID",
        "CCTV관리번호",
        "카메라관리번호",
        "register_id",
    ),
    # 번호 runs 1, 2, 3 in most files: it names the line and not the site.
    "number": ("번호", "연번", "순번", "일련번호", "no", "no."),
    "name": ("설치장소명", "시설명", "시설물명", "CCTV명", "명칭", "name"),
    "managing_agency": ("관리기관명", "관리기관", "운영기관명", "agency"),
    "road_address": ("소재지도로명주소", "도로명주소", "road_address"),
    "lot_address": ("소재지지번주소", "지번주소", "lot_address"),
    "address": ("주소", "소재지", "설치위치", "설치장소", "안심주소", "addr", "address"),
    "purpose": ("설치목적구분", "설치목적", "설치목적명", "목적", "purpose"),
    "camera_count": (
        "카메라대수",
        "CCTV수량",
        "CCTV대수",
        "대수",
        "설치대수",
        "수량",
        "n",
        "count",
        "camera_count",
    ),
    "pixels_10k": ("카메라화소수", "카메라화소", "화소수", "화소", "pixels", "pixels_10k"),
    "direction_text": ("촬영방면정보", "촬영방면", "촬영방향", "direction", "direction_text"),
    "retention_days": ("보관일수", "영상보관일수", "retention", "retention_days"),
    "installed_month": ("설치연월", "설치년월", "설치일자", "설치년도", "설치연도", "installed"),
    "phone": ("관리기관전화번호", "전화번호", "관리기관연락처", "phone"),
    "latitude": ("WGS84위도", "위도", "위도(WGS84)", "lat", "latitude", "y"),
    "longitude": ("WGS84경도", "경도", "경도(WGS84)", "lon", "lng", "long", "longitude", "x"),
    "data_date": ("데이터기준일자", "데이터기준일", "기준일자", "data_date"),
}
FIELDS: tuple[str, ...] = tuple(name for name in ALIASES if name != "number")
REQUIRED = ("latitude", "longitude")

_NOISE = re.compile(r"[\s_\-·.()\[\]\"'/]+")


def _plain(name: str) -> str:
    return _NOISE.sub("", name.strip("\ufeff ")).lower()


_BY_ALIAS = {_plain(alias): field for field, names in ALIASES.items() for alias in names}


def looks_like_header(row: Sequence[str]) -> bool:
    """Two known names and no cell that is a coordinate make a header."""
    known = sum(_plain(cell) in _BY_ALIAS for cell in row)
    return known >= 2 and not any(re.fullmatch(r"-?\d+\.\d+", cell.strip()) for cell in row)


def guess(header: Sequence[str], sample: Sequence[Sequence[str]] = ()) -> dict[str, int]:
    """Map fields to column numbers (from 0) by name; the first column of a name wins."""
    mapping: dict[str, int] = {}
    for index, name in enumerate(header):
        field = _BY_ALIAS.get(_plain(name))
        if field and field not in mapping:
            mapping[field] = index
    number = mapping.pop("number", None)
    if number is not None and "register_id" not in mapping and not _runs(number, sample):
        mapping["register_id"] = number
    return mapping


def _runs(index: int, sample: Sequence[Sequence[str]]) -> bool:
    """Say whether the column only counts the lines."""
    values = [row[index].strip() for row in sample if index < len(row)]
    if not values or not all(value.isdecimal() for value in values):
        return not values
    numbers = [int(value) for value in values]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))


class MappingError(ValueError):
    """A mapping that does not fit the file; `field` and `column` say where."""

    def __init__(self, code: str, *, field: str = "", column: str = "") -> None:
        super().__init__(f"{code}: {field or column}")
        self.code = code
        self.field = field
        self.column = column


def parse_pairs(pairs: Sequence[str], header: Sequence[str] | None) -> dict[str, int]:
    """Read field=column pairs; a column is its name in the header or its number from 1.

    Raises: MappingError naming the field or the column.
    """
    mapping: dict[str, int] = {}
    for pair in pairs:
        field, equals, column = (part.strip() for part in pair.partition("="))
        if not equals or field not in FIELDS:
            raise MappingError("unknown_field", field=field)
        mapping[field] = _column(column, header)
    return mapping


def _column(column: str, header: Sequence[str] | None) -> int:
    names = [_plain(name) for name in header or ()]
    if _plain(column) in names:
        return names.index(_plain(column))
    if column.isdecimal() and int(column) >= 1:
        return int(column) - 1
    raise MappingError("unknown_column", column=column)


def check(mapping: Mapping[str, int], width: int) -> None:
    """Refuse a mapping without a place or beyond the last column.

    Raises: MappingError.
    """
    for field in REQUIRED:
        if field not in mapping:
            raise MappingError("missing_field", field=field)
    for field, index in mapping.items():
        if not 0 <= index < width:
            raise MappingError("no_such_column", field=field, column=str(index + 1))
