"""The translations: compiles .po to .mo and says what Korean is missing, without gettext tools."""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from controlroom.runtime.places import CHECKOUT

ROOMS = ("controlroom", "cctv", "incidents", "linkage")


def sources() -> Iterator[Path]:
    for room in ROOMS:
        yield from sorted((CHECKOUT / room).glob("**/locale/*/LC_MESSAGES/*.po"))


def compile_all() -> int:
    """Compile each catalog that is newer than its result; return how many were."""
    compiled = 0
    for source in sources():
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        part = target.with_suffix(".mo.part")
        with part.open("wb") as stream:
            write_mo(stream, read(source))
        part.replace(target)
        compiled += 1
    return compiled


def incomplete() -> list[str]:
    """Name every message without a Korean text, and every one that is only a guess."""
    found = []
    for source in sources():
        if source.parts[-3] != "ko":
            continue
        for message in read(source):
            strings = message.string if isinstance(message.string, tuple) else (message.string,)
            if message.id and (message.fuzzy or not all(strings)):
                found.append(f"{source.relative_to(CHECKOUT)}:{message.lineno} {message.id!r}")
    return found


def read(source: Path) -> Catalog:
    with source.open("rb") as stream:
        return read_po(stream, locale=source.parts[-3])
