"""The direction in which somebody fled: told to the room with the next cameras along it."""

import math
from typing import Any

from django.contrib.gis.geos import Point
from django.db import transaction
from django.utils.translation import gettext as _

from cctv import selection
from controlroom.accounts.models import User
from controlroom.errors import Conflict, Invalid
from controlroom.municipalities.access import require
from controlroom.municipalities.roles import Right
from incidents.choices import Service
from incidents.facts import note_fact
from incidents.history import lock
from incidents.models import Incident, IncidentEvent
from incidents.statuses import OPEN
from linkage.choices import MessageType
from linkage.models import Case
from linkage.obligations import owe_of_case
from linkage.services.video.lists import listed
from linkage.video_policy import terms_of

# Where one looks for them, from the place: on foot within minutes, then by car.
AHEAD_M = (250.0, 600.0, 1100.0)
AROUND_M = 300.0
EACH = 3
_METRES_PER_DEGREE = 111_320.0


def ahead_of(place: Point, bearing_deg: float, distance_m: float) -> Point:
    turn = math.radians(bearing_deg)
    per_lon = _METRES_PER_DEGREE * math.cos(math.radians(place.y))
    lon = place.x + distance_m * math.sin(turn) / per_lon
    return Point(lon, place.y + distance_m * math.cos(turn) / _METRES_PER_DEGREE, srid=4326)


def cameras_along(incident: Incident, place: Point, bearing_deg: float) -> list[dict[str, Any]]:
    """Choose the next cameras along the bearing, the nearest first, each once."""
    found: dict[int, dict[str, Any]] = {}
    for distance_m in AHEAD_M:
        choice = selection.choose(
            municipality=incident.municipality,
            place=ahead_of(place, bearing_deg, distance_m),
            error_radius_m=0,
            service=incident.service,
            limit=EACH,
            radius_m=AROUND_M,
        )
        for pick in choice.picks:
            row = pick.as_json()
            if row["distance_m"] <= AROUND_M and row["id"] not in found:
                found[row["id"]] = {**row, "ahead_m": distance_m}
    return list(found.values())


@transaction.atomic
def send_escape_route(
    *, incident: Incident, by: User, bearing_deg: float, text: str
) -> IncidentEvent:
    """Put the direction on the timeline and tell it to every 112 room that has the case.

    Emits: fact_recorded, in the transaction.
    Locks: the incident.
    Raises: NotAllowed, Invalid without a place, Conflict after the end: nobody is followed then.
    """
    require(by, incident.municipality_id, Right.INCIDENT_WORK)
    if lock(incident).status not in OPEN:
        raise Conflict(_("the incident has ended"))
    if incident.location is None:
        raise Invalid(_("the place is not known"), fields={"place": [_("the place is not known")]})
    cameras = cameras_along(incident, incident.location, bearing_deg)
    bearing_deg = round(bearing_deg % 360, 1)
    event = note_fact(
        incident=incident,
        verb="escape-route",
        by=by,
        text=text.strip(),
        data={"bearing_deg": bearing_deg, "cameras": [row["id"] for row in cameras]},
    )
    cases = Case.objects.filter(incident=incident, link__service=Service.POLICE112)
    for case in cases.select_related("link__municipality", "link__legal_basis").order_by("pk"):
        owe_of_case(
            case=case,
            incident=incident,
            event=event,
            message_type=MessageType.ESCAPE_ROUTE,
            content={
                "bearing_deg": bearing_deg,
                "text": event.text,
                "cameras": listed(cameras, terms_of(case.link)),
            },
        )
    return event
