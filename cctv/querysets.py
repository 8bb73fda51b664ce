"""Questions to the camera register, always after visible_to(user)."""

from __future__ import annotations

from typing import Self

from controlroom.municipalities.querysets import OwnedQuerySet
from controlroom.municipalities.roles import Right


class SiteQuerySet(OwnedQuerySet):
    right = Right.OPERATIONS_VIEW

    def in_register(self) -> Self:
        return self.filter(gone_at__isnull=True)


class CameraQuerySet(OwnedQuerySet):
    right = Right.OPERATIONS_VIEW

    def in_register(self) -> Self:
        return self.filter(gone_at__isnull=True, site__gone_at__isnull=True)
