"""Which right opens which audience of the journal: a table with no Django."""

from collections.abc import Iterable
from enum import StrEnum

from controlroom.municipalities.roles import Right


class AudienceCode(StrEnum):
    OPERATIONS = "operations"
    ADMINISTRATION = "administration"


OPENED_BY: dict[AudienceCode, frozenset[Right]] = {
    AudienceCode.OPERATIONS: frozenset({Right.OPERATIONS_VIEW}),
    AudienceCode.ADMINISTRATION: frozenset(
        {Right.REGISTER_MANAGE, Right.LINKS_MANAGE, Right.PEOPLE_MANAGE}
    ),
}


def audiences_of(rights: Iterable[Right]) -> frozenset[str]:
    """Give the audiences that these rights open; none means the journal is closed to them."""
    held = frozenset(rights)
    return frozenset(audience.value for audience, openers in OPENED_BY.items() if openers & held)
