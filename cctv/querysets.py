"""Questions to the camera register, always after visible_to(user)."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Q

from controlroom.municipalities.querysets import OwnedQuerySet
from controlroom.municipalities.roles import Right


class SiteQuerySet(OwnedQuerySet):
    right = Right.OPERATIONS_VIEW

    def in_register(self) -> Self:
        return self.own().filter(gone_at__isnull=True)

    def own(self) -> Self:
        """Leave out the poles of other operators."""
        return self.filter(is_borrowed=False)

    def matching(self, words: str) -> Self:
        """Keep the sites that carry every word in a name, an address or the register number."""
        found = self
        for word in words.split():
            found = found.filter(
                Q(name__icontains=word)
                | Q(road_address__icontains=word)
                | Q(lot_address__icontains=word)
                | Q(register_id__icontains=word)
                | Q(cameras__name__icontains=word)
            )
        return found.distinct()


class CameraQuerySet(OwnedQuerySet):
    right = Right.OPERATIONS_VIEW

    def in_register(self) -> Self:
        return self.own().standing()

    def standing(self) -> Self:
        """Keep what may be watched: ours, and what other operators let us see."""
        return self.filter(gone_at__isnull=True, site__gone_at__isnull=True)

    def own(self) -> Self:
        return self.filter(site__is_borrowed=False)


class ImportBatchQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> Self:
        """Keep the batches that concern a municipality whose register is this person's."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        held = user.memberships.carrying(Right.REGISTER_MANAGE)
        return self.concerning(held.values("municipality_id"))

    def concerning(self, municipality_ids: Any) -> Self:
        """Keep the batches stated for, or touching, one of these municipalities."""
        touching = self.model.objects.filter(scopes__municipality_id__in=municipality_ids)
        return self.filter(
            Q(municipality_id__in=municipality_ids) | Q(pk__in=touching.values("pk"))
        )


class ImportRowQuerySet(OwnedQuerySet):
    right = Right.REGISTER_MANAGE


class CameraPolicyQuerySet(OwnedQuerySet):
    right = Right.POLICY_MANAGE
