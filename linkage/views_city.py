"""The console's view of the city's own systems: bells, sensors, traffic cameras."""

from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from controlroom.errors import OutOfScope
from controlroom.municipalities.access import municipality_for
from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right
from incidents.models import Incident
from linkage.models_city import Bell, BellPress
from linkage.services.city import bells as bell_use
from linkage.services.city import road_cameras


@api_view(["GET"])
def bells(request: Request, code: str) -> Response:
    """Give how often bells were pressed, and for nothing; the worst bells first."""
    municipality = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
    here = Bell.objects.visible_to(request.user).filter(municipality=municipality)
    presses = BellPress.objects.filter(bell__in=here)
    return Response(
        {
            "total": {
                "registered": here.filter(gone_at=None).count(),
                **bell_use.statistics(presses),
            },
            "bells": bell_use.by_bell(municipality=municipality),
        }
    )


@api_view(["GET"])
def traffic_cameras(request: Request, code: str) -> Response:
    """Give the cameras of road operators: all of them, or with `incident` those in its area."""
    municipality = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
    named = request.query_params.get("incident")
    if named is None:
        rows = road_cameras.listing(user=request.user, municipality_id=municipality.pk)
        return Response({"cameras": rows})
    incident = _incident(request, municipality, named)
    if incident.location is None:
        return Response({"cameras": [], "radius_m": road_cameras.NEAR_M})
    found = road_cameras.near(
        user=request.user, municipality_id=municipality.pk, place=incident.location
    )
    return Response({"cameras": found, "radius_m": road_cameras.NEAR_M})


def _incident(request: Request, municipality: Municipality, named: str) -> Incident:
    """Raises: OutOfScope."""
    here = Incident.objects.visible_to(request.user).filter(municipality=municipality)
    try:
        found: Incident = here.get(pk=UUID(named))
    except (ValueError, Incident.DoesNotExist):
        raise OutOfScope(_("no such incident")) from None
    return found
