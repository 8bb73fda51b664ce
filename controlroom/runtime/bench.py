"""bin/bench: runs one measurement of bench/ with the services of this checkout."""

import argparse
import ast
from pathlib import Path

from controlroom.runtime import joined, packages, run
from controlroom.runtime.places import CHECKOUT, CannotRun

FOLDER = CHECKOUT / "bench"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="bin/bench",
        description="Run a measurement; its last line is JSON: bench, figures, floor, ratio.",
    )
    parser.add_argument("--list", action="store_true", help="name the measurements")
    parser.add_argument("name", nargs="?", help="which one to run")
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="arguments of the measurement")
    options = parser.parse_args(arguments)
    found = measurements()
    if options.list or not options.name:
        for name, path in found.items():
            print(f"{name:<12} {_first_line(path)}")
        return 0
    if options.name not in found:
        raise CannotRun(f"no measurement {options.name!r}; --list names them")
    run.provide(develop=True)
    return joined.attached([str(packages.PYTHON), str(found[options.name]), *options.rest])


def measurements() -> dict[str, Path]:
    paths = sorted(path for path in FOLDER.glob("*.py") if not path.name.startswith("_"))
    return {path.stem: path for path in paths}


def _first_line(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0]
