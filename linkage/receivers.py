"""Upward connections: what incidents record becomes what links are owed."""

from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.dispatch import receiver

from cctv import health as camera_health
from cctv import permission, sources, view_checks, view_ends
from cctv.choices import EndReason, Health
from cctv.models import ViewRecord
from cctv.onvif import hands
from incidents.choices import Priority
from incidents.events import fact_recorded, kind_asked
from incidents.models import Incident, IncidentEvent, Kind
from incidents.statuses import ENDED
from linkage import delivery, grants, mapping, neighbours, ptz, tasks, viewing
from linkage.obligations import owed
from linkage.provision import entries
from linkage.services.city import road_cameras
from linkage.services.disaster import cap_pushes, situations
from linkage.services.police112 import shares
from linkage.services.video import following


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


@receiver(fact_recorded, dispatch_uid="linkage.video")
def follow_with_video(incident: Incident, event: IncidentEvent, **_kwargs: Any) -> None:
    following.after_fact(incident=incident, event=event)
    shares.after_fact(incident=incident)


@receiver(camera_health.changed, dispatch_uid="linkage.video.source")
def follow_source(camera_id: int, health: Health, at: datetime, **_kwargs: Any) -> None:
    grants.follow_source(camera_id=camera_id, health=health, at=at)


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


@receiver(permission.grant_asked, dispatch_uid="linkage.viewing")
def answer_grant(**asked: Any) -> EndReason | datetime | None:
    return viewing.why_over(
        grant=asked["grant"],
        camera_id=asked["camera_id"],
        action=asked["action"],
        viewer=asked["viewer"],
        agent=asked["agent"],
    )


@receiver(view_checks.view_opened, dispatch_uid="linkage.grants.viewed")
def note_viewed(view: ViewRecord, **_kwargs: Any) -> None:
    if view.grant is not None:
        grants.note_viewed(reference=view.grant, at=view.started_at)


@receiver(view_ends.view_settled, dispatch_uid="linkage.provision")
def enter_session(view: ViewRecord, **_kwargs: Any) -> None:
    if view.grant is not None:
        entries.enter_session(view=view)
        grants.note_viewed(reference=view.grant, at=view.last_byte_at or view.started_at)


@receiver(hands.leave_asked, dispatch_uid="linkage.ptz")
def answer_leave(**asked: Any) -> hands.Leave | None:
    return ptz.leave(
        link_id=asked["link_id"],
        camera_id=asked["camera_id"],
        incident_id=asked["incident_id"],
        viewer=asked["viewer"],
    )


# Connected last: it writes to the journal, whose counter is locked after everything else.
@receiver(fact_recorded, dispatch_uid="linkage.disaster.end")
def end_situation(incident: Incident, event: IncidentEvent, **_kwargs: Any) -> None:
    # The alert of a situation that stands again after the end is no reason to end it.
    if incident.status in ENDED and event.verb != cap_pushes.ISSUED:
        situations.end_with(incident=incident, by=event.actor, agent=event.agent)
