"""Whose data is it: every query starts at visible_to(user)."""

from __future__ import annotations

from datetime import date
from typing import Any, Self

from django.contrib.gis.geos import Point
from django.db import models
from django.db.models import Q
from django.utils import timezone

from controlroom.municipalities.roles import Right, roles_with


class MembershipQuerySet(models.QuerySet[Any]):
    def in_force(self) -> Self:
        now = timezone.now()
        return self.filter(
            Q(valid_from__lte=now), Q(valid_until__isnull=True) | Q(valid_until__gt=now)
        )

    def carrying(self, right: Right) -> Self:
        return self.in_force().filter(role__in=roles_with(right))


class MunicipalityQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any, right: Right | None = None) -> Self:
        """Keep the municipalities where this active user holds a role, or one with this right."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        held = user.memberships.carrying(right) if right else user.memberships.in_force()
        return self.filter(pk__in=held.values("municipality_id"))

    def containing(self, place: Point) -> Self:
        return self.filter(boundary__intersects=place)

    def by_code(self, code: str, on: date | None = None) -> Self:
        """Keep the municipality that a code means: of today, replaced, or of an organisation.

        With a date only codes in force on that day count. A 10-digit code of the whole
        municipality (5119000000) is its 5-digit one.
        """
        if len(code) == 10 and code.endswith("00000"):
            code = code[:5]
        held = Q(codes__code=code)
        if on is not None:
            held &= Q(codes__valid_from__isnull=True) | Q(codes__valid_from__lte=on)
            held &= Q(codes__valid_until__isnull=True) | Q(codes__valid_until__gte=on)
            undated = Q(code=code) & ~Q(pk__in=self.model.objects.filter(codes__code=code))
            return self.filter(undated | held).distinct()
        return self.filter(Q(code=code) | Q(organisation_code=code) | held).distinct()


class OwnedQuerySet(models.QuerySet[Any]):
    """Rows that belong to one municipality by their `municipality` field.

    `right` names the right that lets a person see such a row at all; verbs check their own.
    """

    right: Right = Right.OPERATIONS_VIEW

    def visible_to(self, user: Any, right: Right | None = None) -> Self:
        if not user.is_authenticated or not user.is_active:
            return self.none()
        held = user.memberships.carrying(right or self.right)
        return self.filter(municipality_id__in=held.values("municipality_id"))
