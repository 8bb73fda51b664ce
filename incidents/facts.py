"""Facts that move no incident's status: what was asked, given, sent, drawn or joined for it."""

from typing import Any

from django.db import transaction

from controlroom.accounts.models import User
from controlroom.municipalities.access import require
from controlroom.municipalities.roles import Right
from incidents.history import lock, write_fact
from incidents.models import Incident, IncidentEvent
from incidents.statuses import Status


@transaction.atomic
def note_fact(
    *,
    incident: Incident,
    verb: str,
    by: User | None = None,
    agent: str = "",
    text: str = "",
    data: dict[str, Any] | None = None,
) -> IncidentEvent:
    """Put a fact on the timeline in every status; without `by` it is a machine's.

    Emits: fact_recorded, in the transaction.
    Locks: the incident row, then the journal's counter.
    Raises: NotAllowed.
    """
    if by is not None:
        require(by, incident.municipality_id, Right.INCIDENT_WORK)
    row = lock(incident)
    row.version += 1
    row.save(update_fields=["version"])
    status = Status(row.status)
    return write_fact(row, verb, before=status, by=by, agent=agent, text=text, data=data)
