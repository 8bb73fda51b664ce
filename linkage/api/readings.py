"""Take readings of sensors in: POST /api/v1/links/{link}/readings."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from linkage import buckets, documents, inbox, refusals
from linkage.api.base import AgencyView
from linkage.api.schema import LINK, component, problems
from linkage.services.city import sensors
from linkage.services.city.messages import READINGS

documents.register("city/readings", READINGS)


class RefusedReadingSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField()
    reason = serializers.CharField()


class ReadingsAnswerSerializer(serializers.Serializer[Any]):
    taken = serializers.IntegerField()
    repeated = serializers.IntegerField()
    events = serializers.IntegerField()
    refused = RefusedReadingSerializer(many=True)


class ReadingsView(AgencyView):
    @extend_schema(
        operation_id="postReadings",
        tags=["messages"],
        summary="센서 측정값 보내기 · Send readings of sensors",
        description=(
            "같은 센서와 시각의 값은 한 번만 저장됩니다.\n\n"
            "Each sensor and time is stored once, so the same batch may be sent again."
        ),
        parameters=[LINK],
        request={"application/json": component("CityReadings")},
        responses={201: ReadingsAnswerSerializer, **problems(400, 413, 415)},
    )
    def post(self, request: Request, link: str) -> Response:
        found = self.link(link)
        self.hold_back(buckets.link_key(found.pk), found.rate_per_s, found.burst)
        with refusals.noted(link=found):
            inbox.check_open(found)
            document = documents.parse(self.body())
            documents.check(document, "city/readings")
            done = sensors.take_readings(link=found, readings=document["readings"])
        if done.refused:
            refusals.note(link=found, code=refusals.READING, number=len(done.refused))
        if done.taken:
            refusals.taken(link=found)
        return Response(done.as_json(), status=201)
