"""Questions to the journal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from django.db import models
from django.db.models import Max


class EntryQuerySet(models.QuerySet[Any]):
    def in_scope(self, municipality_id: int, audiences: Iterable[str]) -> Self:
        return self.filter(municipality_id=municipality_id, audience__in=list(audiences))

    def highest_number(self) -> int:
        """Give the last number among these, 0 among none."""
        return self.aggregate(highest=Max("number"))["highest"] or 0
