"""Files as they come: encodings, compression, damage."""

import gzip

import pytest

from cctv.register import reading

TEXT = "관리번호,소재지도로명주소,위도,경도\n1,한빛로 1,36.35,127.35\n2,한빛로 2,36.36,127.36\n"


def cells(path):
    form = reading.look(path)
    return form, [line.cells for line, _at in reading.records(path, form)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
@pytest.mark.parametrize("packed", [False, True])
def test_every_encoding_gives_the_same_rows(tmp_path, encoding, packed):
    path = tmp_path / "r.csv"
    data = TEXT.encode(encoding)
    path.write_bytes(gzip.compress(data) if packed else data)
    form, rows = cells(path)
    assert form.encoding == encoding
    assert form.header == ["관리번호", "소재지도로명주소", "위도", "경도"]
    assert rows == [["1", "한빛로 1", "36.35", "127.35"], ["2", "한빛로 2", "36.36", "127.36"]]


def test_rows_can_be_skipped_to_go_on(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text(TEXT, encoding="utf-8")
    form = reading.look(path)
    ((line, _at),) = reading.records(path, form, skip=1)
    assert (line.number, line.cells[0]) == (3, "2")


def test_a_line_break_inside_quotes_is_one_row(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text('위도,경도,이름\n36.3,127.3,"a\nb"\n36.4,127.4,c\n', encoding="utf-8")
    _form, rows = cells(path)
    assert [row[2] for row in rows] == ["a\nb", "c"]


def test_tabs_and_semicolons_are_seen(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text(TEXT.replace(",", "\t"), encoding="utf-8")
    assert cells(path)[1][0][2] == "36.35"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"PK\x03\x04 xlsx", "spreadsheet"),
        (gzip.compress(TEXT.encode(), mtime=0)[:40], "broken_gzip"),
        (b"a" * (reading.MAX_LINE + 10), "line_too_long"),
    ],
)
def test_what_is_no_register_says_so(tmp_path, data, code):
    path = tmp_path / "r.csv"
    path.write_bytes(data)
    with pytest.raises(reading.UnreadableFile) as caught:
        cells(path)
    assert caught.value.code == code
