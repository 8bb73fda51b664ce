"""Questions to links, cases, inbox and outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.db.models import Q
from django.db.models.functions import Coalesce

from controlroom.municipalities.querysets import OwnedQuerySet
from controlroom.municipalities.roles import Right
from incidents.choices import Priority
from linkage.choices import OFFERED, PENDING, MessageType, PhoneState


class OfLinkQuerySet(OwnedQuerySet):
    """Rows that belong to the municipality of their link."""

    def visible_to(self, user: Any, right: Right | None = None) -> Self:
        if not user.is_authenticated or not user.is_active:
            return self.none()
        held = user.memberships.carrying(right or self.right)
        return self.filter(link__municipality_id__in=held.values("municipality_id"))


class LinkQuerySet(OwnedQuerySet):
    """A link of a region is seen by every member of the region; its cases stay with each."""

    def visible_to(self, user: Any, right: Right | None = None) -> Self:
        if not user.is_authenticated or not user.is_active:
            return self.none()
        held = user.memberships.carrying(right or self.right).values("municipality_id")
        return self.filter(self._serving(held))

    def serving(self, municipality: Any) -> Self:
        return self.filter(self._serving([municipality.pk]))

    def _serving(self, municipality_ids: Any) -> Q:
        regions = self.model.region.field.related_model.objects.filter(members__in=municipality_ids)
        return Q(municipality__in=municipality_ids) | Q(region__in=regions.values("pk"))

    def of_client(self, application: Any) -> Self:
        """Keep the links that this OAuth client speaks for: a client's whole world."""
        return self.filter(application=application)


class CaseQuerySet(OwnedQuerySet):
    def of_client(self, application: Any) -> Self:
        return self.filter(link__application=application)

    def before(self, opened_at: datetime, pk: int) -> Self:
        """Keep what comes after this row in the newest-first order; pk breaks ties."""
        return self.filter(Q(opened_at__lt=opened_at) | Q(opened_at=opened_at, pk__lt=pk))


class InboxQuerySet(OwnedQuerySet):
    pass


class OutboxQuerySet(OwnedQuerySet):
    def of_cases(self) -> Self:
        return self.filter(incident__isnull=False)

    def in_earnest(self) -> Self:
        """Leave out test messages: nobody is in need of them."""
        return self.exclude(message_type=MessageType.TEST)

    def with_offered_since(self) -> Self:
        return self.annotate(since=Coalesce("resent_at", "created_at"))

    def pending(self) -> Self:
        return self.filter(state__in=PENDING)

    def offered(self) -> Self:
        """Keep what the line still has to carry, told by telephone or not."""
        return self.filter(state__in=OFFERED, is_offered=True)

    def leaving(self) -> Self:
        """Keep what may still leave: a drill stays where its link has ceased to take drills."""
        return self.offered().exclude(incident__is_drill=True, link__allows_drills=False)

    def urgent(self) -> Self:
        """Keep what is urgent here, and what else its incidents are owed: their order is kept."""
        waiting = self.filter(priority__lte=Priority.P1)
        return self.filter(incident__in=waiting.order_by().values("incident"))

    def due(self, now: datetime) -> Self:
        return self.leaving().filter(next_try_at__lte=now)


class AlarmQuerySet(OwnedQuerySet):
    def visible_to(self, user: Any, right: Right | None = None) -> Self:
        """Keep those of one's municipalities, and those of the whole system."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        held = user.memberships.carrying(right or self.right).values("municipality_id")
        if not held:
            return self.none()
        return self.filter(Q(municipality_id__in=held) | Q(municipality=None))

    def concerning(self, municipality_id: int) -> Self:
        return self.filter(Q(municipality_id=municipality_id) | Q(municipality=None))

    def standing(self) -> Self:
        return self.filter(cleared_at=None)


class PhoneTaskQuerySet(OwnedQuerySet):
    def open(self) -> Self:
        return self.filter(state=PhoneState.OPEN)

    def with_story(self) -> Self:
        """Fetch with each task what its caller must know and say."""
        return self.select_related("message__link__agency", "message__incident", "recorded_by")


class NeighbourAgreementQuerySet(OwnedQuerySet):
    """Both sides see an agreement."""

    def visible_to(self, user: Any, right: Right | None = None) -> Self:
        if not user.is_authenticated or not user.is_active:
            return self.none()
        held = user.memberships.carrying(right or self.right).values("municipality_id")
        return self.filter(Q(municipality__in=held) | Q(neighbour__in=held))

    def in_force(self, now: datetime) -> Self:
        """Keep what both sides accepted, nobody revoked, and is valid at this moment."""
        return self.filter(
            accepted_at__isnull=False,
            neighbour_accepted_at__isnull=False,
            revoked_at=None,
            valid_from__lte=now,
            valid_until__gt=now,
        )
