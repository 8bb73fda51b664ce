"""Reads road networks in the XML of SUMO and SALT as a stream, trusting nothing in it."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from django.utils.translation import gettext as _
from lxml import etree

from cctv.errors import RoadsInvalid
from cctv.roads.network import EdgeIn, LonLat, NodeIn

REF_AT_MOST = 400
MAX_BYTES = 512 * 1024 * 1024
POINTS_AT_MOST = 10_000
_GZIP = b"\x1f\x8b"


class _Bounded:
    """A stream that ends with an error beyond the limit: a small .gz can hold a large file."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream, self.left = stream, MAX_BYTES

    def read(self, size: int = -1) -> bytes:
        data = self.stream.read(size)
        self.left -= len(data)
        if self.left < 0:
            raise RoadsInvalid(_("the file is too large"))
        return data


def nodes(path: Path) -> Iterator[NodeIn]:
    """Raises: RoadsInvalid, OSError."""
    for line, found in _elements(path, "nodes", "node"):
        yield NodeIn(
            _word(found, "id", line), _place(_word(found, "x", line), _word(found, "y", line), line)
        )


def edges(path: Path) -> Iterator[EdgeIn]:
    """Give the edges; a speed or a length that is no positive number is refused.

    Raises: RoadsInvalid, OSError.
    """
    for line, found in _elements(path, "edges", "edge"):
        yield EdgeIn(
            ref=_word(found, "id", line),
            start=_word(found, "from", line),
            end=_word(found, "to", line),
            line=_line(_word(found, "shape", line), line),
            speed_kmh=_positive(found, "speed", line, 200),
            lanes=round(_positive(found, "numLanes", line, 30)),
            length_m=_positive(found, "edge_len", line, 100_000),
            name=(found.get("name") or "")[:100],
        )


def kind_of(path: Path) -> str:
    """Say whether a file holds "nodes" or "edges", by its first element.

    Raises: RoadsInvalid, OSError.
    """
    for _event, element in _parsed(path, events=("start",)):
        name = _local(element)
        if name in {"nodes", "edges"}:
            return name
        break
    raise RoadsInvalid(_("%(file)s holds neither nodes nor edges") % {"file": path.name})


def _elements(path: Path, root: str, name: str) -> Iterator[tuple[int, dict[str, str]]]:
    is_first = True
    for event, element in _parsed(path, events=("start", "end")):
        if is_first and _local(element) != root:
            raise RoadsInvalid(_("%(file)s holds no %(what)s") % {"file": path.name, "what": root})
        is_first = False
        if event == "end" and _local(element) == name:
            yield element.sourceline or 0, dict(element.attrib)
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]


def _parsed(path: Path, *, events: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    with path.open("rb") as opened:
        is_packed = opened.read(2) == _GZIP
        opened.seek(0)
        stream = cast(IO[bytes], gzip.GzipFile(fileobj=opened) if is_packed else opened)
        reading = etree.iterparse(
            _Bounded(stream),
            events=events,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
        )
        try:
            for event, element in reading:
                if element.getroottree().docinfo.doctype:
                    raise RoadsInvalid(_("a document type is not allowed"))
                yield event, element
        except (etree.XMLSyntaxError, EOFError, gzip.BadGzipFile) as error:
            raise RoadsInvalid(
                _("%(file)s is not readable XML") % {"file": path.name},
                fields={"file": [str(error)[:200]]},
            ) from error


def _local(element: Any) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _refuse(line: int, name: str, why: str) -> RoadsInvalid:
    return RoadsInvalid(_("line %(line)s cannot be read") % {"line": line}, fields={name: [why]})


def _word(found: dict[str, str], name: str, line: int) -> str:
    value = found.get(name, "").strip()
    if not value or (name in {"id", "from", "to"} and len(value) > REF_AT_MOST):
        raise _refuse(line, name, _("This field is required.") if not value else _("too long"))
    return value


def _positive(found: dict[str, str], name: str, line: int, at_most: float) -> float:
    try:
        value = float(_word(found, name, line))
    except ValueError as error:
        raise _refuse(line, name, _("not a number")) from error
    if not 0 < value <= at_most:
        raise _refuse(line, name, _("must be above 0 and at most %(most)s") % {"most": at_most})
    return value


def _place(x: str, y: str, line: int) -> LonLat:
    try:
        lon, lat = float(x), float(y)
    except ValueError as error:
        raise _refuse(line, "x, y", _("not a number")) from error
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise _refuse(line, "x, y", _("not a place on earth"))
    return lon, lat


def _line(shape: str, line: int) -> tuple[LonLat, ...]:
    words = shape.split()
    if not 2 <= len(words) <= POINTS_AT_MOST:
        raise _refuse(line, "shape", _("a line needs two different points"))
    points = []
    for word in words:
        x, _comma, rest = word.partition(",")
        points.append(_place(x, rest.split(",")[0], line))
    return tuple(points)
