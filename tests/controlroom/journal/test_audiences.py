"""Which role hears which audience."""

import pytest

from controlroom.journal.audiences import OPENED_BY, AudienceCode, audiences_of
from controlroom.municipalities.roles import RIGHTS, RoleCode

HEARS = {
    RoleCode.OPERATOR: {"operations"},
    RoleCode.POLICE: {"operations"},
    RoleCode.SUPERVISOR: {"operations"},
    RoleCode.ADMINISTRATOR: {"administration"},
    RoleCode.PRIVACY_OFFICER: set(),
    RoleCode.AUDITOR: set(),
    RoleCode.STATISTICS: set(),
}


def test_every_audience_is_opened_by_a_right():
    assert set(OPENED_BY) == set(AudienceCode)
    assert all(OPENED_BY.values())


@pytest.mark.parametrize("role", list(RoleCode))
def test_a_role_hears_what_the_table_says(role):
    assert audiences_of(RIGHTS[role]) == HEARS[role]


def test_two_roles_hear_both():
    both = RIGHTS[RoleCode.OPERATOR] | RIGHTS[RoleCode.ADMINISTRATOR]
    assert audiences_of(both) == {"operations", "administration"}
