"""Probable duplicates: reports of one happening, suggested with count and growth, never merged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from incidents.features import moment
from incidents.models import Incident
from incidents.statuses import Status

NEAR_M = 100.0
WINDOW = timedelta(minutes=5)
MOST_MEMBERS = 500
# The newest of them, on the card.
MOST_SHOWN = 50
# As many reports within one window, and more than in the window before: it accelerates.
ACCELERATING_FROM = 3
# What turned out to be nothing, or is not ours, says nothing about what happens.
LEFT_OUT = [Status.CANCELLED.value, Status.FALSE_ALARM.value, Status.TRANSFERRED.value]

# One step outwards: what is near one of the newest members and not a member yet. Stepping in the
# program looks at each pair about once; a recursive query would look at every pair of a burst.
_NEXT_MEMBERS = """
SELECT other.id
FROM incidents_incident other
JOIN incidents_kind kind ON kind.id = other.kind_id
WHERE other.municipality_id = %(municipality)s
  AND kind.kind_class = %(kind_class)s
  AND other.is_drill = %(is_drill)s
  AND other.status <> ALL(%(left_out)s)
  AND other.id <> ALL(%(members)s)
  AND other.received_at BETWEEN
        (SELECT min(received_at) FROM incidents_incident WHERE id = ANY(%(newest)s))
          - %(window)s::interval
    AND (SELECT max(received_at) FROM incidents_incident WHERE id = ANY(%(newest)s))
          + %(window)s::interval
  AND EXISTS (
    SELECT FROM incidents_incident mine
    WHERE mine.id = ANY(%(newest)s)
      AND other.received_at BETWEEN mine.received_at - %(window)s::interval
                                AND mine.received_at + %(window)s::interval
      AND ST_DWithin(
            other.location, mine.location,
            GREATEST(%(near_m)s, LEAST(other.error_radius_m, mine.error_radius_m))))
LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Growth:
    """How many came in the last window up to the newest, and in the one before."""

    recent: int
    before: int

    @property
    def rate_per_min(self) -> float:
        return round(self.recent / (WINDOW.total_seconds() / 60), 2)

    @property
    def is_accelerating(self) -> bool:
        return self.recent >= ACCELERATING_FROM and self.recent > self.before


def growth(times: Sequence[datetime]) -> Growth:
    """Count the arrivals in the last two windows that end with the newest one."""
    if not times:
        return Growth(0, 0)
    newest = max(times)
    ages = [newest - at for at in times]
    recent = sum(age < WINDOW for age in ages)
    return Growth(recent, sum(WINDOW <= age < 2 * WINDOW for age in ages))


def probable_duplicates(incident: Incident) -> list[Incident]:
    """Find the incidents that may tell of the same happening, oldest first, this one among them.

    Same kind class, and at most 100 m apart or each inside the other's error circle, and at most
    5 minutes apart; what is near a member is a member.
    """
    if incident.location is None:
        return [incident]
    ids = [incident.pk]
    newest = ids
    with connection.cursor() as cursor:
        while newest and len(ids) < MOST_MEMBERS:
            cursor.execute(
                _NEXT_MEMBERS,
                {
                    "municipality": incident.municipality_id,
                    "kind_class": incident.kind.kind_class,
                    "is_drill": incident.is_drill,
                    "left_out": LEFT_OUT,
                    "members": ids,
                    "newest": newest,
                    "window": f"{WINDOW.total_seconds()} seconds",
                    "near_m": NEAR_M,
                    "most": MOST_MEMBERS - len(ids),
                },
            )
            newest = [row[0] for row in cursor.fetchall()]
            ids = ids + newest
    return list(
        Incident.objects.filter(pk__in=ids).select_related("kind").order_by("received_at", "pk")
    )


def cluster_of(incident: Incident) -> dict[str, Any] | None:
    """Describe the cluster for the operator's card; None when the incident stands alone."""
    members = probable_duplicates(incident)
    if len(members) < 2:
        return None
    times = [member.received_at for member in members]
    grown = growth(times)
    return {
        "count": len(members),
        "class": incident.kind.kind_class,
        "first_at": moment(times[0]),
        "last_at": moment(times[-1]),
        "recent": grown.recent,
        "before": grown.before,
        "rate_per_min": grown.rate_per_min,
        "accelerating": grown.is_accelerating,
        "members": [_member(member) for member in members[-MOST_SHOWN:]],
    }


def _member(member: Incident) -> dict[str, Any]:
    return {
        "id": str(member.pk),
        "number": member.number,
        "is_drill": member.is_drill,
        "service": member.service,
        "kind": {
            "code": member.kind.code,
            "name_ko": member.kind.name_ko,
            "name_en": member.kind.name_en,
        },
        "status": str(member.status),
        "priority": member.priority,
        "address": member.address,
        "received_at": moment(member.received_at),
        "duplicate_of": str(member.duplicate_of_id) if member.duplicate_of_id else None,
    }
