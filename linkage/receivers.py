"""Upward connections: what incidents record becomes what links are owed."""

import uuid
from functools import partial
from typing import Any

from django.db import transaction
from django.dispatch import receiver

from cctv import sources
from cctv.onvif import locks
from incidents.choices import Priority
from incidents.events import fact_recorded, kind_asked
from incidents.models import Incident, IncidentEvent, Kind
from incidents.statuses import ENDED
from linkage import delivery, mapping, neighbours, ptz, tasks
from linkage.obligations import owed
from linkage.services.city import road_cameras
from linkage.services.disaster import cap_pushes, situations
from linkage.services.police112 import shares, video


@receiver(fact_recorded, dispatch_uid="linkage.plan")
def plan_outbox(incident: Incident, event: IncidentEvent, **_kwargs: Any) -> None:
    urgent = incident.priority == Priority.P1
    nudge = tasks.nudge_urgently if urgent else tasks.nudge
    for link_id in delivery.plan(incident=incident, event=event):
        transaction.on_commit(partial(nudge, link_id), robust=True)


@receiver(owed, dispatch_uid="linkage.nudge_owed")
def nudge_owed(link_id: int, *, is_urgent: bool, **_kwargs: Any) -> None:
    nudge = tasks.nudge_urgently if is_urgent else tasks.nudge
    transaction.on_commit(partial(nudge, link_id), robust=True)


@receiver(fact_recorded, dispatch_uid="linkage.police112.video")
def follow_with_video(incident: Incident, event: IncidentEvent, **_kwargs: Any) -> None:
    video.after_fact(incident=incident, event=event)
    shares.after_fact(incident=incident)


@receiver(fact_recorded, dispatch_uid="linkage.neighbours")
def plan_neighbours(incident: Incident, event: IncidentEvent, **_kwargs: Any) -> None:
    for agreement_id, incident_id in neighbours.plan(incident=incident, event=event):
        transaction.on_commit(
            partial(tasks.nudge_neighbour, agreement_id, str(incident_id)), robust=True
        )


@receiver(kind_asked, dispatch_uid="linkage.mapping")
def answer_kind(source: str, service: str, code: str, name: str, **_kwargs: Any) -> Kind | None:
    return mapping.mapped(source=source, service=service, code=code, name=name)


@receiver(sources.address_asked, dispatch_uid="linkage.road_cameras")
def answer_address(camera_id: int, **_kwargs: Any) -> sources.Asked | None:
    return road_cameras.address_of(camera_id)


@receiver(locks.leave_asked, dispatch_uid="linkage.ptz")
def answer_leave(
    link_id: int, camera_id: int, incident_id: uuid.UUID | None, **_kwargs: Any
) -> locks.Leave | None:
    return ptz.leave(link_id=link_id, camera_id=camera_id, incident_id=incident_id)


# Connected last: it writes to the journal, whose counter is locked after everything else.
@receiver(fact_recorded, dispatch_uid="linkage.disaster.end")
def end_situation(incident: Incident, event: IncidentEvent, **_kwargs: Any) -> None:
    # The alert of a situation that stands again after the end is no reason to end it.
    if incident.status in ENDED and event.verb != cap_pushes.ISSUED:
        situations.end_with(incident=incident, by=event.actor, agent=event.agent)
