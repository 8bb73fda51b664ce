"""Read a register file as it comes: gzip, encoding, delimiter, header; in constant memory."""

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

from cctv.register import columns

BLOCK = 1 << 20
MAX_LINE = 64 * 1024
MAX_ROWS = 5_000_000
ENCODINGS = ("utf-8-sig", "utf-8", "cp949", "utf-16")
SAMPLE_ROWS = 60


class UnreadableFile(ValueError):
    """The file as a whole cannot be a register; `code` says why."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Form:
    """How the file is written, seen from its first rows."""

    encoding: str
    delimiter: str
    has_header: bool
    header: list[str]
    sample: list[list[str]]

    @property
    def width(self) -> int:
        return len(self.header)


class Line(NamedTuple):
    """One record: its line number in the file (from 1) and its cells; None cannot be read."""

    number: int
    cells: list[str] | None


@contextmanager
def opened(path: Path) -> Iterator[tuple[Any, IO[bytes]]]:
    """Give the plain bytes, and the file itself whose position tells progress."""
    with path.open("rb") as outer:
        magic = outer.read(4)
        outer.seek(0)
        if magic[:2] == b"\x1f\x8b":
            try:
                with gzip.GzipFile(fileobj=outer) as inner:
                    yield inner, outer
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise UnreadableFile("broken_gzip", str(error)) from error
        elif magic[:2] == b"PK" or magic == b"\xd0\xcf\x11\xe0":
            raise UnreadableFile("spreadsheet")
        else:
            yield outer, outer


def sniff_encoding(path: Path) -> str:
    """Find the encoding by reading the whole file once: CP949 and UTF-8 exclude each other."""
    with opened(path) as (plain, _outer):
        first = plain.read(4)
    if not first:
        raise UnreadableFile("empty")
    if first.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if first[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        return "utf-16"
    counts = {name: _undecodable(path, name) for name in ("utf-8", "cp949")}
    if not counts["utf-8"]:
        return "utf-8"
    return min(("cp949", "utf-8"), key=lambda name: counts[name])


def _undecodable(path: Path, encoding: str) -> int:
    """Count the bytes that the encoding cannot read (about: replacements)."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    bad = 0
    with opened(path) as (plain, _outer):
        while block := plain.read(BLOCK):
            bad += decoder.decode(block).count("\ufffd")
        bad += decoder.decode(b"", final=True).count("\ufffd")
    return bad


def look(path: Path, *, encoding: str = "", has_header: bool | None = None) -> Form:
    """Look at the first rows: encoding, delimiter, header.

    Raises: UnreadableFile.
    """
    encoding = encoding or sniff_encoding(path)
    with opened(path) as (plain, _outer), _text(plain, encoding) as text:
        start = text.read(8192)
    delimiter = _delimiter(start)
    sample = []
    for line in _records(path, encoding, delimiter):
        if line.cells is not None and any(cell.strip() for cell in line.cells):
            sample.append(line.cells)
        if len(sample) > SAMPLE_ROWS:
            break
    if not sample:
        raise UnreadableFile("empty")
    if has_header is None:
        has_header = columns.looks_like_header(sample[0])
    width = max(len(row) for row in sample)
    header = sample[0] if has_header else [str(n) for n in range(1, width + 1)]
    header = [name.strip("\ufeff ") for name in header]
    return Form(encoding, delimiter, has_header, header, sample[1:] if has_header else sample)


def _delimiter(start: str) -> str:
    first = start.splitlines()[0] if start.strip() else ""
    return max(",\t;|", key=lambda sign: (first.count(sign), sign == ","))


def _text(plain: IO[bytes], encoding: str) -> io.TextIOWrapper:
    # errors="replace": one bad byte spoils its row, not the file.
    return io.TextIOWrapper(plain, encoding, errors="replace", newline="")


def records(path: Path, form: Form, *, skip: int = 0) -> Iterator[tuple[Line, int]]:
    """Stream the data rows after the first `skip`, each with the bytes of the file behind it."""
    passed = 0
    for line, position in _records_with_position(path, form.encoding, form.delimiter):
        if form.has_header and passed == 0:
            passed = 1
            continue
        passed += 1
        if passed - form.has_header > skip:
            yield line, position


def _records(path: Path, encoding: str, delimiter: str) -> Iterator[Line]:
    for line, _position in _records_with_position(path, encoding, delimiter):
        yield line


def _records_with_position(path: Path, encoding: str, delimiter: str) -> Iterator[tuple[Line, int]]:
    count = position = 0
    with opened(path) as (plain, outer), _text(plain, encoding) as text:
        reader = csv.reader(_bounded(text), delimiter=delimiter)
        while True:
            try:
                cells: list[str] | None = next(reader)
            except StopIteration:
                return
            except csv.Error:
                cells = None
            if cells == []:
                continue
            count += 1
            if count > MAX_ROWS:
                raise UnreadableFile("too_many_rows", str(MAX_ROWS))
            if count % 256 == 0:
                position = outer.tell()
            yield Line(reader.line_num, cells), position


def _bounded(text: io.TextIOWrapper) -> Iterator[str]:
    """Give physical lines; one without end would otherwise fill the memory."""
    while line := text.readline(MAX_LINE):
        if len(line) >= MAX_LINE:
            raise UnreadableFile("line_too_long", str(MAX_LINE))
        yield line
