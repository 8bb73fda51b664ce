"""Connecting a camera before it is watched: on record as what it is, which is not a view."""

import uuid

from django.db import transaction

from cctv import streams
from cctv.models import Camera
from cctv.permission import ask_incident
from cctv.sources import source_at_hand
from controlroom.accounts.models import User
from controlroom.audit import chain
from controlroom.municipalities.access import require
from controlroom.municipalities.roles import Right

# An urgent incident is read before its pictures are opened; a relay costs little for so long.
READY_S = 60.0


def prefetch(*, camera: Camera, by: User, incident_id: uuid.UUID) -> None:
    """Connect a camera for an open incident that somebody selected; no picture leaves.

    Raises: NotAllowed, TicketRefused for an incident that is not open here, SourceMissing,
    RelaysBusy.
    """
    require(by, camera.municipality_id, Right.VIDEO_WATCH)
    source = source_at_hand(camera)
    with transaction.atomic():
        ask_incident(incident_id, camera, by)
        chain.record(
            action="video.prefetch",
            subject_kind="camera",
            subject_id=camera.pk,
            municipality_id=camera.municipality_id,
            actor_id=by.pk,
            detail={"incident": str(incident_id)},
        )
    streams.want(camera.pk, source, for_s=READY_S)
