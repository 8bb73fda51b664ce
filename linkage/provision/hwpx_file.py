"""The register as HWPX, the open package of the Hangul word processor (OWPML, KS X 6101).

A zip whose first entry is `mimetype`, stored; `META-INF/container.xml` names the root
`Contents/content.hpf`, whose manifest names the head (fonts, borders, styles by number) and the one
section, which holds the text and the table. Lengths are HWPUNIT: 7,200 to the inch.
"""

import io
import zipfile
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from linkage.provision.sheet import Sheet

MIMETYPE = "application/hwp+zip"
# A4 across, with the margins of an ordinary document.
PAGE_WIDTH, PAGE_HEIGHT, MARGIN = 84186, 59528, 4252
TEXT_WIDTH = PAGE_WIDTH - 2 * MARGIN
CELL_MARGIN, ROW_HEIGHT = 141, 1400
LANGUAGES = ("HANGUL", "LATIN", "HANJA", "JAPANESE", "OTHER", "SYMBOL", "USER")
FACE = "함초롬돋움"
# The word processor wants all of them declared, used or not.
NAMESPACES = " ".join(
    f'xmlns:{prefix}="{name}"'
    for prefix, name in {
        "ha": "http://www.hancom.co.kr/hwpml/2011/app",
        "hp": "http://www.hancom.co.kr/hwpml/2011/paragraph",
        "hp10": "http://www.hancom.co.kr/hwpml/2016/paragraph",
        "hs": "http://www.hancom.co.kr/hwpml/2011/section",
        "hc": "http://www.hancom.co.kr/hwpml/2011/core",
        "hh": "http://www.hancom.co.kr/hwpml/2011/head",
        "hhs": "http://www.hancom.co.kr/hwpml/2011/history",
        "hm": "http://www.hancom.co.kr/hwpml/2011/master-page",
        "hpf": "http://www.hancom.co.kr/schema/2011/hpf",
        "dc": "http://purl.org/dc/elements/1.1/",
        "opf": "http://www.idpf.org/2007/opf/",
        "ooxmlchart": "http://www.hancom.co.kr/hwpml/2016/ooxmlchart",
        "hwpunitchar": "http://www.hancom.co.kr/hwpml/2016/HwpUnitChar",
        "epub": "http://www.idpf.org/2007/ops",
        "config": "urn:oasis:names:tc:opendocument:xmlns:config:1.0",
    }.items()
)
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes" ?>'
# Numbers by which the section names what the head holds.
BODY, TITLE, CELL, HEAD = range(4)
JUSTIFIED, CENTRED, LEFT = range(3)
NO_BORDER, LINED, SHADED = 1, 2, 3
PACKAGE = "http://www.hancom.co.kr/hwpml/2016/meta/pkg#"


