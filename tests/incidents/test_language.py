"""Both languages are complete and say the same."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from django.utils.translation import override

import incidents
from incidents.choices import KindClass, Priority, ReportState, Result, Service, Status

ROOM = Path(incidents.__file__).parent
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "ngettext": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
}


def catalogue():
    with (ROOM / "locale/ko/LC_MESSAGES/django.po").open("rb") as stream:
        return {(m.context, m.id): m.string for m in read_po(stream, locale="ko") if m.id}


def used():
    found = extract_from_dir(ROOM, [("**.py", "python")], keywords=KEYWORDS)
    return {(context, message) for _file, _line, message, _comments, context in found}


def test_every_text_of_this_room_has_a_korean_one_and_no_korean_text_is_left_over():
    assert used() == set(catalogue())


def test_korean_texts_keep_the_placeholders():
    for (_context, message), korean in catalogue().items():
        asked = message if isinstance(message, str) else message[0]
        given = korean if isinstance(korean, str) else korean[0]
        names = re.findall(r"%\(?\w*\)?[sd]", asked)
        assert sorted(names) == sorted(re.findall(r"%\(?\w*\)?[sd]", given)), asked


@pytest.mark.parametrize("choices", [KindClass, Priority, ReportState, Result, Service, Status])
def test_every_choice_has_a_label_in_both_languages(choices):
    for choice in choices:
        with override("ko"):
            assert re.search("[가-힣]", str(choice.label)), choice
        with override("en"):
            assert str(choice.label).isascii()


def test_labels_of_one_list_differ():
    for choices in (KindClass, Priority, Result, Service, Status):
        for language in ("ko", "en"):
            with override(language):
                labels = [str(choice.label) for choice in choices]
            assert len(labels) == len(set(labels))
