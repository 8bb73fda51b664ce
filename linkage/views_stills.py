"""The console's addresses of stills: take one, look at it, send it, and see what came of it."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from cctv.models import Camera
from controlroom.errors import OutOfScope
from controlroom.municipalities.access import municipality_for
from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right
from incidents.models import Incident
from incidents.views import checked, viewer
from linkage import stills
from linkage.choices import MessageType
from linkage.models import Still
from linkage.obligations import may_owe
from linkage.views_police112 import incident_of


class TakeSerializer(serializers.Serializer[Any]):
    camera = serializers.IntegerField(min_value=1)


class SendSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    to = serializers.ListField(
        child=serializers.CharField(max_length=60), required=False, allow_null=True, default=None
    )


def still_of(request: Request, municipality: Municipality, reference: UUID) -> Still:
    """Raises: OutOfScope."""
    found: Still | None = (
        Still.objects.visible_to(request.user)
        .without_picture()
        .select_related("incident", "camera__site", "taken_by")
        .filter(municipality=municipality, reference=reference)
        .first()
    )
    if found is None:
        raise OutOfScope(_("no such still, or its time is over"))
    return found


def receivers_of(incident: Incident) -> list[dict[str, Any]]:
    """Name the agencies that a still of this incident would go to, and which may not have it."""
    rows = []
    for case in stills.receivers(incident):
        link = case.link
        may = may_owe(link=link, incident=incident, message_type=MessageType.STILL)
        rows.append(
            {"link": link.code, "agency": str(link.agency), "may": bool(may), "reason": may.reason}
        )
    return rows


@api_view(["GET", "POST"])
def of_incident(request: Request, code: str, incident_id: UUID) -> Response:
    """Give the incident's stills and whom one would go to; by POST, take one of a camera."""
    right = Right.VIDEO_WATCH if request.method == "POST" else Right.OPERATIONS_VIEW
    municipality = municipality_for(request.user, code, right)
    incident = incident_of(request, municipality, incident_id)
    if request.method == "GET":
        shown = {"stills": stills.of_incident(incident), "receivers": receivers_of(incident)}
        return Response(shown)
    camera = (
        Camera.objects.visible_to(request.user)
        .in_register()
        .select_related("site", "municipality")
        .filter(municipality=municipality, pk=checked(TakeSerializer, request.data)["camera"])
        .first()
    )
    if camera is None:
        raise OutOfScope(_("no such camera"))
    still = stills.take(incident=incident, camera=camera, by=viewer(request))
    taken = {"still": stills.still_item(still), "receivers": receivers_of(incident)}
    return Response(taken, status=status.HTTP_201_CREATED)


@api_view(["GET"])
def picture(request: Request, code: str, reference: UUID) -> HttpResponse:
    """Give the JPEG; looking at it is on record."""
    municipality = municipality_for(request.user, code, Right.VIDEO_WATCH)
    still = still_of(request, municipality, reference)
    body = stills.show(still=still, to=viewer(request))
    return HttpResponse(body, content_type="image/jpeg", headers={"Cache-Control": "no-store"})


@api_view(["POST"])
def send(request: Request, code: str, reference: UUID) -> Response:
    municipality = municipality_for(request.user, code, Right.INCIDENT_WORK)
    still = still_of(request, municipality, reference)
    sent = stills.send(still=still, by=viewer(request), **checked(SendSerializer, request.data))
    return Response({"links": [row.link.code for row in sent]}, status=status.HTTP_201_CREATED)
