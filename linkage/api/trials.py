"""An agency tries its own link: POST /api/v1/links/{link}/test-message."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from linkage import trials
from linkage.api.base import AgencyView
from linkage.api.schema import LINK, problems
from linkage.choices import OutboxState


class TestMessageSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    case = serializers.CharField()
    state = serializers.ChoiceField(choices=OutboxState.values)


class TestMessageView(AgencyView):
    @extend_schema(
        operation_id="sendTestMessage",
        tags=["self-service"],
        summary="시험 메시지 받기 · Have a test message sent",
        description=(
            "We owe you one message of type TEST, marked as a drill, by the way of every other: "
            "signed and pushed to your address, or fetched and acknowledged. "
            "`deliveries/{id}` tells its attempts and its result. One that nobody takes is given "
            "up after an hour and alarms nobody."
        ),
        parameters=[LINK],
        request=None,
        responses={201: TestMessageSerializer, **problems(409)},
    )
    def post(self, request: Request, link: str) -> Response:
        self.hold_back_reads()
        found = self.link(link)
        message = trials.send(link=found, agent=found.code)
        return Response(
            {"id": str(message.uid), "case": message.case_number, "state": str(message.state)},
            status=201,
        )
