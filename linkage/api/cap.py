"""Take CAP alerts in: POST /api/v1/links/{link}/cap."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from controlroom.errors import DomainError
from linkage import buckets, inbox, refusals
from linkage.api.base import AgencyView
from linkage.api.schema import LINK, IncidentBriefSerializer, problems
from linkage.cap import writing
from linkage.cap.alert import Reference
from linkage.cap.errors import CapRefused, TooLarge
from linkage.cap.xml import MAX_BYTES
from linkage.choices import InboxResult
from linkage.errors import MessageConflict
from linkage.models import Link
from linkage.services.disaster import cap_intake, own_alerts

CAP_XML = "application/cap+xml"


class RawXML(BaseParser):
    """Hand over the bytes of an XML body as they came, none of them beyond the limit."""

    media_type = "application/xml"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        raw: bytes = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise TooLarge(_("an alert may have at most %(count)s bytes") % {"count": MAX_BYTES})
        return raw


class RawCap(RawXML):
    media_type = CAP_XML


class CapRenderer(BaseRenderer):
    """Write a CAP document as it is; what is not one goes as JSON."""

    media_type = CAP_XML
    format = "cap"

    def render(self, data: Any, media_type: Any = None, renderer_context: Any = None) -> bytes:
        if isinstance(data, bytes):
            return data
        written: bytes = JSONRenderer().render(data)
        return written


class TakenSerializer(serializers.Serializer[Any]):
    identifier = serializers.CharField()
    sender = serializers.CharField()
    sent = serializers.DateTimeField()
    msg_type = serializers.CharField()
    route = serializers.CharField()
    result = serializers.ChoiceField(choices=InboxResult.values)
    areas = serializers.ListField(child=serializers.CharField())
    receipt_no = serializers.CharField()
    municipality_code = serializers.CharField()
    incident = IncidentBriefSerializer(allow_null=True)


class TakenAlertsSerializer(serializers.Serializer[Any]):
    alerts = TakenSerializer(many=True)


class CapView(AgencyView):
    # The intake refuses it itself, so that it is counted.
    while_suspended = True

    parser_classes: Any = (RawXML, RawCap)
    renderer_classes: Any = (JSONRenderer, CapRenderer)
    found: Link | None = None
    # What a refused document names, for the Error that answers it.
    refused: Sequence[Reference] = ()

    @extend_schema(
        operation_id="postCap",
        tags=["messages"],
        summary="CAP 경보 보내기 · Send a CAP alert",
        description=(
            "CAP 1.2 경보를 그대로 보냅니다. `Accept: application/cap+xml` 이면 국내 프로파일의 "
            "Ack 또는 Error 문서로 답합니다.\n\nSend a CAP 1.2 alert as it is. With `Accept: "
            "application/cap+xml` the answer is the Ack or Error document of the Korean profile."
        ),
        parameters=[LINK],
        request={"application/xml": {"type": "string"}},
        examples=[
            OpenApiExample(
                "호우 경보 (heavy rain)",
                value=own_alerts.EXAMPLE,
                request_only=True,
                media_type="application/xml",
            )
        ],
        responses={
            201: TakenAlertsSerializer,
            202: TakenAlertsSerializer,
            **problems(400, 409, 413, 415, 422),
        },
    )
    def post(self, request: Request, link: str) -> Response:
        found = self.found = self.link(link)
        self.hold_back(buckets.link_key(found.pk), found.rate_per_s, found.burst)
        with refusals.noted(link=found) as named:
            raw = self.body()
            try:
                taken = cap_intake.accept(link=found, raw=raw)
            except DomainError as refused:
                named.message_id = cap_intake.identifier_of(raw)
                self.refused = cap_intake.named_in(raw)
                if isinstance(refused, MessageConflict):
                    inbox.report_conflict(link=found, message_id=named.message_id or "cap")
                raise
        filed = all(one.result == InboxResult.FILED for one in taken)
        status = 202 if filed else 201
        is_known = all(one.replayed for one in taken)
        headers = {"Idempotency-Replayed": "true"} if is_known else {}
        if not is_known:
            refusals.taken(link=found)
        if self._wants_cap():
            rows = [one.row for one in taken]
            stated = dict.fromkeys(Reference(row.sender, row.identifier, row.sent) for row in rows)
            return self._reply("000", list(stated), status=status)
        body = {"alerts": [one.as_json() for one in taken]}
        return Response(body, status=status, headers=headers)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, CapRefused) and self.found is not None and self._wants_cap():
            return self._reply(exc.note, list(self.refused), status=exc.status)
        response = super().handle_exception(exc)
        if isinstance(exc, DomainError) and isinstance(exc, CapRefused):
            response.data["note"] = exc.note
        return response

    def _wants_cap(self) -> bool:
        chosen: Any = getattr(self.request, "accepted_renderer", None)
        return isinstance(chosen, CapRenderer)

    def _reply(self, note: str, named: list[Reference], *, status: int) -> Response:
        assert self.found is not None  # noqa: S101 - set before anything can be answered so
        body = writing.reply(
            identifier=own_alerts.next_identifier(self.found.municipality),
            sender=own_alerts.sender(self.found.municipality),
            sent=timezone.localtime(),
            note=note,
            references=named,
            is_error=note[1:2] == "1",
        )
        return Response(body, status=status, content_type=CAP_XML)
