"""Questions to the incidents, always after visible_to(user)."""

from __future__ import annotations

from typing import Any, Self

from django.db.models import Q

from controlroom.municipalities.querysets import OwnedQuerySet
from incidents import statuses

_OPEN = sorted(statuses.OPEN)


class IncidentQuerySet(OwnedQuerySet):
    def still_open(self) -> Self:
        return self.filter(status__in=_OPEN)

    def ended(self) -> Self:
        return self.exclude(status__in=_OPEN)

    def with_people(self) -> Self:
        """Join what a feature names: the kind and the people."""
        return self.select_related("kind", "owner", "offered_to")

    def matching(self, text: str) -> Self:
        """Keep those whose number, address or summary contains the text, or whose case is it."""
        meta = self.model._meta  # noqa: SLF001 - the way to a model that imports this module
        reports: Any = meta.get_field("reports").related_model
        of_case = reports.objects.filter(external_id=text).values("incident_id")
        return self.filter(
            Q(number__icontains=text)
            | Q(address__icontains=text)
            | Q(summary__icontains=text)
            | Q(pk__in=of_case)
        )

    def after(self, mark: tuple[Any, Any] | None) -> Self:
        """Keep those after this (received_at, id) in the order newest first."""
        if mark is None:
            return self
        received_at, pk = mark
        return self.filter(Q(received_at__lt=received_at) | Q(received_at=received_at, pk__lt=pk))
