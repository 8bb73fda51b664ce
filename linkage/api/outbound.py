"""The fetch transport: an agency that lets nothing in asks for what we owe it, and commits it."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from controlroom.errors import Invalid, OutOfScope
from linkage import documents, outbox
from linkage.api.base import AgencyView
from linkage.api.paging import LIMIT, flag, flag_of, limit_of, sequence, sequence_of
from linkage.api.schema import LINK, component, problems
from linkage.choices import OutboxState
from linkage.envelopes import SENT_WITH, cloud_event
from linkage.models import OutboxMessage
from linkage.wire import LARGEST_SEQUENCE


@extend_schema_field(component("ToldEvent"))
class EventField(serializers.DictField):
    """A message as it is pushed too."""


class OutboundSerializer(serializers.Serializer[Any]):
    sequence = serializers.IntegerField()
    event = EventField()


class OutboundPageSerializer(serializers.Serializer[Any]):
    messages = OutboundSerializer(many=True)
    next_after = serializers.IntegerField(allow_null=True)


class AcknowledgedSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=OutboxState.values)


class OutboundView(AgencyView):
    @extend_schema(
        operation_id="fetchOutbound",
        tags=["outbound"],
        summary="보낼 메시지 가져오기 · Fetch what is owed",
        description=(
            "Every message stays in the answer until it is acknowledged, so nothing is lost. "
            "`after` only pages through a long answer; begin each round without it."
        ),
        parameters=[
            LINK,
            LIMIT,
            sequence("after", minimum=0, description="`next_after` of the page before"),
            flag(
                "urgent",
                description=(
                    "Only incidents with something urgent (priority 1) in it: ask so first when "
                    "much waits. Acknowledge these one by one: a commit up to their sequence "
                    "would take earlier pages along"
                ),
            ),
        ],
        responses={200: OutboundPageSerializer, **problems(400)},
    )
    def get(self, request: Request, link: str) -> Response:
        self.hold_back_reads()
        found = self.link(link)
        limit = limit_of(request)
        owed = (
            OutboxMessage.objects.filter(
                link=found, pk__gt=sequence_of(request, "after", minimum=0) or 0
            )
            .leaving()
            .select_related(*SENT_WITH)
            .order_by("pk")
        )
        if flag_of(request, "urgent"):
            owed = owed.urgent()
        page = list(owed[: limit + 1])
        more = len(page) > limit
        page = page[:limit]
        outbox.handed_out(page)
        return Response(
            {
                "messages": [{"sequence": row.pk, "event": cloud_event(row)} for row in page],
                "next_after": page[-1].pk if more else None,
            }
        )


class CommitSerializer(serializers.Serializer[Any]):
    sequence = serializers.IntegerField(min_value=0, max_value=LARGEST_SEQUENCE)


class CommittedSerializer(serializers.Serializer[Any]):
    acknowledged = serializers.IntegerField()


class CommitView(AgencyView):
    # Saying what one has had already is no passing on of anything.
    while_suspended = True

    @extend_schema(
        operation_id="commitOutbound",
        tags=["outbound"],
        summary="여기까지 받았음을 알리기 · Acknowledge up to a sequence",
        description=(
            "Acknowledges every message up to this sequence that was handed out by fetching. "
            "One that was written meanwhile with a lower sequence stays owed and comes next time."
        ),
        parameters=[LINK],
        request=CommitSerializer,
        responses={200: CommittedSerializer, **problems(400, 413, 415)},
    )
    def post(self, request: Request, link: str) -> Response:
        self.hold_back_reads()
        found = self.link(link)
        upto = documents.parse(self.body()).get("sequence")
        if isinstance(upto, float) and upto.is_integer():
            upto = int(upto)
        if type(upto) is not int or not 0 <= upto <= LARGEST_SEQUENCE:
            raise Invalid(
                _("not a sequence number"), fields={"sequence": [_("must be a whole number")]}
            )
        done = outbox.commit_up_to(link=found, sequence=upto)
        return Response({"acknowledged": done})


class AcknowledgeView(AgencyView):
    while_suspended = True

    @extend_schema(
        operation_id="acknowledgeOutbound",
        tags=["outbound"],
        summary="받았음을 알리기 · Acknowledge a message",
        parameters=[
            LINK,
            OpenApiParameter("id", {"type": "string", "format": "uuid"}, OpenApiParameter.PATH),
        ],
        request=None,
        responses={200: AcknowledgedSerializer, **problems()},
    )
    def post(self, request: Request, link: str, id: str) -> Response:
        self.hold_back_reads()
        found = self.link(link)
        try:
            message = outbox.acknowledge(link=found, uid=UUID(id))
        except ValueError:
            message = None
        if message is None:
            raise OutOfScope(_("no such message of this link"))
        return Response({"id": str(message.uid), "state": str(message.state)})
