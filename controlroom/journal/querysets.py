"""Questions to the journal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from django.db import models


class EntryQuerySet(models.QuerySet[Any]):
    def in_scope(self, municipality_id: int, audiences: Iterable[str]) -> Self:
        return self.filter(municipality_id=municipality_id, audience__in=list(audiences))
