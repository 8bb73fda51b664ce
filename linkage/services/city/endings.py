"""What the end of an event at its source does to its incident."""

from incidents import lifecycle
from incidents.models import Incident
from incidents.statuses import OPEN


def end_incident(*, incident: Incident, agent: str, text: str) -> Incident:
    """Unowned, it is taken back; owned, its owner is told and decides; ended, it is noted.

    Locks: the incident.
    """
    if end_unowned(incident=incident, agent=agent, text=text):
        return incident
    return lifecycle.add_note(incident=incident, by=None, agent=agent, text=text)


def end_unowned(*, incident: Incident, agent: str, text: str) -> bool:
    """Take it back if it is open and nobody's, and say whether it was.

    Locks: the incident.
    """
    incident.refresh_from_db()
    if incident.status not in OPEN or incident.owner_id is not None:
        return False
    lifecycle.cancel(incident=incident, agent=agent, text=text)
    incident.refresh_from_db()
    return True
