"""Translations: compiled without gettext tools, and complete in Korean."""

import gettext

import pytest

from controlroom.runtime import catalogs, msgids

HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A checkout of one room whose catalog the test writes."""
    folder = tmp_path / "cctv" / "locale" / "ko" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    monkeypatch.setattr(catalogs, "CHECKOUT", tmp_path)
    return folder / "django.po"


def test_a_catalog_is_compiled_once_until_it_changes(room):
    room.write_text(f'{HEADER}msgid "camera"\nmsgstr "카메라"\n', encoding="utf-8")
    assert catalogs.compile_all() == 1
    assert catalogs.compile_all() == 0
    with room.with_suffix(".mo").open("rb") as stream:
        assert gettext.GNUTranslations(stream).gettext("camera") == "카메라"


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        ('msgid "camera"\nmsgstr ""\n', True),
        ('#, fuzzy\nmsgid "camera"\nmsgstr "카메라"\n', True),
        ('msgid "camera"\nmsgstr "카메라"\n', False),
    ],
)
def test_missing_and_guessed_korean_is_named(room, entry, named):
    room.write_text(HEADER + entry, encoding="utf-8")
    assert bool(catalogs.incomplete()) is named


def test_texts_are_found_in_python_templates_and_browser_modules(tmp_path, monkeypatch):
    for path, text in {
        "cctv/views.py": 'title = _("camera")\nmany = ngettext("one pole", "%(n)s poles", n)\n',
        "templates/page.html": '{% load i18n %}<p title="{% translate "map" %}">{{ x }}</p>',
        "static/js/panel.js": 'import { t } from "./text.js";\nconst label = `<${t("close")}>`;\n',
    }.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    for module in (catalogs, msgids):
        monkeypatch.setattr(module, "CHECKOUT", tmp_path)
    assert msgids.untranslated() == [
        "cctv/views.py:1 'camera'",
        "cctv/views.py:2 'one pole'",
        "templates/page.html:1 'map'",
        "static/js/panel.js:2 'close' (djangojs)",
    ]
