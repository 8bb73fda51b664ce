"""Brings the room up to date before it opens: translations, tables, static files, the demo city."""

import hashlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

from controlroom.runtime import catalogs


def main(wanted: list[str]) -> int:
    """Run the steps that are named, each with its time, in one process: Django starts slowly."""
    _step("translations", _compile)
    _step("start-up", django.setup)
    steps: dict[str, Callable[[], object]] = {
        "migrate": lambda: call_command("migrate", interactive=False, verbosity=0),
        "static": _collect,
        "demo": lambda: call_command("demo"),
    }
    for name in wanted:
        _step(name, steps[name])
    return 0


def _step(name: str, work: Callable[[], object]) -> None:
    began = time.monotonic()
    work()
    print(f"  {name:<16} {time.monotonic() - began:5.1f} s", flush=True)


def _compile() -> None:
    catalogs.compile_all()


def _collect() -> None:
    """Collect static files only when one has changed: hashing and compressing takes seconds."""
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    fingerprint = _static_fingerprint()
    if stamp.exists() and stamp.read_text(encoding="ascii") == fingerprint:
        return
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(fingerprint, encoding="ascii")


def _static_fingerprint() -> str:
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = Path(storage.path(path)).stat()
            digest.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
