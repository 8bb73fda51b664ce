"""The printed register: a PDF that shows Hangul, and an HWPX that is a valid package."""

import io
import zipfile
from xml.etree import ElementTree as ET

import numpy
import pypdfium2
import pytest

from linkage.provision.hwpx_file import hwpx
from linkage.provision.pdf_file import pdf
from linkage.provision.sheet import Sheet

COLUMNS = ["번호", "일시", "파일명·형태", "제공받는 자", "비고"]
ROWS = [
    [str(number), "2026-11-28 07:09:58", "생활방범 CCTV", "한빛경찰서 뷁쀍 힣", "<&> \x0b끝"]
    for number in range(1, 61)
]
SHEET = Sheet(
    title="영상정보 제공대장",
    lines=["한빛시 · 전체"],
    columns=COLUMNS,
    rows=ROWS,
    widths=(5, 10, 20, 20, 10),
    foot=["60건"],
)
OPF = "{http://www.idpf.org/2007/opf/}"
HP = "{http://www.hancom.co.kr/hwpml/2011/paragraph}"
HH = "{http://www.hancom.co.kr/hwpml/2011/head}"
CONTAINER = "{urn:oasis:names:tc:opendocument:xmlns:container}"


@pytest.fixture(scope="module")
def package() -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(hwpx(SHEET)))


def test_the_mimetype_comes_first_and_is_stored(package):
    first = package.infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
    assert package.read(first) == b"application/hwp+zip"
    assert package.testzip() is None


def test_every_part_is_well_formed_and_every_one_that_is_named_is_there(package):
    names = set(package.namelist())
    parts = {
        name: ET.fromstring(package.read(name))
        for name in names
        if name.endswith((".xml", ".hpf", ".rdf"))
    }
    roots = parts["META-INF/container.xml"].iter(f"{CONTAINER}rootfile")
    assert {root.get("full-path") for root in roots} <= names
    content = parts["Contents/content.hpf"]
    items = {item.get("id"): item.get("href") for item in content.iter(f"{OPF}item")}
    assert set(items.values()) <= names
    assert {ref.get("idref") for ref in content.iter(f"{OPF}itemref")} <= set(items)


def test_the_table_is_whole_and_says_what_the_sheet_says(package):
    section = ET.fromstring(package.read("Contents/section0.xml"))
    (table,) = section.iter(f"{HP}tbl")
    rows = list(table.iter(f"{HP}tr"))
    assert (int(table.get("rowCnt")), int(table.get("colCnt"))) == (61, 5)
    assert [len(list(row)) for row in rows] == [5] * 61
    at = [
        (int(cell.get("rowAddr")), int(cell.get("colAddr"))) for cell in table.iter(f"{HP}cellAddr")
    ]
    assert at == [(row, column) for row in range(61) for column in range(5)]
    said = ["".join(text.text or "" for text in row.iter(f"{HP}t")) for row in rows]
    assert said[0] == "".join(COLUMNS)
    assert said[1] == "12026-11-28 07:09:58생활방범 CCTV한빛경찰서 뷁쀍 힣<&> 끝"


def test_the_section_uses_only_what_the_head_holds(package):
    head = ET.fromstring(package.read("Contents/header.xml"))
    section = ET.fromstring(package.read("Contents/section0.xml"))
    for held, named in (
        ("charPr", "charPrIDRef"),
        ("paraPr", "paraPrIDRef"),
        ("borderFill", "borderFillIDRef"),
        ("style", "styleIDRef"),
    ):
        known = {one.get("id") for one in head.iter(f"{HH}{held}")}
        used = {one.get(named) for one in section.iter() if one.get(named)}
        assert used, named
        assert used <= known, named
        counted = [one for one in head.iter() if one.get("itemCnt") and one[0].tag == f"{HH}{held}"]
        assert [int(one.get("itemCnt")) for one in counted] == [len(known)]


def test_the_pdf_can_be_read_and_searched():
    document = pypdfium2.PdfDocument(pdf(SHEET))
    pages = [page.get_textpage().get_text_range() for page in document]
    assert len(pages) > 1
    assert "영상정보 제공대장" in pages[0]
    assert "뷁쀍 힣" in pages[0]
    assert all("파일명·형태" in page for page in pages), "the head stands on every page"
    assert "60건" in pages[-1]


def test_no_syllable_is_an_empty_box():
    """Each is drawn differently: a font without them draws the same box for all."""
    drawn = []
    for syllable in ("뷁", "쀍", "힣", "한"):
        sheet = Sheet(syllable, [], ["x"], [], (1,))
        page = pypdfium2.PdfDocument(pdf(sheet))[0]
        picture = numpy.asarray(page.render(scale=2).to_pil().convert("L"))
        drawn.append(picture[:120].tobytes())
        assert picture.min() < 128
    assert len(set(drawn)) == len(drawn)
