"""What the register's words about a direction mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctv.directions import ALL_ROUND, UNKNOWN, Direction, parse


@pytest.mark.parametrize("text", ["360도 전방면", "360°", "360", "전방위", "360 도", "전방향"])
def test_all_round_is_all_round(text):
    assert parse(text) == ALL_ROUND


@pytest.mark.parametrize(
    ("text", "bearing"),
    [
        ("북", 0),
        ("북동", 45),
        ("동북", 45),
        ("남서방향", 225),
        ("N방향", 0),
        ("NW", 315),
        ("정문 앞 남쪽", 180),
        ("(북서)", 315),
        ("방위각 135도", 135),
        ("북북동 방면", 22.5),
    ],
)
def test_a_compass_word_is_a_bearing(text, bearing):
    assert parse(text) == Direction(bearing_deg=bearing)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "45°",
        "반경 2~3m",
        "특정방면",
        "좌우양방향",
        "서대전농협 뒷길",
        "남대전교회 인근",
        "대동방향",
        "동, 서 방향",
        "남쪽 북쪽",
        "(대전천) 가오-석교",
        "1360호 앞",
    ],
)
def test_what_is_not_sure_stays_unknown(text):
    assert parse(text) == UNKNOWN


def test_a_bearing_may_come_with_its_field_of_view():
    assert parse("북동쪽 화각 90도") == Direction(45, 90)


@given(st.text(alphabet="동서남북방향쪽도°0123456789 NESW,.()360화각전", max_size=30))
def test_any_text_gives_degrees_within_the_circle(text):
    found = parse(text)
    assert found.bearing_deg is None or 0 <= found.bearing_deg < 360
    assert found.field_of_view_deg is None or 1 <= found.field_of_view_deg <= 360
