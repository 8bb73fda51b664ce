"""What was refused on an own link: GET /api/v1/links/{link}/refusals."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from linkage import buckets, refusals
from linkage.api.base import AgencyView
from linkage.api.schema import LINK, problems


class RefusedSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="As the refusal itself said it")
    words = serializers.CharField()
    count = serializers.IntegerField()
    first_at = serializers.DateTimeField()
    last_at = serializers.DateTimeField()
    message_id = serializers.CharField(
        allow_blank=True, help_text="Of the last one, as far as it could be read"
    )
    reason = serializers.CharField(allow_blank=True, help_text="Names of the fields at fault")


class RefusalsSerializer(serializers.Serializer[Any]):
    refused = RefusedSerializer(many=True)
    in_a_row = serializers.IntegerField(help_text="Since a message was taken; 10 ring an alarm")
    held_back = serializers.IntegerField(help_text="429 within the last hour; nothing was dropped")


class RefusalsView(AgencyView):
    @extend_schema(
        operation_id="listRefusals",
        tags=["self-service"],
        summary="거절된 메시지 · What was refused",
        description=(
            "By code, within the last 24 hours, newest first. The messages themselves are not kept."
        ),
        parameters=[LINK],
        responses={200: RefusalsSerializer, **problems()},
    )
    def get(self, request: Request, link: str) -> Response:
        self.hold_back_reads()
        found = self.link(link)
        return Response(
            {
                "refused": refusals.as_json(refusals.of_links([found]).get(found.pk, [])),
                "in_a_row": refusals.in_a_row([found]).get(found.pk, 0),
                "held_back": buckets.held_back([found]).get(found.pk, 0),
            }
        )
