"""The register as a PDF: A4 across, its head on every page, Hangul embedded."""

import io
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import TableCellFillMode
from fpdf.fonts import FontFace

from linkage.provision.sheet import Sheet

FONT = Path(__file__).parent / "font" / "Pretendard-Regular.ttf"
FAMILY = "Pretendard"
MARGIN_MM = 10
LINE_MM = 4


class _Paper(FPDF):
    def __init__(self, sheet: Sheet) -> None:
        super().__init__(orientation="landscape", format="A4")
        self.sheet = sheet
        self.add_font(FAMILY, fname=FONT)
        self.set_margins(MARGIN_MM, MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=MARGIN_MM + LINE_MM)
        self.set_title(sheet.title)
        self.set_lang(sheet.language)

    def footer(self) -> None:
        self.set_y(-MARGIN_MM)
        self.set_font(FAMILY, size=7)
        self.cell(0, LINE_MM, f"{self.sheet.title} · {self.page_no()} / {{nb}}", align="C")


def pdf(sheet: Sheet) -> bytes:
    """Write the sheet."""
    paper = _Paper(sheet)
    paper.add_page()
    paper.set_font(FAMILY, size=15)
    paper.cell(0, 9, sheet.title, align="C", new_x="LMARGIN", new_y="NEXT")
    paper.set_font(FAMILY, size=8)
    for line in sheet.lines:
        paper.multi_cell(0, LINE_MM, line, new_x="LMARGIN", new_y="NEXT")
    paper.ln(2)
    paper.set_font(FAMILY, size=7)
    with paper.table(
        col_widths=sheet.widths,
        line_height=3.6,
        padding=0.8,
        text_align="LEFT",
        headings_style=FontFace(fill_color=(226, 231, 236)),
        cell_fill_mode=TableCellFillMode.NONE,
    ) as table:
        for cells in (sheet.columns, *sheet.rows):
            row = table.row()
            for cell in cells:
                row.cell(cell)
    paper.ln(2)
    paper.set_font(FAMILY, size=8)
    for line in sheet.foot:
        paper.multi_cell(0, LINE_MM, line, new_x="LMARGIN", new_y="NEXT")
    made = io.BytesIO()
    paper.output(made)
    return made.getvalue()
