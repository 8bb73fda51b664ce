"""Tickets to watch: one camera, one viewer, one sign-in and one purpose each.

The viewer is a person of the centre, a person of an agency, an agency's system or its terminal; the
last three watch by a grant, which belongs to another room and is asked for there (cctv.permission).
A ticket is random, lives 60 s until its first use and is kept only as a hash; what it opens is
cctv.view_checks.
"""

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cctv import passes, view_ends
from cctv.choices import Action, EndReason
from cctv.errors import PurposeMissing, TicketRefused
from cctv.models import Camera, VideoTicket
from cctv.passes import Caller
from cctv.permission import ask_agent, ask_grant, ask_incident
from controlroom.accounts.models import User
from controlroom.municipalities.access import require
from controlroom.municipalities.roles import Right

FIRST_USE_S = 60


@dataclass(frozen=True)
class Issued:
    """A new ticket; the only place where it is not a hash."""

    token: str
    expires_at: datetime
    # What it is for, as a person reads it: the incident's number, or the purpose.
    what_for: str


def issue(
    *,
    camera: Camera,
    viewer: User,
    caller: Caller,
    incident_id: uuid.UUID | None,
    purpose: str,
    action: Action = Action.LIVE,
) -> Issued:
    """Issue a ticket for one camera, one viewer, one sign-in and one purpose.

    Raises: NotAllowed without the right, PurposeMissing, TicketRefused for an incident that is
    not open here.
    """
    require(viewer, camera.municipality_id, Right.VIDEO_WATCH)
    purpose = purpose.strip()
    if incident_id is None and not purpose:
        raise PurposeMissing(
            _("video needs an incident or a purpose"), fields={"purpose": [_("say what for")]}
        )
    with transaction.atomic():
        number = ask_incident(incident_id, camera, viewer) if incident_id is not None else ""
        return _ticket(
            camera,
            caller,
            what_for=number or purpose,
            viewer=viewer,
            incident_id=incident_id,
            purpose=purpose or str(_("incident response")),
            action=action,
        )


def issue_by_grant(
    *,
    grant: uuid.UUID,
    camera: Camera,
    caller: Caller,
    incident_id: uuid.UUID,
    purpose: str,
    what_for: str,
    viewer: User | None = None,
    agent: str = "",
    action: Action = Action.LIVE,
) -> Issued:
    """Issue a ticket for what a grant allows: to a person of an agency, or to its system.

    Raises: TicketRefused for a grant that is not in force for this viewer, camera and action.
    """
    with transaction.atomic():
        if isinstance(ask_grant(grant, camera.pk, action, viewer, agent), EndReason):
            raise TicketRefused(_("this grant does not open this camera"))
        return _ticket(
            camera,
            caller,
            what_for=what_for,
            viewer=viewer,
            agent=agent,
            grant=grant,
            action=action,
            incident_id=incident_id,
            purpose=purpose,
        )


def issue_to_agent(
    *,
    agent: str,
    camera: Camera,
    caller: Caller,
    incident_id: uuid.UUID | None,
    purpose: str,
) -> Issued:
    """Issue a ticket to a machine of the centre itself, such as a screen on its wall.

    Raises: TicketRefused when it may not show this camera.
    """
    with transaction.atomic():
        if not ask_agent(agent, camera.pk, incident_id):
            raise TicketRefused(_("this screen may not show this camera"))
        return _ticket(
            camera,
            caller,
            what_for=purpose,
            agent=agent,
            incident_id=incident_id,
            purpose=purpose,
        )


def _ticket(camera: Camera, caller: Caller, *, what_for: str, **bound: Any) -> Issued:
    token = secrets.token_urlsafe(32)
    ticket = VideoTicket.objects.create(
        digest=passes.digest(token),
        municipality_id=camera.municipality_id,
        camera=camera,
        session_digest=passes.digest(caller.session_key),
        address=caller.address,
        expires_at=timezone.now() + timedelta(seconds=FIRST_USE_S),
        **bound,
    )
    view_ends.note("video.ticket", ticket)
    return Issued(token, ticket.expires_at, what_for)
