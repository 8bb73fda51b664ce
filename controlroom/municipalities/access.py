"""May this person do this here: the one place that answers it."""

from collections.abc import Collection
from typing import Any

from django.utils.translation import gettext as _

from controlroom.errors import NotAllowed, OutOfScope
from controlroom.municipalities.models import Membership, Municipality
from controlroom.municipalities.roles import Right, rights_of, roles_with


def rights_in(user: Any, municipality_id: int) -> frozenset[Right]:
    """Give every right that this user's memberships carry in the municipality now."""
    if not user.is_authenticated or not user.is_active:
        return frozenset()
    return rights_of(
        Membership.objects.filter(user=user, municipality_id=municipality_id)
        .in_force()
        .values_list("role", flat=True)
    )


def municipality_for(user: Any, code: str, right: Right) -> Municipality:
    """Find the municipality by code for a user who holds the right there.

    Raises: OutOfScope when it is not theirs (404), NotAllowed when only the right is missing (403).
    """
    municipality: Municipality | None = (
        # A real boundary weighs more than the rest of a request.
        Municipality.objects.visible_to(user).filter(code=code).defer("boundary").first()
    )
    if municipality is None:
        raise OutOfScope(_("no such municipality"))
    require(user, municipality.pk, right)
    return municipality


def require(user: Any, municipality_id: int, right: Right) -> None:
    """Raise NotAllowed unless the user holds the right in the municipality."""
    if right not in rights_in(user, municipality_id):
        raise NotAllowed(_("your role does not allow this"))


def holds_anywhere(user: Any, rights: Collection[Right]) -> bool:
    """Say whether any membership in force carries any of these rights."""
    roles = {role for right in rights for role in roles_with(right)}
    return bool(user.memberships.in_force().filter(role__in=roles).exists())
