"""The console's address for reporting to an agency, and what became of the reports."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from controlroom.errors import Invalid
from controlroom.municipalities.access import municipality_for
from controlroom.municipalities.roles import Right
from incidents.models import Kind
from incidents.serializers import PlaceSerializer
from incidents.views import checked, viewer
from linkage import filed, regions
from linkage.choices import Direction, LinkState
from linkage.models import Link
from linkage.models_filed import Relation
from linkage.views_police112 import incident_of
from linkage.views_stills import still_of

SERVICES = ("police112", "fire119")


class ReportSerializer(serializers.Serializer[Any]):
    to = serializers.CharField(max_length=60)
    incident = serializers.UUIDField(required=False, allow_null=True, default=None)
    place = PlaceSerializer(required=False, allow_null=True, default=None)
    address = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    kind = serializers.CharField(max_length=30)
    relation = serializers.ChoiceField(choices=Relation.choices, default=Relation.REPORT)
    text = serializers.CharField(max_length=500)
    still = serializers.UUIDField(required=False, allow_null=True, default=None)
    is_drill = serializers.BooleanField(default=False)


@api_view(["POST"])
def report(request: Request, code: str) -> Response:
    """File a report to 112 or 119, of an incident or of a place."""
    municipality = municipality_for(request.user, code, Right.INCIDENT_WORK)
    sent = checked(ReportSerializer, request.data)
    links = Link.objects.visible_to(request.user).serving(municipality)
    link = links.filter(code=sent.pop("to"), service__in=SERVICES).first()
    if link is None:
        raise Invalid(_("no such link"), fields={"to": [_("no such link")]})
    kind = Kind.objects.filter(service=link.service, code=sent.pop("kind")).first()
    if kind is None:
        raise Invalid(_("no such kind"), fields={"kind": [_("no such kind")]})
    incident_id, place, still = sent.pop("incident"), sent.pop("place"), sent.pop("still")
    row = filed.file_report(
        link=regions.seen_by(link, municipality),
        by=viewer(request),
        kind=kind,
        incident=incident_of(request, municipality, incident_id) if incident_id else None,
        place=PlaceSerializer.point(place) if place else None,
        still=still_of(request, municipality, still) if still else None,
        **sent,
    )
    return Response(filed.filed_item(row), status=status.HTTP_201_CREATED)


@api_view(["GET"])
def reports(request: Request, code: str, incident_id: UUID) -> Response:
    """Give the reports of an incident, and to whom one may be sent now."""
    municipality = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
    incident = incident_of(request, municipality, incident_id)
    open_links = (
        Link.objects.visible_to(request.user)
        .serving(municipality)
        .filter(service__in=SERVICES)
        .exclude(state=LinkState.SUSPENDED)
        .exclude(direction=Direction.IN)
        .select_related("agency")
    )
    return Response(
        {
            "reports": filed.filed_of(municipality=municipality, incident=incident),
            "links": [
                {
                    "code": row.code,
                    "name": str(row.agency),
                    "service": row.service,
                    "takes_drills": row.allows_drills,
                }
                for row in open_links
            ],
        }
    )
