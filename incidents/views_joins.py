"""The console's address for incidents that are answered together: read the links, add one."""

from typing import Any
from uuid import UUID

from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from controlroom.municipalities.access import municipality_for
from controlroom.municipalities.roles import Right
from incidents.joins import join, joins_of
from incidents.models_joins import JoinKind
from incidents.views import checked, find, viewer


class JoinSerializer(serializers.Serializer[Any]):
    other = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=JoinKind.choices)
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class JoinsView(APIView):
    schema = None

    def get(self, request: Request, code: str, pk: UUID) -> Response:
        municipality = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
        return Response({"joins": joins_of(find(request.user, municipality, pk))})

    def post(self, request: Request, code: str, pk: UUID) -> Response:
        municipality = municipality_for(request.user, code, Right.INCIDENT_WORK)
        incident = find(request.user, municipality, pk)
        sent = checked(JoinSerializer, request.data)
        other = find(request.user, municipality, sent.pop("other"))
        join(incident=incident, other=other, by=viewer(request), **sent)
        return Response({"joins": joins_of(incident)}, status=status.HTTP_201_CREATED)
