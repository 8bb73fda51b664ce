"""What a pair of written coordinates can mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctv.register.coordinates import in_korea, packed_dms, read


@pytest.mark.parametrize(
    ("lat", "lon", "code"),
    [
        ("36.3504", "127.3845", "ok"),
        ("", "", "no_place"),
        ("36.3504", "", "not_a_number"),
        ("NaN", "127.3845", "not_a_number"),
        ("inf", "127.3845", "not_a_number"),
        ("1e400", "127.3845", "not_a_number"),
        ("삼십육", "127.3845", "not_a_number"),
        ("٣٦.٣٥٠٤", "127.3845", "ok"),
        ("0", "0", "zero_place"),
        ("36.3504", "0.0", "zero_place"),
        ("127.3845", "36.3504", "out_of_korea"),
        ("-36.3504", "127.3845", "out_of_korea"),
        ("36.1", "127.1", "truncated"),
        ("36", "127", "truncated"),
        ("36.35", "127.38", "truncated"),
        ("36.3", "127.3845", "ok"),
    ],
)
def test_a_pair_has_one_objection(lat, lon, code):
    assert read(lat, lon).code == code


def test_degrees_minutes_and_seconds_with_signs_are_read():
    reading = read("36°19'35.42\"", "127° 23' 15.7\"")
    assert reading.code == "ok"
    assert reading.lat == pytest.approx(36 + 19 / 60 + 35.42 / 3600)


def test_the_example_of_the_register_reads_as_degrees_minutes_and_seconds():
    assert packed_dms("36.193542") == pytest.approx(36 + 19 / 60 + 35.42 / 3600)


@pytest.mark.parametrize("text", ["36.613542", "36.196142", "36", "36.19", "36.1935x2", "", "."])
def test_sixty_minutes_or_too_few_digits_are_no_reading(text):
    assert packed_dms(text) is None


@given(
    st.integers(33, 38),
    st.integers(0, 59),
    st.integers(0, 59),
    st.integers(0, 99),
)
def test_packing_and_reading_give_the_same_place(degrees, minutes, seconds, hundredths):
    text = f"{degrees}.{minutes:02d}{seconds:02d}{hundredths:02d}"
    expected = degrees + minutes / 60 + (seconds + hundredths / 100) / 3600
    assert packed_dms(text) == pytest.approx(expected, abs=1e-9)


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_text_breaks_the_reading(lat, lon):
    reading = read(lat, lon)
    if reading.code == "ok":
        assert in_korea(reading.lon, reading.lat)
