"""The catalogue a centre starts with, and the rule that gives a report its priority."""

from collections import Counter

import pytest
from django.core.management import call_command
from django.utils.translation import override

from incidents.catalogue import DISASTER, FIRE119, KINDS, POLICE112, RULES, install
from incidents.choices import KindClass, Priority, Service
from incidents.models import Kind, PriorityRule
from incidents.priorities import priority_by, rule_for

pytestmark = pytest.mark.django_db


def priority_of(kind, urgency):
    return priority_by(rule_for(kind=kind, urgency=urgency))


def test_the_112_catalogue_has_61_types_in_6_groups():
    assert len(POLICE112) == 61
    assert len({code[0] for code, *_names in POLICE112}) == 6


def test_no_code_or_name_is_given_twice_within_a_service():
    for rows in KINDS.values():
        for column in (0, 1):
            assert max(Counter(row[column] for row in rows).values()) == 1
        assert all(len(row[0]) <= 30 and len(row[1]) <= 60 and len(row[2]) <= 80 for row in rows)


def test_every_kind_has_a_korean_and_an_english_name():
    for row in (*POLICE112, *FIRE119, *DISASTER):
        assert any("가" <= letter <= "힣" for letter in row[1])
        assert row[2].isascii()


def test_every_rule_names_a_kind_of_its_service():
    for service, table in RULES.items():
        codes = {row[0] for row in KINDS[service]} | {""}
        assert {code for code, _urgency in table} <= codes


def test_installing_twice_adds_nothing():
    first = install()
    assert first.kinds == sum(map(len, KINDS.values())) == Kind.objects.count()
    assert first.rules == PriorityRule.objects.count()
    again = install()
    assert (again.kinds, again.rules) == (0, 0)


def test_installing_keeps_what_an_administrator_changed():
    install()
    Kind.objects.filter(code="101").update(name_ko="살인사건")
    PriorityRule.objects.filter(kind__code="101").update(priority=Priority.P2)
    call_command("install_catalogue", verbosity=0)
    assert Kind.objects.get(code="101").name_ko == "살인사건"
    assert PriorityRule.objects.get(kind__code="101").priority == Priority.P2


def test_installing_names_a_kind_that_came_unmapped():
    Kind.objects.create(
        service=Service.POLICE112, code="101", name_ko="?", name_en="?", is_mapped=False
    )
    install()
    kind = Kind.objects.get(code="101")
    assert (kind.is_mapped, kind.name_ko, kind.kind_class) == (True, "살인", KindClass.VIOLENCE)


@pytest.mark.parametrize(
    ("code", "urgency", "priority"),
    [
        ("603", "0", 1),
        ("603", "1", 2),
        ("603", "4", 3),
        ("101", "3", 1),
        ("102", "3", 2),
        ("102", "1", 1),
        ("504", "0", 1),
        ("104", "", 3),
    ],
)
def test_priorities_of_112_reports(code, urgency, priority):
    install()
    kind = Kind.objects.get(service=Service.POLICE112, code=code)
    assert priority_of(kind, urgency) == priority


def test_the_most_specific_rule_wins(robbery):
    def give(priority, kind=None, urgency=""):
        PriorityRule.objects.create(
            service=robbery.service, kind=kind, urgency=urgency, priority=priority
        )

    assert priority_of(robbery, "1") == Priority.P3
    give(Priority.P2)
    assert priority_of(robbery, "1") == Priority.P2
    give(Priority.P3, urgency="1")
    assert priority_of(robbery, "1") == Priority.P3
    give(Priority.P1, kind=robbery)
    assert priority_of(robbery, "1") == Priority.P1
    give(Priority.P3, kind=robbery, urgency="1")
    assert priority_of(robbery, "1") == Priority.P3
    assert priority_of(robbery, "2") == Priority.P1


def test_a_rule_of_another_service_does_not_count(robbery):
    PriorityRule.objects.create(service=Service.FIRE119, urgency="1", priority=Priority.P1)
    assert priority_of(robbery, "1") == Priority.P3


def test_a_kind_is_named_in_the_language_of_the_reader(robbery):
    with override("en"):
        assert str(robbery) == "robbery"
    with override("ko"):
        assert str(robbery) == "강도"
