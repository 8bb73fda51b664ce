"""The console's view of police 112: units, video given away, directions of escape."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from controlroom.errors import OutOfScope
from controlroom.municipalities.access import municipality_for
from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right
from incidents.features import moment
from incidents.models import Incident
from incidents.statuses import OPEN
from incidents.views import checked, viewer
from linkage.models import TerminalShare, UnitPosition
from linkage.services.police112 import shares, units
from linkage.services.police112.escape import send_escape_route


class ReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=300)


class EscapeSerializer(serializers.Serializer[Any]):
    bearing_deg = serializers.FloatField(min_value=0, max_value=360)
    text = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


def incident_of(request: Request, municipality: Municipality, pk: UUID) -> Incident:
    """Raises: OutOfScope."""
    found: Incident | None = (
        Incident.objects.visible_to(request.user)
        .select_related("municipality", "kind")
        .filter(municipality=municipality, pk=pk)
        .first()
    )
    if found is None:
        raise OutOfScope(_("no such incident"))
    return found


@api_view(["GET"])
def police112(request: Request, code: str, incident_id: UUID) -> Response:
    """Give what the 112 section of the incident panel shows."""
    municipality = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
    incident = incident_of(request, municipality, incident_id)
    return Response(
        {
            "now": moment(timezone.now()),
            "units": units.of_incident(incident),
            "shares": [shares.share_item(row) for row in shares.of_incident(incident)],
        }
    )


@api_view(["GET"])
def unit_positions(request: Request, code: str) -> Response:
    """Give every unit on an open incident: the map's layer, before it hears of changes."""
    municipality = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
    rows = UnitPosition.objects.visible_to(request.user).filter(
        municipality=municipality, left_at=None, incident__status__in=OPEN
    )
    shown = rows.select_related("link", "incident").order_by("-at")[:500]
    return Response({"units": [units.unit_item(row) for row in shown]})


@api_view(["POST"])
def revoke_share(request: Request, code: str, reference: UUID) -> Response:
    municipality = municipality_for(request.user, code, Right.INCIDENT_WORK)
    visible = TerminalShare.objects.visible_to(request.user).filter(municipality=municipality)
    share = visible.select_related("terminal", "incident").filter(reference=reference).first()
    if share is None:
        raise OutOfScope(_("no such share, or it is over"))
    sent = checked(ReasonSerializer, request.data)
    row = shares.revoke(share=share, by=viewer(request), **sent)
    return Response(shares.share_item(row))


@api_view(["POST"])
def escape_route(request: Request, code: str, incident_id: UUID) -> Response:
    municipality = municipality_for(request.user, code, Right.INCIDENT_WORK)
    incident = incident_of(request, municipality, incident_id)
    sent = checked(EscapeSerializer, request.data)
    event = send_escape_route(incident=incident, by=viewer(request), **sent)
    return Response(event.data, status=status.HTTP_201_CREATED)