def hwpx(sheet: Sheet) -> bytes:
    """Write the sheet."""
    parts = {
        "version.xml": VERSION,
        "settings.xml": SETTINGS,
        "META-INF/container.xml": CONTAINER,
        "META-INF/container.rdf": RELATIONS,
        "META-INF/manifest.xml": MANIFEST,
        "Contents/content.hpf": _content(sheet),
        "Contents/header.xml": _header(),
        "Contents/section0.xml": _section(sheet),
        "Preview/PrvText.txt": "\r\n".join([sheet.title, *sheet.lines]),
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("mimetype", MIMETYPE, compress_type=zipfile.ZIP_STORED)
        for name, text in parts.items():
            package.writestr(name, text.encode())
    return made.getvalue()


VERSION = (
    f'{XML}<hv:HCFVersion xmlns:hv="http://www.hancom.co.kr/hwpml/2011/version" '
    'tagetApplication="WORDPROCESSOR" major="5" minor="1" micro="1" buildNumber="0" os="10" '
    'xmlVersion="1.5" application="Control room" appVersion="1"/>'
)
SETTINGS = (
    f"{XML}<ha:HWPApplicationSetting {NAMESPACES}>"
    '<ha:CaretPosition listIDRef="0" paraIDRef="0" pos="0"/></ha:HWPApplicationSetting>'
)
CONTAINER = (
    f'{XML}<ocf:container xmlns:ocf="urn:oasis:names:tc:opendocument:xmlns:container">'
    '<ocf:rootfiles><ocf:rootfile full-path="Contents/content.hpf" '
    'media-type="application/hwpml-package+xml"/><ocf:rootfile full-path="Preview/PrvText.txt" '
    'media-type="text/plain"/><ocf:rootfile full-path="META-INF/container.rdf" '
    'media-type="application/rdf+xml"/></ocf:rootfiles></ocf:container>'
)
MANIFEST = f'{XML}<odf:manifest xmlns:odf="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
RELATIONS = (
    f'{XML}<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:pkg="{PACKAGE}">'
    + "".join(
        f'<rdf:Description rdf:about=""><pkg:hasPart rdf:resource="{part}"/></rdf:Description>'
        f'<rdf:Description rdf:about="{part}"><rdf:type rdf:resource="{PACKAGE}{kind}"/>'
        "</rdf:Description>"
        for part, kind in (
            ("Contents/header.xml", "HeaderFile"),
            ("Contents/section0.xml", "SectionFile"),
        )
    )
    + f'<rdf:Description rdf:about=""><rdf:type rdf:resource="{PACKAGE}Document"/>'
    "</rdf:Description></rdf:RDF>"
)


def _content(sheet: Sheet) -> str:
    items = (("header", "Contents/header.xml"), ("section0", "Contents/section0.xml"))
    files = (*items, ("settings", "settings.xml"))
    return (
        f'{XML}<opf:package {NAMESPACES} version="" unique-identifier="" id=""><opf:metadata>'
        f"<opf:title>{_text(sheet.title)}</opf:title>"
        f"<opf:language>{sheet.language}</opf:language></opf:metadata><opf:manifest>"
        + "".join(
            f'<opf:item id="{name}" href="{href}" media-type="application/xml"/>'
            for name, href in files
        )
        + "</opf:manifest><opf:spine>"
        + "".join(f'<opf:itemref idref="{name}" linear="yes"/>' for name, _href in items)
        + "</opf:spine></opf:package>"
    )


# --- the head ----------------------------------------------------------------------------
def _header() -> str:
    fonts = "".join(
        f'<hh:fontface lang="{language}" fontCnt="1"><hh:font id="0" face={quoteattr(FACE)} '
        'type="TTF" isEmbedded="0"/></hh:fontface>'
        for language in LANGUAGES
    )
    borders = [
        _border(NO_BORDER, "NONE"),
        _border(LINED, "SOLID"),
        _border(SHADED, "SOLID", "#E2E7EC"),
    ]
    letters = [
        _letters(BODY, 900),
        _letters(TITLE, 1600, bold=True),
        _letters(CELL, 700),
        _letters(HEAD, 700, bold=True),
    ]
    paragraphs = [_lines(JUSTIFIED, "JUSTIFY"), _lines(CENTRED, "CENTER"), _lines(LEFT, "LEFT")]
    return (
        f'{XML}<hh:head {NAMESPACES} version="1.5" secCnt="1">'
        '<hh:beginNum page="1" footnote="1" endnote="1" pic="1" tbl="1" equation="1"/><hh:refList>'
        f'<hh:fontfaces itemCnt="{len(LANGUAGES)}">{fonts}</hh:fontfaces>'
        f'<hh:borderFills itemCnt="{len(borders)}">{"".join(borders)}</hh:borderFills>'
        f'<hh:charProperties itemCnt="{len(letters)}">{"".join(letters)}</hh:charProperties>'
        '<hh:tabProperties itemCnt="1"><hh:tabPr id="0" autoTabLeft="0" autoTabRight="0"/>'
        '</hh:tabProperties><hh:numberings itemCnt="1"><hh:numbering id="1" start="0">'
        '<hh:paraHead start="1" level="1" align="LEFT" useInstWidth="1" autoIndent="1" '
        'widthAdjust="0" textOffsetType="PERCENT" textOffset="50" numFormat="DIGIT" '
        'charPrIDRef="4294967295" checkable="0">^1.</hh:paraHead></hh:numbering></hh:numberings>'
        f'<hh:paraProperties itemCnt="{len(paragraphs)}">{"".join(paragraphs)}</hh:paraProperties>'
        '<hh:styles itemCnt="1"><hh:style id="0" type="PARA" name="바탕글" engName="Normal" '
        f'paraPrIDRef="{JUSTIFIED}" charPrIDRef="{BODY}" nextStyleIDRef="0" langID="1042" '
        'lockForm="0"/></hh:styles></hh:refList><hh:compatibleDocument targetProgram="HWP201X">'
        "<hh:layoutCompatibility/></hh:compatibleDocument><hh:docOption>"
        '<hh:linkinfo path="" pageInherit="0" footnoteInherit="0"/></hh:docOption>'
        '<hh:trackchageConfig flags="56"/></hh:head>'
    )


def _border(number: int, line: str, fill: str = "") -> str:
    sides = "".join(
        f'<hh:{side}Border type="{line}" width="0.12 mm" color="#000000"/>'
        for side in ("left", "right", "top", "bottom")
    )
    brush = (
        f'<hc:fillBrush><hc:winBrush faceColor="{fill}" hatchColor="#999999" alpha="0"/>'
        "</hc:fillBrush>"
        if fill
        else ""
    )
    return (
        f'<hh:borderFill id="{number}" threeD="0" shadow="0" centerLine="NONE" '
        'breakCellSeparateLine="0"><hh:slash type="NONE" Crooked="0" isCounter="0"/>'
        '<hh:backSlash type="NONE" Crooked="0" isCounter="0"/>'
        f'{sides}<hh:diagonal type="SOLID" width="0.1 mm" color="#000000"/>{brush}</hh:borderFill>'
    )


def _letters(number: int, height: int, *, bold: bool = False) -> str:
    def of_all(value: int) -> str:
        return " ".join(f'{language.lower()}="{value}"' for language in LANGUAGES)

    return (
        f'<hh:charPr id="{number}" height="{height}" textColor="#000000" shadeColor="none" '
        f'useFontSpace="0" useKerning="0" symMark="NONE" borderFillIDRef="{NO_BORDER}">'
        f"<hh:fontRef {of_all(0)}/><hh:ratio {of_all(100)}/><hh:spacing {of_all(0)}/>"
        f"<hh:relSz {of_all(100)}/><hh:offset {of_all(0)}/>{'<hh:bold/>' if bold else ''}"
        '<hh:underline type="NONE" shape="SOLID" color="#000000"/>'
        '<hh:strikeout shape="NONE" color="#000000"/><hh:outline type="NONE"/>'
        '<hh:shadow type="NONE" color="#C0C0C0" offsetX="10" offsetY="10"/></hh:charPr>'
    )


def _lines(number: int, align: str) -> str:
    margin = "".join(
        f'<hc:{side} value="0" unit="HWPUNIT"/>'
        for side in ("intent", "left", "right", "prev", "next")
    )
    return (
        f'<hh:paraPr id="{number}" tabPrIDRef="0" condense="0" fontLineHeight="0" snapToGrid="1" '
        'suppressLineNumbers="0" checked="0"><hh:align '
        f'horizontal="{align}" vertical="BASELINE"/><hh:heading type="NONE" idRef="0" level="0"/>'
        '<hh:breakSetting breakLatinWord="KEEP_WORD" breakNonLatinWord="KEEP_WORD" '
        'widowOrphan="0" keepWithNext="0" keepLines="0" pageBreakBefore="0" lineWrap="BREAK"/>'
        f'<hh:autoSpacing eAsianEng="0" eAsianNum="0"/><hh:margin>{margin}</hh:margin>'
        '<hh:lineSpacing type="PERCENT" value="130" unit="HWPUNIT"/>'
        f'<hh:border borderFillIDRef="{NO_BORDER}" offsetLeft="0" offsetRight="0" offsetTop="0" '
        'offsetBottom="0" connect="0" ignoreMargin="0"/></hh:paraPr>'
    )


# --- the section -------------------------------------------------------------------------
def _section(sheet: Sheet) -> str:
    first = _run(BODY, f"{_page()}{_columns()}") + _run(TITLE, _said(sheet.title))
    paragraphs = [
        _paragraph(CENTRED, first),
        *(_paragraph(JUSTIFIED, _run(BODY, _said(line))) for line in sheet.lines),
        _paragraph(JUSTIFIED, _run(BODY, _table(sheet) + "<hp:t/>")),
        *(_paragraph(JUSTIFIED, _run(BODY, _said(line))) for line in sheet.foot),
    ]
    return f"{XML}<hs:sec {NAMESPACES}>{''.join(paragraphs)}</hs:sec>"


def _paragraph(shape: int, runs: str) -> str:
    return (
        f'<hp:p id="0" paraPrIDRef="{shape}" styleIDRef="0" pageBreak="0" columnBreak="0" '
        f'merged="0">{runs}</hp:p>'
    )


def _run(letters: int, inside: str) -> str:
    return f'<hp:run charPrIDRef="{letters}">{inside}</hp:run>'


def _said(text: str) -> str:
    return f"<hp:t>{_text(text)}</hp:t>"


def _text(text: str) -> str:
    """Escape a text; what XML cannot hold is left out."""
    return escape("".join(sign for sign in text if sign >= " " and sign not in "\ufffe\uffff"))


def _page() -> str:
    borders = "".join(
        f'<hp:pageBorderFill type="{pages}" borderFillIDRef="{NO_BORDER}" textBorder="PAPER" '
        'headerInside="0" footerInside="0" fillArea="PAPER"><hp:offset left="1417" right="1417" '
        'top="1417" bottom="1417"/></hp:pageBorderFill>'
        for pages in ("BOTH", "EVEN", "ODD")
    )
    return (
        '<hp:secPr id="" textDirection="HORIZONTAL" spaceColumns="1134" tabStop="8000" '
        'tabStopVal="4000" tabStopUnit="HWPUNIT" outlineShapeIDRef="1" memoShapeIDRef="0" '
        'textVerticalWidthHead="0" masterPageCnt="0"><hp:grid lineGrid="0" charGrid="0" '
        'wonggojiFormat="0"/><hp:startNum pageStartsOn="BOTH" page="0" pic="0" tbl="0" '
        'equation="0"/><hp:visibility hideFirstHeader="0" hideFirstFooter="0" '
        'hideFirstMasterPage="0" border="SHOW_ALL" fill="SHOW_ALL" hideFirstPageNum="0" '
        'hideFirstEmptyLine="0" showLineNumber="0"/><hp:lineNumberShape restartType="0" '
        # The word processor turns the paper: landscape names the direction of the sheet, and width
        # and height are those of the paper that is turned.
        'countBy="0" distance="0" startNumber="0"/><hp:pagePr landscape="NARROWLY" '
        f'width="{PAGE_HEIGHT}" height="{PAGE_WIDTH}" gutterType="LEFT_ONLY"><hp:margin '
        f'header="2834" footer="2834" gutter="0" left="{MARGIN}" right="{MARGIN}" '
        f'top="{MARGIN}" bottom="{MARGIN}"/></hp:pagePr>{_notes()}{borders}</hp:secPr>'
    )


def _notes() -> str:
    def note(name: str, length: int, between: int, place: str) -> str:
        return (
            f'<hp:{name}><hp:autoNumFormat type="DIGIT" userChar="" prefixChar="" suffixChar=")" '
            f'supscript="0"/><hp:noteLine length="{length}" type="SOLID" width="0.12 mm" '
            f'color="#000000"/><hp:noteSpacing betweenNotes="{between}" belowLine="567" '
            'aboveLine="850"/><hp:numbering type="CONTINUOUS" newNum="1"/>'
            f'<hp:placement place="{place}" beneathText="0"/></hp:{name}>'
        )

    return note("footNotePr", -1, 283, "EACH_COLUMN") + note(
        "endNotePr", 14692344, 0, "END_OF_DOCUMENT"
    )


def _columns() -> str:
    return (
        '<hp:ctrl><hp:colPr id="" type="NEWSPAPER" layout="LEFT" colCount="1" sameSz="1" '
        'sameGap="0"/></hp:ctrl>'
    )


def _table(sheet: Sheet) -> str:
    widths = [TEXT_WIDTH * width // sum(sheet.widths) for width in sheet.widths]
    count = len(sheet.rows) + 1
    return (
        '<hp:tbl id="1" zOrder="0" numberingType="TABLE" textWrap="TOP_AND_BOTTOM" '
        'textFlow="BOTH_SIDES" lock="0" dropcapstyle="None" pageBreak="CELL" repeatHeader="1" '
        f'rowCnt="{count}" colCnt="{len(widths)}" cellSpacing="0" borderFillIDRef="{LINED}" '
        f'noAdjust="0"><hp:sz width="{sum(widths)}" widthRelTo="ABSOLUTE" '
        f'height="{count * ROW_HEIGHT}" heightRelTo="ABSOLUTE" protect="0"/>'
        '<hp:pos treatAsChar="0" affectLSpacing="0" flowWithText="1" allowOverlap="0" '
        'holdAnchorAndSO="0" vertRelTo="PARA" horzRelTo="COLUMN" vertAlign="TOP" '
        'horzAlign="LEFT" vertOffset="0" horzOffset="0"/>'
        '<hp:outMargin left="0" right="0" top="283" bottom="283"/>'
        f'<hp:inMargin left="{CELL_MARGIN}" right="{CELL_MARGIN}" top="{CELL_MARGIN}" '
        f'bottom="{CELL_MARGIN}"/>{"".join(_rows(sheet, widths))}</hp:tbl>'
    )


def _rows(sheet: Sheet, widths: list[int]) -> Iterator[str]:
    for at, row in enumerate((sheet.columns, *sheet.rows)):
        is_head = at == 0
        cells = (
            _cell(text, width, at, column, is_head=is_head)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        yield f"<hp:tr>{''.join(cells)}</hp:tr>"


def _cell(text: str, width: int, row: int, column: int, *, is_head: bool) -> str:
    letters, fill, shape = (HEAD, SHADED, CENTRED) if is_head else (CELL, LINED, LEFT)
    return (
        f'<hp:tc name="" header="{int(is_head)}" hasMargin="0" protect="0" editable="0" dirty="0" '
        f'borderFillIDRef="{fill}"><hp:subList id="" textDirection="HORIZONTAL" lineWrap="BREAK" '
        'vertAlign="CENTER" linkListIDRef="0" linkListNextIDRef="0" textWidth="0" textHeight="0" '
        f'hasTextRef="0" hasNumRef="0">{_paragraph(shape, _run(letters, _said(text)))}'
        f'</hp:subList><hp:cellAddr colAddr="{column}" rowAddr="{row}"/>'
        '<hp:cellSpan colSpan="1" rowSpan="1"/>'
        f'<hp:cellSz width="{width}" height="{ROW_HEIGHT}"/><hp:cellMargin left="{CELL_MARGIN}" '
        f'right="{CELL_MARGIN}" top="{CELL_MARGIN}" bottom="{CELL_MARGIN}"/></hp:tc>'
    )
