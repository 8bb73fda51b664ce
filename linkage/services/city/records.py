"""Read the flat records of an untrusted JSON or XML answer, bounded and without entities."""

import json
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

MAX_BYTES = 8 * 1024 * 1024
MAX_RECORDS = 20_000
MAX_DEPTH = 16
MAX_CELL = 4_000

Record = dict[str, str]


class Unreadable(ValueError):
    """The answer as a whole is no list of records; `code` says why."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


def read(raw: bytes, *, containers: frozenset[str]) -> list[Record]:
    """Give the records: JSON objects, or the XML elements with one of these names.

    Raises: Unreadable.
    """
    if len(raw) > MAX_BYTES:
        raise Unreadable("too_large", str(len(raw)))
    start = raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start == b"<":
        return _xml(raw, containers)
    if start in {b"{", b"["}:
        return _json(raw, containers)
    raise Unreadable("not_json_or_xml")


def _json(raw: bytes, containers: frozenset[str]) -> list[Record]:
    try:
        document = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Unreadable("not_json", type(error).__name__) from error
    refusal = _refusal(document)
    if refusal:
        raise Unreadable("refused_by_source", refusal)
    rows = _rows(document, containers, 0)
    if rows is None:
        raise Unreadable("no_records")
    if len(rows) > MAX_RECORDS:
        raise Unreadable("too_many_records", str(len(rows)))
    return [
        {str(name): _cell(value) for name, value in row.items()}
        for row in rows
        if isinstance(row, dict)
    ]


def _refusal(document: Any) -> str:
    """Give what the header of an answer says when it is no success."""
    header = document.get("header") if isinstance(document, dict) else None
    if not isinstance(header, dict):
        return ""
    code = str(header.get("resultCode", "0"))
    return "" if set(code) == {"0"} else f"{code} {header.get('resultMsg', '')}"[:200]


def _rows(node: Any, containers: frozenset[str], depth: int) -> list[Any] | None:
    """Find the list under one of the names; one record alone may stand without its list."""
    if isinstance(node, list):
        return node
    if not isinstance(node, dict) or depth > MAX_DEPTH:
        return None
    named = sorted(containers & set(node))
    if named:
        return _named_rows(node[named[0]], containers, depth)
    deeper = (_rows(inner, containers, depth + 1) for inner in node.values() if _is_object(inner))
    return next((found for found in deeper if found is not None), None)


def _named_rows(inner: Any, containers: frozenset[str], depth: int) -> list[Any]:
    if isinstance(inner, list):
        return inner
    if not _is_object(inner):
        return []
    deeper = _rows(inner, containers, depth + 1)
    return [inner] if deeper is None else deeper


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.replace("\x00", "").strip()[:MAX_CELL]


@dataclass
class _Reader:
    """Collects records while expat reads; anything but elements and text is refused."""

    containers: frozenset[str]
    records: list[Record] = field(default_factory=list)
    path: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    code: str = ""
    message: str = ""
    inside: int = 0

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        self.path.append(name)
        if len(self.path) > MAX_DEPTH:
            raise Unreadable("too_deep")
        self.text = []
        if name in self.containers:
            # <items> holds <item>s: the innermost container is the record.
            if self.inside == len(self.path) - 1 and not self.records[-1]:
                self.records.pop()
            self.inside = len(self.path)
            self.records.append({})
            if len(self.records) > MAX_RECORDS:
                raise Unreadable("too_many_records")

    def end(self, name: str) -> None:
        said = "".join(self.text).replace("\x00", "").strip()[:MAX_CELL]
        if self.inside and len(self.path) == self.inside + 1:
            self.records[-1][name] = said
        elif len(self.path) == self.inside:
            self.inside = 0
            if not self.records[-1]:
                self.records.pop()
        elif name in {"resultCode", "errCd", "returnReasonCode"}:
            self.code = said
        elif name in {"resultMsg", "errMsg", "returnAuthMsg"}:
            self.message = said
        self.path.pop()
        self.text = []

    def data(self, text: str) -> None:
        if sum(map(len, self.text)) <= MAX_CELL:
            self.text.append(text)


def _refuse_doctype(*_args: Any) -> None:
    raise Unreadable("doctype")


def _xml(raw: bytes, containers: frozenset[str]) -> list[Record]:
    reader = _Reader(containers)
    parser = expat.ParserCreate()
    # No document type, so no entities: neither a file of ours nor a billion laughs.
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    try:
        parser.Parse(raw, True)  # noqa: FBT003 - it takes no keywords
    except (expat.ExpatError, LookupError, ValueError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("not_xml", str(error)[:100]) from error
    if reader.code.strip("0"):
        raise Unreadable("refused_by_source", f"{reader.code} {reader.message}"[:200])
    return reader.records
