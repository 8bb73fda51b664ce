"""Upward connections: what incidents record becomes what links are owed."""

from functools import partial
from typing import Any

from django.db import transaction
from django.dispatch import receiver

from incidents.events import fact_recorded
from incidents.models import Incident, IncidentEvent
from linkage import delivery, tasks


@receiver(fact_recorded, dispatch_uid="linkage.plan")
def plan_outbox(incident: Incident, event: IncidentEvent, **_kwargs: Any) -> None:
    for link_id in delivery.plan(incident=incident, event=event):
        transaction.on_commit(partial(tasks.nudge, link_id), robust=True)
