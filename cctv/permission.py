"""Who may watch, as the rooms say that own incidents, machines and grants: asked by signal."""

import uuid
from datetime import datetime
from typing import Any

from django.dispatch import Signal
from django.utils.translation import gettext as _

from cctv.choices import EndReason
from cctv.errors import TicketRefused
from cctv.models import Camera, VideoTicket
from controlroom.accounts.models import User

# Sent in the transaction with incident_id, municipality_id, camera_id and user before a ticket for
# an incident is issued. The room that owns incidents answers the incident's number, or raises why
# not. No answer means no ticket.
incident_asked = Signal()
# Sent with agent, camera_id and incident_id whenever a view that a machine holds without a grant is
# looked at. The room that owns the machine answers True while it may show this camera. No answer
# means that it may not.
agent_asked = Signal()
# Sent with grant, camera_id, action, viewer (a person or None) and agent whenever a view by a grant
# is opened or read again. The room that owns the grant answers since when it is given, or the
# EndReason why it shows nothing. No answer means that there is no such grant.
grant_asked = Signal()


def ask_incident(incident_id: uuid.UUID, camera: Camera, viewer: User) -> str:
    """Ask the room of incidents whether pictures of this camera may be seen for this one.

    Gives the incident's number.

    Raises: TicketRefused.
    """
    answers = incident_asked.send(
        sender=VideoTicket,
        incident_id=incident_id,
        municipality_id=camera.municipality_id,
        camera_id=camera.pk,
        user=viewer,
    )
    for _receiver, answer in answers:
        if answer:
            return str(answer)
    raise TicketRefused(_("this incident is not open here"))


def ask_agent(agent: str, camera_id: int, incident_id: uuid.UUID | None) -> bool:
    """Ask whether a machine of the centre itself may show this camera now."""
    answers = agent_asked.send(
        sender=VideoTicket, agent=agent, camera_id=camera_id, incident_id=incident_id
    )
    return any(bool(answer) for _receiver, answer in answers)


def ask_grant(
    grant: uuid.UUID, camera_id: int, action: str, viewer: User | None, agent: str
) -> EndReason | datetime:
    """Say since when this grant shows this camera to this viewer, or why it does not."""
    answers = grant_asked.send(
        sender=VideoTicket,
        grant=grant,
        camera_id=camera_id,
        action=action,
        viewer=viewer,
        agent=agent,
    )
    said: list[Any] = [answer for _receiver, answer in answers if answer is not None]
    reasons = [answer for answer in said if isinstance(answer, EndReason)]
    if reasons or not said:
        return reasons[0] if reasons else EndReason.REVOKED
    since: datetime = max(said)
    return since
