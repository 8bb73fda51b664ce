"""One row, judged without a map; and where a row belongs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctv.register.places import Place, directory
from cctv.register.verdicts import LENGTHS, Judge, Row, day, purpose_of, whole

PLACES = [
    Place(1, "중구", "대전광역시", ("3650000",)),
    Place(2, "중구", "서울특별시", ("3010000",)),
    Place(3, "유성구", "대전광역시", ("3670000",)),
    Place(4, "전주시완산구", "전북특별자치도"),
    Place(5, "군위군", "대구광역시"),
    Place(6, "한빛시", ""),
]
FIELDS = (
    "register_id",
    "organisation_code",
    "managing_agency",
    "address",
    "purpose",
    "camera_count",
    "latitude",
    "longitude",
)
GOOD = ["A-1", "3650000", "대전광역시 중구청", "대전광역시 중구 보문로 1", "생활방범", "2"]


def judge(allowed=None, default=None) -> Judge:
    mapping = {field: index for index, field in enumerate(FIELDS)}
    return Judge(
        mapping=mapping, width=len(FIELDS), directory=directory(PLACES, default), allowed=allowed
    )


def row(*changes, lat="36.3504", lon="127.4145", **kinds) -> Row:
    cells = [*GOOD, lat, lon]
    for index, value in changes:
        cells[index] = value
    return judge(**kinds).row(2, cells)


def test_a_row_in_order_waits_only_for_the_map():
    found = row()
    assert (found.verdict, found.code, found.municipality_id) == ("accepted", "ok", 1)
    assert (found.road_address, found.camera_count) == ("대전광역시 중구 보문로 1", 2)


@pytest.mark.parametrize(
    ("organisation", "agency", "address", "expected"),
    [
        ("3010000", "", "", 2),
        ("", "", "대전광역시 중구 보문로 1", 1),
        ("", "", "서울시 중구 세종대로 1", 2),
        ("", "유성구청", "", 3),
        ("", "", "전라북도 전주시 완산구 효자동 1", 4),
        ("", "", "경상북도 군위군 군위읍 1", 5),
        ("", "한빛시 통합관제센터", "", 6),
        ("", "중구청", "", None),
        ("9999999", "", "", None),
    ],
)
def test_a_row_belongs_where_it_says(organisation, agency, address, expected):
    assert directory(PLACES).find(organisation, "", address, agency) == expected


def test_a_name_of_many_provinces_is_read_in_the_stated_one():
    assert directory(PLACES, default_id=3).find("", "", "", "중구청") == 1


def test_what_says_nothing_belongs_to_the_stated_municipality():
    assert directory(PLACES, default_id=3).find("", "", "", "") == 3


@pytest.mark.parametrize(
    ("changes", "kinds", "code", "verdict"),
    [
        ((), {"lat": "", "lon": ""}, "no_place", "rejected"),
        ((), {"lat": "0", "lon": "0"}, "zero_place", "quarantined"),
        ((), {"allowed": frozenset({3})}, "municipality_not_yours", "quarantined"),
        (((5, "-1"),), {}, "bad_count", "quarantined"),
        (((5, "많음"),), {}, "bad_count", "quarantined"),
        (((0, "x" * 61),), {}, "value_too_long", "quarantined"),
        (((3, "깨진\ufffd"),), {}, "unreadable", "rejected"),
    ],
)
def test_each_objection_has_its_verdict(changes, kinds, code, verdict):
    found = row(*changes, **kinds)
    assert (found.code, found.verdict) == (code, verdict)


def test_too_many_or_too_few_columns_cannot_be_read():
    assert judge().row(2, [*GOOD, "36.35", "127.41", "more"]).code == "unreadable"
    assert judge().row(2, GOOD).code == "unreadable"
    assert judge().row(2, None).code == "unreadable"


def test_purposes_outside_the_list_are_kept_as_other_and_noted():
    assert purpose_of("방범용") == ("생활방범", True)
    assert purpose_of("어린이 보호") == ("어린이보호", True)
    assert purpose_of("우주관측") == ("기타", False)
    assert "purpose" in row((4, "우주관측")).notes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("201609", "2016-09-01"),
        ("2016-09", "2016-09-01"),
        ("2016.9.5", "2016-09-05"),
        ("20160905", "2016-09-05"),
        ("2016", "2016-01-01"),
        ("201613", None),
        ("미상", None),
    ],
)
def test_dates_of_every_form(text, expected):
    found = day(text)
    assert (found.isoformat() if found else None) == expected


def test_numbers_as_people_write_them():
    values = [whole(text) for text in ("2", "2.0", "1,200", "200만", "3대", "x")]
    assert values == [2, 2, 1200, 200, 3, None]


@given(st.lists(st.text(max_size=80), min_size=0, max_size=9))
def test_any_cells_give_a_row_that_the_table_holds(cells):
    found = judge(default=1).row(2, cells)
    assert found.verdict in {"accepted", "quarantined", "rejected"}
    assert all(len(getattr(found, field)) <= limit for field, limit in LENGTHS.items())
    assert "\x00" not in "".join(str(value) for value in found)
    assert 0 <= found.camera_count <= 200
