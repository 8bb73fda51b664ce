"""The texts in the sources: every one that a person sees must have its Korean in a catalog."""

import gettext
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
from babel.messages.extract import extract
from django.utils.translation.template import templatize

from controlroom.runtime import catalogs
from controlroom.runtime.places import CHECKOUT

Keywords = dict[str, Any]
_ONE = dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"))
_PLURAL = dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2))
_CONTEXT = dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2))
PYTHON: Keywords = {**_ONE, **_PLURAL, **_CONTEXT}
JAVASCRIPT: Keywords = {"t": None, "gettext": None, "ngettext": (1, 2)}


def untranslated() -> list[str]:
    """Name every text of the sources that no Korean catalog of ours, nor Django's own, holds."""
    known = _ours("django") | _djangos()
    known_to_browser = _ours("djangojs")
    found = [
        f"{path.relative_to(CHECKOUT)}:{line} {text!r}"
        for path, line, text in [*_of_python(), *_of_templates()]
        if text not in known
    ]
    found += [
        f"{path.relative_to(CHECKOUT)}:{line} {text!r} (djangojs)"
        for path, line, text in _of_browser()
        if text not in known_to_browser
    ]
    return found


def _of_python() -> Iterator[tuple[Path, int, str]]:
    for room in catalogs.ROOMS:
        for path in sorted((CHECKOUT / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield from _extract(path, path.read_bytes(), "python", PYTHON)


def _of_templates() -> Iterator[tuple[Path, int, str]]:
    for folder in (CHECKOUT / "templates", *(CHECKOUT / room for room in catalogs.ROOMS)):
        for path in sorted(folder.rglob("*.html")):
            as_python = templatize(path.read_text(encoding="utf-8"), origin=str(path))
            yield from _extract(path, as_python.encode(), "python", PYTHON)


def _of_browser() -> Iterator[tuple[Path, int, str]]:
    for path in sorted((CHECKOUT / "static" / "js").rglob("*.js")):
        yield from _extract(path, path.read_bytes(), "javascript", JAVASCRIPT)


def _extract(
    path: Path, text: bytes, method: str, keywords: Keywords
) -> Iterator[tuple[Path, int, str]]:
    options = {"parse_template_string": True, "encoding": "utf-8"}
    for line, message, _comments, _context in extract(
        method, io.BytesIO(text), keywords, options=options
    ):
        first = message[0] if isinstance(message, tuple) else message
        if first:
            yield path, line, first


def _ours(domain: str) -> set[str]:
    known: set[str] = set()
    for source in catalogs.sources():
        if source.parts[-3] == "ko" and source.stem == domain:
            ids = [message.id for message in catalogs.read(source)]
            known |= {each[0] if isinstance(each, (tuple, list)) else each for each in ids}
    return known


def _djangos() -> set[str]:
    known: set[str] = set()
    for path in Path(django.__file__).parent.rglob("locale/ko/LC_MESSAGES/django.mo"):
        with path.open("rb") as stream:
            catalog: dict[Any, str] = gettext.GNUTranslations(stream)._catalog  # type: ignore[attr-defined]  # noqa: SLF001 - its only list of messages
        known |= {each[0] if isinstance(each, tuple) else each for each in catalog}
    return {each.rpartition("\x04")[2] for each in known}


if __name__ == "__main__":
    lacking = catalogs.incomplete() + untranslated()
    print("\n".join(lacking))
    sys.exit(bool(lacking))
