"""Take readings of sensors in: POST /api/v1/links/{link}/readings."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from linkage import buckets, documents, inbox, refusals
from linkage.api.base import AgencyView
from linkage.api.schema import LINK, component, problems
from linkage.errors import ReadingConflict
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
    # The intake refuses it itself, so that it is counted.
    while_suspended = True

    @extend_schema(
        operation_id="postReadings",
        tags=["messages"],
        summary="센서 측정값 보내기 · Send readings of sensors",
        description=(
            "같은 센서와 시각의 값은 한 번만 저장됩니다. 다른 값이 다시 오면 409로 거부되고, "
            "묶음의 나머지 값은 저장됩니다.\n\n"
            "Each sensor and time is stored once, so the same batch may be sent again. Another "
            "value for a known sensor and time is refused with 409, naming its place in the "
            "batch; the others of the batch are taken all the same."
        ),
        parameters=[LINK],
        request={"application/json": component("CityReadings")},
        responses={201: ReadingsAnswerSerializer, **problems(400, 409, 413, 415)},
    )
    def post(self, request: Request, link: str) -> Response:
        found = self.link(link)
        self.hold_back(buckets.link_key(found.pk), found.rate_per_s, found.burst)
        with refusals.noted(link=found):
            inbox.check_open(found)
            raw = self.body()
            document = documents.parse(raw)
            documents.check(document, "city/readings")
            done = sensors.take_readings(link=found, readings=document["readings"], raw=raw)
        if done.refused or done.conflicts:
            number = len(done.refused) + len(done.conflicts)
            refusals.note(link=found, code=refusals.READING, number=number)
        if done.taken:
            refusals.taken(link=found)
        if done.conflicts:
            inbox.report_conflict(link=found, message_id=next(iter(done.conflicts.values())))
            raise ReadingConflict(
                _("some values differ from what came before; %(count)s others were taken")
                % {"count": done.taken},
                fields={
                    **{f"readings[{one['index']}]": [one["reason"]] for one in done.refused},
                    **{
                        f"readings[{index}].value": [_("came before with another value")]
                        for index in sorted(done.conflicts)
                    },
                },
            )
        return Response(done.as_json(), status=201)
