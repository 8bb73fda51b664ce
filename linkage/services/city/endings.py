"""What the end of an event at its source does to its incident."""

from incidents import lifecycle
from incidents.models import Incident
from incidents.statuses import OPEN


def end_incident(*, incident: Incident, agent: str, text: str) -> Incident:
    """Unowned, it is taken back; owned, its owner is told and decides; ended, it is noted.

    Locks: the incident.
    """
    incident.refresh_from_db()
    if incident.status in OPEN and incident.owner_id is None:
        return lifecycle.cancel(incident=incident, agent=agent, text=text)
    return lifecycle.add_note(incident=incident, by=None, agent=agent, text=text)
