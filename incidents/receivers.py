"""What incidents hear from other rooms, and what follows in them from an incident's facts."""

import uuid
from datetime import datetime
from typing import Any

from django.dispatch import receiver

from cctv import tickets
from cctv.choices import EndReason
from cctv.recordings import playback
from incidents.events import fact_recorded
from incidents.models import Incident
from incidents.statuses import ENDED, OPEN


@receiver(tickets.incident_asked)
def is_open_here(sender: Any, *, incident_id: uuid.UUID, municipality_id: int, **_: Any) -> str:
    """Video is for an incident that is open in the camera's own municipality: give its number."""
    found = Incident.objects.filter(pk=incident_id, municipality_id=municipality_id)
    return found.filter(status__in=OPEN).values_list("number", flat=True).first() or ""


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
        tickets.end_views(incident_id=incident.pk, reason=EndReason.INCIDENT_ENDED)
