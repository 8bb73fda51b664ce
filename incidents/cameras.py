"""Which cameras an incident was given: chosen by cctv, kept with every reason."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from cctv import selection
from incidents.models import CameraChoice, Incident


def choice_for(incident: Incident) -> selection.Choice | None:
    """Choose cameras for the incident's place of now, saved or not; no place, no cameras."""
    if incident.location is None:
        return None
    return selection.choose(
        municipality=incident.municipality,
        place=incident.location,
        error_radius_m=incident.error_radius_m,
        service=incident.service,
    )


def keep_choice(incident: Incident, choice: selection.Choice | None) -> CameraChoice | None:
    if choice is None:
        return None
    kept: CameraChoice = CameraChoice.objects.create(
        incident=incident,
        radius_m=choice.radius_m,
        picks=[pick.as_json() for pick in choice.picks],
        skipped=[pick.as_json() for pick in choice.skipped],
    )
    return kept


def choose_cameras(incident: Incident) -> CameraChoice | None:
    """Choose the cameras anew and keep the choice beside the older ones."""
    return keep_choice(incident, choice_for(incident))


def current_choice(incident: Incident) -> CameraChoice | None:
    return CameraChoice.objects.filter(incident=incident).first()


def current_picks(incident_ids: Iterable[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """Give the picks of the newest choice of each incident, in one query."""
    newest = (
        CameraChoice.objects.filter(incident__in=list(incident_ids))
        .order_by("incident_id", "-pk")
        .distinct("incident_id")
    )
    return dict(newest.values_list("incident_id", "picks"))
