"""What incidents hear from other rooms, and what follows in them from an incident's facts."""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.dispatch import receiver

from cctv import permission, view_ends
from cctv.choices import EndReason, PtzEnd
from cctv.onvif import hands, locks
from cctv.recordings import playback
from controlroom.audit import searching
from incidents import screens
from incidents.events import fact_recorded
from incidents.models import Incident
from incidents.statuses import ENDED, OPEN

# Of what people call by these words.
FOUND_AT_MOST = 100


@receiver(permission.agent_asked)
def screen_may_show(
    sender: Any, *, agent: str, camera_id: int, incident_id: uuid.UUID | None, **_: Any
) -> bool | None:
    return screens.may_show(agent=agent, camera_id=camera_id, incident_id=incident_id)


@receiver(permission.incident_asked)
def is_open_here(sender: Any, *, incident_id: uuid.UUID, municipality_id: int, **_: Any) -> str:
    """Video is for an incident that is open in the camera's own municipality: give its number."""
    found = Incident.objects.filter(pk=incident_id, municipality_id=municipality_id)
    return found.filter(status__in=OPEN).values_list("number", flat=True).first() or ""


@receiver(hands.occasion_asked)
def say_what_it_is(
    sender: Any, *, incident_id: uuid.UUID, municipality_id: int, **_: Any
) -> hands.Occasion | None:
    """A camera is turned for an incident that is open in its own municipality."""
    found = Incident.objects.filter(
        pk=incident_id, municipality_id=municipality_id, status__in=OPEN
    ).first()
    if found is None:
        return None
    place = (found.location.x, found.location.y) if found.location else None
    return hands.Occasion(found.service, place, found.error_radius_m or 0.0)


@receiver(playback.began_asked)
def began_here(
    sender: Any, *, incident_id: uuid.UUID, municipality_id: int, **_: Any
) -> datetime | None:
    """Recorded pictures are seen around the time at which the incident happened."""
    found = Incident.objects.filter(pk=incident_id, municipality_id=municipality_id)
    began: datetime | None = found.values_list("occurred_at", flat=True).first()
    return began


@receiver(fact_recorded)
def end_video(sender: Any, *, incident: Incident, **_: Any) -> None:
    if incident.status in ENDED:
        view_ends.end_views(incident_id=incident.pk, reason=EndReason.INCIDENT_ENDED)
        locks.end_locks(incident_id=incident.pk, reason=PtzEnd.INCIDENT_ENDED)


@receiver(searching.named)
def incidents_called(
    sender: Any, *, kind: str, words: str, municipality_ids: Collection[int], **_: Any
) -> list[str]:
    """People know an incident by its number; the audit record knows its id."""
    if kind != "incident":
        return []
    found = Incident.objects.filter(municipality__in=municipality_ids, number__icontains=words)
    return [str(pk) for pk in found.values_list("pk", flat=True)[:FOUND_AT_MOST]]
