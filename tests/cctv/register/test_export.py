"""The register written out again, and the rows that did not get in."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctv.models import ImportRow, Site
from cctv.register import export
from cctv.register.columns import STANDARD
from tests.cctv.register.conftest import line

FIRST_SIGNS = ("=", "+", "-", "@", "\t", "\r")


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-1+1|calc", "@SUM(A1)", "\t=1", "\r=1"])
def test_what_would_run_as_a_formula_is_quoted(text):
    assert export.safe(text) == f"'{text}"


def test_numbers_stay_numbers():
    assert export.safe("-12.5") == "-12.5"
    assert export.safe(3) == "3"


@given(st.text(max_size=20))
def test_no_written_cell_starts_a_formula(text):
    written = export.safe(text)
    if written.startswith(FIRST_SIGNS):
        float(written)


@pytest.mark.django_db
@pytest.mark.parametrize("encoding", ["cp949", "utf-8-sig"])
def test_the_export_has_the_standard_columns_and_comes_back_unchanged(imported, tmp_path, encoding):
    imported(line("A1", look="북동쪽"), line("A2", address="=HYPERLINK(1)"))
    data = b"".join(export.register_file(Site.objects.all(), encoding=encoding))
    rows = list(csv.DictReader(io.StringIO(data.decode(encoding))))
    assert list(rows[0]) == [name for name, _field in STANDARD]
    assert [row["관리번호"] for row in rows] == ["A1", "A2"]
    assert rows[1]["소재지도로명주소"] == "'=HYPERLINK(1)"
    assert (rows[0]["WGS84위도"], rows[0]["카메라대수"]) == ("36.4102", "2")


@pytest.mark.django_db
def test_the_error_file_adds_verdict_and_reasons_to_the_own_columns(imported):
    batch = imported(line("A1"), line("far", lon=128.9))
    data = b"".join(export.error_file(batch, ImportRow.objects.all()))
    (row,) = csv.reader(io.StringIO(data.decode("utf-8-sig").split("\r\n", 1)[1]))
    assert row[: len(batch.columns)] == line("far", lon=128.9).split(",")
    assert row[len(batch.columns) + 1 : len(batch.columns) + 3] == [
        "quarantined",
        "outside_municipality",
    ]
    assert row[-3].endswith("outside the stated municipality")
