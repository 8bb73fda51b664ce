"""The one shape of an incident: in the snapshot, the journal, the lists and the detail."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone

from controlroom.accounts.models import User
from incidents.cameras import current_picks
from incidents.models import Incident
from incidents.querysets import IncidentQuerySet

_CAMERA_FIELDS = ("id", "site_id", "name", "lon", "lat", "distance_m")

Feature = dict[str, Any]


def moment(at: datetime | None) -> str | None:
    return timezone.localtime(at).isoformat() if at else None


def person(user: User | None) -> dict[str, Any] | None:
    return {"id": user.pk, "name": str(user)} if user else None


def incident_feature(incident: Incident, picks: Iterable[dict[str, Any]] | None = None) -> Feature:
    """Give the feature; without `picks` the newest camera choice is looked up (one query)."""
    if picks is None:
        picks = current_picks([incident.pk]).get(incident.pk, [])
    place = incident.location
    kind = incident.kind
    return {
        "id": str(incident.pk),
        "number": incident.number,
        "service": incident.service,
        "kind": {
            "code": kind.code,
            "name_ko": kind.name_ko,
            "name_en": kind.name_en,
            "class": kind.kind_class,
        },
        "urgency": incident.urgency,
        "priority": incident.priority,
        "status": str(incident.status),
        "lon": place.x if place else None,
        "lat": place.y if place else None,
        "error_radius_m": float(incident.error_radius_m),
        "address": incident.address,
        "summary": incident.summary,
        "is_drill": incident.is_drill,
        "occurred_at": moment(incident.occurred_at),
        "received_at": moment(incident.received_at),
        "acknowledged_at": moment(incident.acknowledged_at),
        "escalation_level": incident.escalation_level,
        "owner": person(incident.owner),
        "offered_to": person(incident.offered_to),
        "ended_at": moment(incident.ended_at),
        "result": str(incident.result),
        "duplicate_of": str(incident.duplicate_of_id) if incident.duplicate_of_id else None,
        "version": incident.version,
        "cameras": [
            {"rank": rank, **{name: pick.get(name) for name in _CAMERA_FIELDS}}
            for rank, pick in enumerate(picks, start=1)
        ],
    }


def incident_features(incidents: IncidentQuerySet) -> list[Feature]:
    """Give the features of many incidents in two queries, however many they are."""
    rows = list(incidents.with_people())
    picks = current_picks(row.pk for row in rows)
    return [incident_feature(row, picks.get(row.pk, [])) for row in rows]
