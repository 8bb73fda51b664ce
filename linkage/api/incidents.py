"""An agency's own cases: GET /api/v1/incidents, GET and PATCH /api/v1/incidents/{receipt_no}."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from controlroom.errors import Invalid, OutOfScope
from incidents.choices import Result, Status
from incidents.features import moment
from linkage import buckets, idempotency, inbox, refusals
from linkage.api.base import AgencyView, respond
from linkage.api.paging import LIMIT, limit_of
from linkage.api.schema import (
    CORRECTION_BODY,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    IF_NONE_MATCH,
    LINK_FILTER,
    MUNICIPALITY,
    MUNICIPALITY_PATTERN,
    RECEIPT,
    MessageAnswerSerializer,
    problems,
)
from linkage.choices import LinkState
from linkage.errors import Ambiguous, PreconditionFailed, PreconditionRequired
from linkage.models import Case
from linkage.querysets import CaseQuerySet

# Microseconds of the last row's time, and its number that breaks ties.
CURSOR = re.compile(r"^([0-9]{1,16})-([0-9]{1,18})$")
MUNICIPALITY_CODE = re.compile(MUNICIPALITY_PATTERN)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class PlaceSerializer(serializers.Serializer[Any]):
    lon = serializers.FloatField()
    lat = serializers.FloatField()
    error_radius_m = serializers.FloatField()


class CaseSerializer(serializers.Serializer[Any]):
    """A case as its agency may see it: no operator, no note, no camera."""

    receipt_no = serializers.CharField()
    link = serializers.CharField()
    municipality_code = serializers.CharField()
    case_version = serializers.IntegerField()
    incident_number = serializers.CharField()
    incident_version = serializers.IntegerField()
    status = serializers.ChoiceField(choices=Status.values)
    result = serializers.ChoiceField(choices=["", *Result.values])
    kind_code = serializers.CharField()
    urgency = serializers.CharField(allow_blank=True)
    is_drill = serializers.BooleanField()
    place = PlaceSerializer(allow_null=True)
    occurred_at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class CasePageSerializer(serializers.Serializer[Any]):
    incidents = CaseSerializer(many=True)
    next_cursor = serializers.RegexField(CURSOR, allow_null=True)


def case_body(case: Case) -> dict[str, Any]:
    incident = case.incident
    place = incident.location
    return {
        "receipt_no": case.external_id,
        "link": case.link.code,
        "municipality_code": case.municipality.code,
        "case_version": case.version,
        "incident_number": incident.number,
        "incident_version": incident.version,
        "status": str(incident.status),
        "result": str(incident.result),
        "kind_code": incident.kind.code,
        "urgency": incident.urgency,
        "is_drill": incident.is_drill,
        "place": {"lon": place.x, "lat": place.y, "error_radius_m": incident.error_radius_m}
        if place
        else None,
        "occurred_at": moment(incident.occurred_at),
        "received_at": moment(incident.received_at),
        "acknowledged_at": moment(incident.acknowledged_at),
        "ended_at": moment(incident.ended_at),
    }


def etag_of(case: Case) -> str:
    return f'"{case.pk}.{case.version}.{case.incident.version}"'


def tags_of(header: str) -> set[str]:
    """Read a list of entity tags; a weak one is compared as if strong, as RFC 9110 allows a GET."""
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}


class CaseView(AgencyView):
    """What the list and the single case share."""

    def cases(self, request: Request) -> CaseQuerySet:
        """Raises: Invalid, OutOfScope."""
        cases = Case.objects.of_client(self.client.application).filter(
            ~Q(link__state=LinkState.SUSPENDED), link__service__in=self.client.scopes
        )
        link = request.query_params.get("link")
        if link is not None:
            cases = cases.filter(link=self.link(link))
        municipality = request.query_params.get("municipality")
        if municipality is not None:
            if not MUNICIPALITY_CODE.fullmatch(municipality):
                raise Invalid(
                    _("the filter is not understood"),
                    fields={"municipality": [_("is not a municipality's code")]},
                )
            cases = cases.filter(municipality__code=municipality)
        chosen: CaseQuerySet = cases.select_related(
            "incident__kind",
            "municipality",
            "link__municipality",
            "link__agency",
            "link__refusal_run",
        ).defer("municipality__boundary", "link__municipality__boundary")
        return chosen

    def case(self, request: Request, receipt_no: str) -> Case:
        """Raises: OutOfScope (404), Ambiguous (409)."""
        found = list(self.cases(request).filter(external_id=receipt_no)[:2])
        if not found:
            raise OutOfScope(_("no such case of yours"))
        if len(found) > 1:
            several = "link" if found[0].link_id != found[1].link_id else "municipality"
            raise Ambiguous(
                _("you have several cases of this number"), fields={several: [_("name one")]}
            )
        case: Case = found[0]
        return case


class IncidentsView(CaseView):
    @extend_schema(
        operation_id="listIncidents",
        tags=["incidents"],
        summary="내 사건 목록 · Own cases, newest first",
        parameters=[
            LINK_FILTER,
            MUNICIPALITY,
            LIMIT,
            OpenApiParameter(
                "cursor",
                {"type": "string", "pattern": "^[0-9]{1,16}-[0-9]{1,18}$"},
                OpenApiParameter.QUERY,
                description="`next_cursor` of the page before; stable while new cases arrive",
            ),
        ],
        responses={200: CasePageSerializer, **problems(400)},
    )
    def get(self, request: Request) -> Response:
        self.hold_back_reads()
        limit = limit_of(request)
        cases = self.cases(request).order_by("-opened_at", "-pk")
        cursor = request.query_params.get("cursor")
        if cursor is not None:
            cases = cases.before(*read_cursor(cursor))
        page = list(cases[: limit + 1])
        more = len(page) > limit
        page = page[:limit]
        return Response(
            {
                "incidents": [case_body(case) for case in page],
                "next_cursor": write_cursor(page[-1]) if more else None,
            }
        )


class IncidentView(CaseView):
    @extend_schema(
        operation_id="getIncident",
        tags=["incidents"],
        summary="내 사건 · One own case",
        parameters=[RECEIPT, LINK_FILTER, MUNICIPALITY, IF_NONE_MATCH],
        responses={200: CaseSerializer, 304: None, **problems(400, 409)},
    )
    def get(self, request: Request, receipt_no: str) -> Response:
        self.hold_back_reads()
        case = self.case(request, receipt_no)
        tag = etag_of(case)
        asked = tags_of(request.headers.get("If-None-Match", ""))
        if tag in asked or "*" in asked:
            return Response(status=304, headers={"ETag": tag})
        return Response(case_body(case), headers={"ETag": tag})

    @extend_schema(
        operation_id="correctIncident",
        tags=["incidents"],
        summary="내 사건 정정 · Correct an own case",
        description="The given fields replace those of the newest report, as its next version.",
        parameters=[RECEIPT, LINK_FILTER, MUNICIPALITY, IF_MATCH, IDEMPOTENCY_KEY],
        request={"application/json": CORRECTION_BODY},
        responses={
            201: MessageAnswerSerializer,
            **problems(400, 409, 412, 413, 415, 422, 428),
        },
    )
    def patch(self, request: Request, receipt_no: str) -> Response:
        case = self.case(request, receipt_no)
        link = case.link
        self.hold_back(buckets.link_key(link.pk), link.rate_per_s, link.burst)
        with refusals.noted(link=link) as named:
            named.message_id = case.external_id
            answer = self._correct(request, case)
        if not answer.replayed:
            refusals.taken(link=link)
        return respond(answer)

    def _correct(self, request: Request, case: Case) -> idempotency.Answer:
        """Raises: PreconditionRequired, PreconditionFailed, and what inbox.correct raises."""
        wanted = request.headers.get("If-Match")
        if wanted is None:
            raise PreconditionRequired(
                _("send the ETag that you read"), fields={"If-Match": [_("missing")]}
            )
        tags, raw = tags_of(wanted), self.body()

        def admits(locked: Case) -> None:
            if etag_of(locked) not in tags and "*" not in tags:
                raise PreconditionFailed(
                    _("the case has changed since"), fields={"If-Match": [etag_of(locked)]}
                )

        return idempotency.once(
            application_id=self.client.pk,
            key=request.headers.get("Idempotency-Key"),
            request=f"PATCH {request.get_full_path()} {wanted}\n".encode() + raw,
            work=lambda: inbox.correct(link=case.link, case=case, raw=raw, admits=admits),
        )


def write_cursor(case: Case) -> str:
    return f"{(case.opened_at - EPOCH) // timedelta(microseconds=1)}-{case.pk}"


def read_cursor(text: str) -> tuple[datetime, int]:
    """Raises: Invalid."""
    found = CURSOR.fullmatch(text) if text.isascii() else None
    if found is None:
        raise Invalid(_("this cursor is not one of ours"), fields={"cursor": [_("unknown")]})
    return EPOCH + timedelta(microseconds=int(found[1])), int(found[2])
