"""Every environment variable that the program reads is documented, and the other way round."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
OURS = re.compile(r"CONTROLROOM_[A-Z0-9_]*[A-Z0-9](?![A-Z0-9_])")
DOCUMENTED = re.compile(r"`([A-Z][A-Z0-9_]+)`")
# What every program on the machine reads, and what Django's own documentation covers.
EVERYBODY = {"PATH", "PYTHONPATH", "HOME", "DJANGO_SETTINGS_MODULE", "PYTEST_XDIST_WORKER"}
NOT_VARIABLES = {"NAME_FILE", "INFO"}


def sources() -> Iterator[Path]:
    for folder in ("controlroom", "cctv", "incidents", "linkage"):
        yield from (ROOT / folder).rglob("*.py")
    yield ROOT / "tests" / "conftest.py"


def read_by_calls(tree: ast.AST) -> Iterator[str]:
    """Find env.text("X"), os.environ.get("X"), os.environ.setdefault("X") and os.environ["X"]."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            owner, name = ast.unparse(node.func.value), node.args[0]
        elif isinstance(node, ast.Subscript):
            owner, name = ast.unparse(node.value), node.slice
        else:
            continue
        named = isinstance(name, ast.Constant) and isinstance(name.value, str)
        if owner in {"env", "os.environ"} and named and name.value.isupper():
            yield name.value


def read_by_program() -> set[str]:
    found: set[str] = set()
    for path in sources():
        text = path.read_text(encoding="utf-8")
        found.update(read_by_calls(ast.parse(text)), OURS.findall(text))
    for script in (ROOT / "bin").iterdir():
        found.update(OURS.findall(script.read_text(encoding="utf-8")))
    return {name for name in found if not name.endswith("_FILE") or f"{name[:-5]}" not in found}


def documented() -> set[str]:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    return set(DOCUMENTED.findall(text)) - NOT_VARIABLES


def test_every_variable_that_is_read_is_documented():
    assert read_by_program() - documented() - EVERYBODY == set()


def test_every_documented_variable_is_read():
    assert documented() - read_by_program() == set()


def test_the_example_of_a_deployment_names_only_documented_variables():
    example = (ROOT / "deploy" / "controlroom.env.example").read_text(encoding="utf-8")
    assigned = set(re.findall(r"^#?\s?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE))
    assert assigned
    assert {name.removesuffix("_FILE") for name in assigned} - documented() == set()
