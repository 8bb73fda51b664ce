"""What incidents hear from other rooms, and what follows in them from an incident's facts."""

import uuid
from typing import Any

from django.dispatch import receiver

from cctv import tickets
from cctv.choices import EndReason
from incidents.events import fact_recorded
from incidents.models import Incident
from incidents.statuses import ENDED, OPEN


@receiver(tickets.incident_asked)
def is_open_here(sender: Any, *, incident_id: uuid.UUID, municipality_id: int, **_: Any) -> str:
    """Video is for an incident that is open in the camera's own municipality: give its number."""
    found = Incident.objects.filter(pk=incident_id, municipality_id=municipality_id)
    return found.filter(status__in=OPEN).values_list("number", flat=True).first() or ""


@receiver(fact_recorded)
def end_video(sender: Any, *, incident: Incident, **_: Any) -> None:
    if incident.status in ENDED:
        tickets.end_views(incident_id=incident.pk, reason=EndReason.INCIDENT_ENDED)
