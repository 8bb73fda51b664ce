"""Static files as they are served: hashed names, and ES modules that import each other by them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import override_settings

MODULE_IMPORT = re.compile(
    r"""(?:^|[;}\n])\s*(?:import|export)\b[^;'"]*?\bfrom\s*["'](\.[^"']+)["']"""
)
DYNAMIC_IMPORT = re.compile(r"""\bimport\(\s*["'](\.[^"']+)["']\s*\)""")
STORAGE = "controlroom.staticfiles.ModuleManifestStorage"


@pytest.fixture(scope="module")
def collected(tmp_path_factory) -> Path:
    """Collect every static file the way bin/run does, into a folder of this test run."""
    target = tmp_path_factory.mktemp("static")
    storages = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": STORAGE},
    }
    with override_settings(STATIC_ROOT=target, STORAGES=storages):
        call_command("collectstatic", interactive=False, verbosity=0)
    return target


def manifest(collected: Path) -> dict[str, str]:
    return json.loads((collected / "staticfiles.json").read_text(encoding="utf-8"))["paths"]


def our_modules(collected: Path) -> dict[str, str]:
    return {
        name: hashed
        for name, hashed in manifest(collected).items()
        if name.startswith("js/") and name.endswith(".js")
    }


def imports(collected: Path) -> Iterator[tuple[Path, str]]:
    for hashed in our_modules(collected).values():
        text = (collected / hashed).read_text(encoding="utf-8")
        for imported in MODULE_IMPORT.findall(text) + DYNAMIC_IMPORT.findall(text):
            yield collected / hashed, imported


def test_every_static_file_gets_a_hashed_name(collected):
    paths = manifest(collected)
    assert paths
    assert [name for name, hashed in paths.items() if not (collected / hashed).is_file()] == []
    assert [name for name, hashed in paths.items() if name == hashed] == []


def test_our_modules_import_each_other_by_hashed_names(collected):
    hashed_names = {Path(hashed).name for hashed in manifest(collected).values()}
    plain = [
        f"{file.name}: {imported}"
        for file, imported in imports(collected)
        if Path(imported).name not in hashed_names
    ]
    assert plain == []


def test_hashed_imports_lead_to_files(collected):
    lost = [
        f"{file.name}: {imported}"
        for file, imported in imports(collected)
        if not (file.parent / imported).resolve().is_file()
    ]
    assert lost == []


def test_a_module_that_imports_another_is_found_and_rewritten(tmp_path):
    """Prove the pattern and the storage on two files of our own, whatever static/ holds today."""
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "js").mkdir(parents=True)
    (source / "js" / "store.js").write_text("export const store = 1;\n")
    (source / "js" / "main.js").write_text('import { store } from "./store.js";\nstore;\n')
    with override_settings(
        STATIC_ROOT=target,
        STATICFILES_DIRS=[source],
        STATICFILES_FINDERS=["django.contrib.staticfiles.finders.FileSystemFinder"],
        STORAGES={"staticfiles": {"BACKEND": STORAGE}},
    ):
        call_command("collectstatic", interactive=False, verbosity=0)
    hashed = our_modules(target)
    text = (target / hashed["js/main.js"]).read_text(encoding="utf-8")
    assert MODULE_IMPORT.findall(text) == [f"./{Path(hashed['js/store.js']).name}"]
