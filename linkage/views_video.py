"""The console's addresses of video given to agencies: what waits, stands, may be given."""

from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from controlroom.errors import OutOfScope
from controlroom.municipalities.access import municipality_for, rights_in
from controlroom.municipalities.roles import Right
from incidents.features import moment
from incidents.views import checked, viewer
from linkage import grants, video_requests
from linkage.models import StreamGrant, VideoRequest
from linkage.models_agreements import LegalBasis
from linkage.policy.words import Access
from linkage.policy_texts import GROUNDS, PURPOSES
from linkage.services.video import answers
from linkage.views_police112 import ReasonSerializer, incident_of

Row = TypeVar("Row", bound=Model)


class GiveSerializer(serializers.Serializer[Any]):
    link = serializers.CharField(max_length=60)
    purpose = serializers.CharField(max_length=20)
    ground = serializers.CharField(max_length=20, required=False, allow_blank=True, default="")
    cameras = serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=50)
    minutes = serializers.IntegerField(
        min_value=1, max_value=10_080, required=False, allow_null=True, default=None
    )
    rights = serializers.ListField(
        child=serializers.ChoiceField(choices=[str(Access.LIVE), str(Access.PTZ)]),
        required=False,
        default=list,
    )


class ExtendSerializer(ReasonSerializer):
    minutes = serializers.IntegerField(
        min_value=1, max_value=10_080, required=False, allow_null=True, default=None
    )


@api_view(["GET"])
def of_incident(request: Request, code: str, incident_id: UUID) -> Response:
    """Give what the video section of the incident panel shows, and what a person may give."""
    municipality = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
    incident = incident_of(request, municipality, incident_id)
    may_work = Right.INCIDENT_WORK in rights_in(request.user, municipality.pk)
    return Response(
        {
            "now": moment(timezone.now()),
            "requests": video_requests.of_incident(incident),
            "grants": [grants.grant_item(row) for row in grants.of_incident(incident)],
            "offers": answers.offers(incident) if may_work else [],
            "words": _words(),
        }
    )


def _words() -> dict[str, dict[str, str]]:
    """Name the codes of all this, by what they are codes of."""
    return {
        "purpose": {str(code): str(name) for code, name in PURPOSES.items()},
        "ground": {str(code): str(name) for code, name in GROUNDS.items()},
        "basis": {basis.code: str(basis) for basis in LegalBasis.objects.all()},
    }


@api_view(["POST"])
def give(request: Request, code: str, incident_id: UUID) -> Response:
    municipality = municipality_for(request.user, code, Right.INCIDENT_WORK)
    incident = incident_of(request, municipality, incident_id)
    said = checked(GiveSerializer, request.data)
    rows = answers.give(incident=incident, link_code=said.pop("link"), by=viewer(request), **said)
    given = [grants.grant_item(row) for row in rows]
    return Response({"grants": given}, status=status.HTTP_201_CREATED)


@api_view(["POST"])
def revoke(request: Request, code: str, reference: UUID) -> Response:
    grant = _own(request, code, reference, StreamGrant.objects.all())
    sent = checked(ReasonSerializer, request.data)
    return Response(grants.grant_item(grants.revoke(grant=grant, by=viewer(request), **sent)))


@api_view(["POST"])
def extend(request: Request, code: str, reference: UUID) -> Response:
    grant = _own(request, code, reference, StreamGrant.objects.all())
    sent = checked(ExtendSerializer, request.data)
    row = answers.extend(grant=grant, by=viewer(request), **sent)
    return Response(grants.grant_item(row))


@api_view(["POST"])
def allow(request: Request, code: str, reference: UUID) -> Response:
    asked = _own(request, code, reference, VideoRequest.objects.all())
    row = answers.allow(request=asked, by=viewer(request))
    return Response(video_requests.item(row))


@api_view(["POST"])
def refuse(request: Request, code: str, reference: UUID) -> Response:
    asked = _own(request, code, reference, VideoRequest.objects.all())
    sent = checked(ReasonSerializer, request.data)
    row = answers.refuse(request=asked, by=viewer(request), **sent)
    return Response(video_requests.item(row))


def _own(request: Request, code: str, reference: UUID, rows: QuerySet[Row]) -> Row:
    """Raises: NotAllowed, OutOfScope."""
    municipality = municipality_for(request.user, code, Right.INCIDENT_WORK)
    found = rows.filter(municipality=municipality, reference=reference).first()
    if found is None:
        raise OutOfScope(_("no such grant, or it is over"))
    return found
