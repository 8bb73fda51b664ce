"""The console's view of a 119 case."""

from uuid import UUID

from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from controlroom.municipalities.access import municipality_for
from controlroom.municipalities.roles import Right
from linkage.services.fire119.facet import facet
from linkage.views_police112 import incident_of


@api_view(["GET"])
def fire119(request: Request, code: str, incident_id: UUID) -> Response:
    """Give times, engines, route cameras and sites of concern; `engine` chooses whose route."""
    municipality = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
    incident = incident_of(request, municipality, incident_id)
    engine = request.query_params.get("engine", "")[:30]
    return Response(facet(user=request.user, incident=incident, engine=engine))
