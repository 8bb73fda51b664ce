"""The console's addresses for cluster alarms: those that stand, and acknowledging one."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from controlroom.errors import OutOfScope
from controlroom.municipalities.access import municipality_for
from controlroom.municipalities.roles import Right
from incidents import cluster_alarms
from incidents.models import ClusterAlarm
from incidents.views import checked, viewer


class AssessmentSerializer(serializers.Serializer[Any]):
    assessment = serializers.CharField(max_length=10)
    note = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class ClusterAlarmsView(APIView):
    schema = None

    def get(self, request: Request, code: str) -> Response:
        municipality = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
        standing = (
            ClusterAlarm.objects.visible_to(request.user)
            .filter(municipality=municipality, ended_at=None)
            .select_related("lead", "acknowledged_by")
        )
        return Response({"clusters": [cluster_alarms.cluster_alarm(row) for row in standing[:50]]})


class AcknowledgeClusterView(APIView):
    schema = None

    def post(self, request: Request, code: str, pk: UUID) -> Response:
        municipality = municipality_for(request.user, code, Right.INCIDENT_WORK)
        visible = ClusterAlarm.objects.visible_to(request.user).filter(municipality=municipality)
        alarm = visible.filter(pk=pk).first()
        if alarm is None:
            raise OutOfScope(_("no such cluster"))
        sent = checked(AssessmentSerializer, request.data)
        row = cluster_alarms.acknowledge(alarm=alarm, by=viewer(request), **sent)
        return Response(cluster_alarms.cluster_alarm(row))
