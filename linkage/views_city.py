"""The console's view of the city's own systems: bells, sensors, traffic cameras."""

from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from controlroom.municipalities.access import municipality_for
from controlroom.municipalities.roles import Right
from linkage.models_city import Bell, BellPress
from linkage.services.city import bells as bell_use


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
