"""An agency tries its own link, and says that it is there: test message and heartbeat."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.features import moment
from linkage import trials
from linkage.api.base import AgencyView
from linkage.api.schema import LINK, problems
from linkage.choices import LinkState, OutboxState
from linkage.matrix import shown_state


class TestMessageSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    case = serializers.CharField()
    state = serializers.ChoiceField(choices=OutboxState.values)


class HeartbeatSerializer(serializers.Serializer[Any]):
    received_at = serializers.DateTimeField()
    state = serializers.ChoiceField(choices=LinkState.values)
    silent_after_s = serializers.IntegerField(allow_null=True)


class HeartbeatView(AgencyView):
    while_suspended = True

    @extend_schema(
        operation_id="sendHeartbeat",
        tags=["self-service"],
        summary="살아 있음을 알리기 · Say that you are there",
        description=(
            "Every authenticated request says so too; this one is for quiet times. When nothing "
            "has come for `silent_after_s` seconds the centre's operators are alarmed and "
            "telephone you; null: nothing is expected."
        ),
        parameters=[LINK],
        request=None,
        responses={200: HeartbeatSerializer, **problems()},
    )
    def post(self, request: Request, link: str) -> Response:
        self.hold_back_reads()
        found = self.link(link)
        now = timezone.now()
        return Response(
            {
                "received_at": moment(now),
                "state": shown_state(found, now),
                "silent_after_s": found.silent_after_s,
            }
        )


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
