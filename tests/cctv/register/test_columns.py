"""Which column holds which field."""

import pytest

from cctv.register import columns


def test_the_newest_standard_form_is_known_in_full():
    header = [name for name, _field in columns.STANDARD]
    mapping = columns.guess(header)
    assert {header[index]: field for field, index in mapping.items()} == {
        name: field for name, field in columns.STANDARD if field not in {"", "updated_at"}
    }


def test_older_names_are_known():
    header = ["관리기관명", "소재지도로명주소", "설치년월", "위도", "경도"]
    assert columns.guess(header) == {
        "managing_agency": 0,
        "road_address": 1,
        "installed_month": 2,
        "latitude": 3,
        "longitude": 4,
    }


def test_a_running_number_is_no_management_number():
    header = ["번호", "위도", "경도"]
    assert "register_id" not in columns.guess(header, [["1", "", ""], ["2", "", ""]])
    assert columns.guess(header, [["D-17", "", ""], ["D-4", "", ""]])["register_id"] == 0


def test_a_row_of_data_is_no_header():
    assert columns.looks_like_header(["gu", "addr", "lat", "lon", "n", "dong"])
    assert not columns.looks_like_header(["노원구", "동일로198가길 149", "37.63082198", "127.06"])


def test_pairs_name_columns_or_count_them():
    assert columns.parse_pairs(["latitude=위도", "longitude=4"], ["a", "b", "위도", "x"]) == {
        "latitude": 2,
        "longitude": 3,
    }


@pytest.mark.parametrize(
    ("pair", "code"), [("height=1", "unknown_field"), ("latitude=zz", "unknown_column")]
)
def test_a_wrong_pair_names_itself(pair, code):
    with pytest.raises(columns.MappingError) as caught:
        columns.parse_pairs([pair], ["a"])
    assert caught.value.code == code


def test_a_mapping_needs_a_place_inside_the_file():
    with pytest.raises(columns.MappingError, match="missing_field"):
        columns.check({"latitude": 0}, 3)
    with pytest.raises(columns.MappingError, match="no_such_column"):
        columns.check({"latitude": 0, "longitude": 3}, 3)
