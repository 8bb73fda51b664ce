"""The console's address for what is probably the same happening: read it, judge it."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from controlroom.municipalities.access import municipality_for
from controlroom.municipalities.roles import Right
from incidents.correlation import (
    VERDICTS,
    counts_of_open,
    joined_with,
    judge,
    probably_same_as,
)
from incidents.models import Incident
from incidents.views import checked, find, viewer


class VerdictSerializer(serializers.Serializer[Any]):
    other = serializers.UUIDField()
    verdict = serializers.ChoiceField(choices=VERDICTS)


class SameView(APIView):
    schema = None

    def get(self, request: Request, code: str, pk: UUID) -> Response:
        municipality = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
        return Response(_said(find(request.user, municipality, pk)))

    def post(self, request: Request, code: str, pk: UUID) -> Response:
        municipality = municipality_for(request.user, code, Right.INCIDENT_WORK)
        incident = find(request.user, municipality, pk)
        sent = checked(VerdictSerializer, request.data)
        other = find(request.user, municipality, sent["other"])
        judge(incident=incident, other=other, verdict=sent["verdict"], by=viewer(request))
        return Response(_said(find(request.user, municipality, pk)))


class SameCountsView(APIView):
    schema = None

    def get(self, request: Request, code: str) -> Response:
        municipality = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
        return Response({"counts": counts_of_open(municipality)})


def _said(incident: Incident) -> dict[str, Any]:
    return {"same": probably_same_as(incident), **joined_with(incident)}
