"""Recorded video asked for by an agency: the request, its letter, how it stands, taken back.

What becomes of it comes as a message of type EXPORT; the video itself is seen on the page that a
RELEASED names, by the agency's own people.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from controlroom.errors import Invalid, OutOfScope
from incidents.features import moment as written
from incidents.models import Incident
from linkage import buckets, documents, idempotency
from linkage.api.base import AgencyView, respond
from linkage.api.paging import LIMIT, limit_of, sequence, sequence_of
from linkage.api.schema import IDEMPOTENCY_KEY, LINK, problems
from linkage.errors import TooLarge
from linkage.exports import releases, requests, rules
from linkage.idempotency import Answer
from linkage.models import ExportRequest, Link
from linkage.models_exports import ExportState
from linkage.wire import RECEIPT_NO, moment, moment_of, record, text, token

REQUEST = record(
    "since",
    "until",
    "cameras",
    "purpose",
    "legal_basis",
    since=moment("The period, with offset"),
    until=moment("After `since`, not in the future, two hours later at most"),
    cameras={
        "type": "array",
        "minItems": 1,
        "maxItems": rules.MOST_CAMERAS,
        "items": {"type": "integer", "minimum": 1, "maximum": 9_223_372_036_854_775_807},
        "description": "Ids of cameras, as in a CAMERA_LIST",
    },
    purpose={**text(300, "What it is needed for; no names"), "minLength": 1},
    legal_basis=token(20, "Code of a legal basis that allows recorded video"),
    receipt_no=RECEIPT_NO,
    incident_number=token(20, "Our number of the incident, where there is one"),
)
WHO = record("who", who={**text(100, "Who confirms it"), "minLength": 1})
documents.register("exports/request", REQUEST)
documents.register("exports/confirmation", WHO)
EXPORT = OpenApiParameter("export", {"type": "string", "format": "uuid"}, OpenApiParameter.PATH)
NUMBER = OpenApiParameter(
    "number",
    {"type": "string", "minLength": 1, "maxLength": 60},
    OpenApiParameter.QUERY,
    required=True,
    description="공문번호: number of the official letter",
)
NAME = OpenApiParameter(
    "name",
    {"type": "string", "minLength": 1, "maxLength": 200},
    OpenApiParameter.QUERY,
    required=True,
    description=f"Name of the file; its ending is one of {', '.join(sorted(rules.LETTER_KINDS))}",
)
BINARY = "application/octet-stream"


class RawLetter(BaseParser):
    """Hand over the bytes of a letter as they came, none of them beyond the limit."""

    media_type = BINARY

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        raw: bytes = stream.read(rules.LETTER_BYTES + 1)
        if len(raw) > rules.LETTER_BYTES:
            words = _("the letter may have at most %(count)s MB")
            raise TooLarge(words % {"count": rules.LETTER_BYTES // 1024 // 1024})
        return raw


class FilmSerializer(serializers.Serializer[Any]):
    camera = serializers.IntegerField()
    began_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    gaps = serializers.ListField(
        child=serializers.ListField(child=serializers.DateTimeField()),
        help_text="What of the period is not there",
    )
    is_missing = serializers.BooleanField(help_text="Nothing of the period is kept")


class ExportSerializer(serializers.Serializer[Any]):
    export = serializers.UUIDField()
    export_no = serializers.CharField()
    state = serializers.ChoiceField(choices=[value.upper() for value in ExportState.values])
    state_at = serializers.DateTimeField()
    reason = serializers.CharField(allow_blank=True)
    receipt_no = serializers.CharField(allow_blank=True)
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    purpose = serializers.CharField()
    legal_basis = serializers.CharField()
    letter_number = serializers.CharField(allow_blank=True)
    cameras = FilmSerializer(many=True)
    page = serializers.CharField(allow_blank=True, help_text="Where it is seen while RELEASED")
    available_until = serializers.DateTimeField(allow_null=True)
    views = serializers.IntegerField(allow_null=True)
    views_used = serializers.IntegerField(allow_null=True)
    copies_destroyed_at = serializers.DateTimeField(allow_null=True)


class ExportsSerializer(serializers.Serializer[Any]):
    exports = ExportSerializer(many=True)
    next_before = serializers.IntegerField(allow_null=True)


class ExportsView(AgencyView):
    @extend_schema(
        operation_id="listExports",
        tags=["recorded video"],
        summary="영상 반출 요청 목록 · Requests for recorded video",
        parameters=[
            LINK,
            LIMIT,
            sequence("before", minimum=1, description="`next_before` of the page before"),
        ],
        responses={200: ExportsSerializer, **problems(400)},
    )
    def get(self, request: Request, link: str) -> Response:
        self.hold_back_reads()
        limit, before = limit_of(request), sequence_of(request, "before", minimum=1)
        rows = of_link(self.link(link)).prefetch_related("clips")
        if before is not None:
            rows = rows.filter(pk__lt=before)
        page = list(rows[: limit + 1])
        following = page[limit - 1].pk if len(page) > limit else None
        return Response({"exports": [item(row) for row in page[:limit]], "next_before": following})

    @extend_schema(
        operation_id="requestExport",
        tags=["recorded video"],
        summary="영상 반출 요청 · Ask for recorded video",
        description=(
            "Written down as a draft. It is submitted when its official letter has come "
            "(`submitExport`); a draft without one lapses."
        ),
        parameters=[LINK, IDEMPOTENCY_KEY],
        request={"application/json": REQUEST},
        responses={201: ExportSerializer, **problems(400, 409, 413, 415, 422)},
    )
    def post(self, request: Request, link: str) -> Response:
        found = self.link(link)
        self.hold_back(buckets.link_key(found.pk), found.rate_per_s, found.burst)
        raw = self.body()
        answer = idempotency.once(
            application_id=self.client.pk,
            key=request.headers.get("Idempotency-Key"),
            request=request.path.encode() + b"\n" + raw,
            work=lambda: Answer(201, item(self._drafted(found, raw))),
        )
        return respond(answer)

    @transaction.atomic
    def _drafted(self, link: Link, raw: bytes) -> ExportRequest:
        said = documents.parse(raw)
        documents.check(said, "exports/request")
        return requests.draft(
            link=link,
            since=moment_of(said["since"]),
            until=moment_of(said["until"]),
            cameras=said["cameras"],
            purpose=said["purpose"],
            basis=said["legal_basis"],
            incident=_incident(link, said.get("incident_number", "")),
            case_number=said.get("receipt_no", ""),
        )


class ExportView(AgencyView):
    @extend_schema(
        operation_id="readExport",
        tags=["recorded video"],
        summary="요청 상태 · How a request stands",
        parameters=[LINK, EXPORT],
        responses={200: ExportSerializer, **problems()},
    )
    def get(self, request: Request, link: str, export: str) -> Response:
        self.hold_back_reads()
        return Response(item(found(self.link(link), export)))


class ExportLetterView(AgencyView):
    parser_classes: Any = (RawLetter,)

    @extend_schema(
        operation_id="submitExport",
        tags=["recorded video"],
        summary="공문 제출 · Hand in the official letter and submit the request",
        description="The file as it is. The same letter again is answered as the first time.",
        parameters=[LINK, EXPORT, NUMBER, NAME],
        request={BINARY: OpenApiTypes.BINARY},
        responses={200: ExportSerializer, **problems(400, 409, 413, 415)},
    )
    def post(self, request: Request, link: str, export: str) -> Response:
        row = found(self.link(link), export)
        self.hold_back(buckets.link_key(row.link_id), row.link.rate_per_s, row.link.burst)
        number, name = (request.query_params.get(key, "") for key in ("number", "name"))
        if "\x00" in number + name:
            raise Invalid(_("malformed"), fields={"number": [_("malformed")]})
        body = self.body()
        with transaction.atomic():
            if not requests.has_letter(export=row, number=number, body=body):
                row = requests.attach_letter(export=row, number=number, name=name, body=body)
                row = requests.submit(export=row)
        return Response(item(row))


class ExportCancelView(AgencyView):
    @extend_schema(
        operation_id="cancelExport",
        tags=["recorded video"],
        summary="요청 취소 · Take a request back",
        description="Until its extraction begins; then `export_state`.",
        parameters=[LINK, EXPORT],
        request=None,
        responses={200: ExportSerializer, **problems(409, 415)},
    )
    def post(self, request: Request, link: str, export: str) -> Response:
        self.hold_back_reads()
        row = found(self.link(link), export)
        return Response(item(requests.withdraw(export=row)))


class ExportCopiesView(AgencyView):
    @extend_schema(
        operation_id="confirmCopiesDestroyed",
        tags=["recorded video"],
        summary="사본 파기 확인 · Confirm that your copies are destroyed",
        parameters=[LINK, EXPORT],
        request={"application/json": WHO},
        responses={200: ExportSerializer, **problems(400, 409, 413, 415)},
    )
    def post(self, request: Request, link: str, export: str) -> Response:
        self.hold_back_reads()
        row = found(self.link(link), export)
        said = documents.parse(self.body())
        documents.check(said, "exports/confirmation")
        return Response(item(releases.confirm_copies_destroyed(export=row, who=said["who"])))


def of_link(link: Link) -> Any:
    return ExportRequest.objects.filter(link=link).select_related("release", "basis", "link")


def found(link: Link, reference: str) -> ExportRequest:
    """Raises: OutOfScope; another's looks like none."""
    try:
        row: ExportRequest | None = of_link(link).filter(reference=UUID(reference)).first()
    except ValueError:
        row = None
    if row is None:
        raise OutOfScope(_("no such request"))
    return row


def _incident(link: Link, number: str) -> Incident | None:
    """Raises: Invalid for one that is not of this link's own cases."""
    if not number:
        return None
    own = Incident.objects.filter(number=number, cases__link=link)
    incident: Incident | None = own.filter(municipality=link.municipality_id).first()
    if incident is None:
        raise Invalid(
            _("the request cannot be taken like this"),
            fields={"incident_number": [_("no such incident of yours")]},
        )
    return incident


def item(export: ExportRequest) -> dict[str, Any]:
    """Give what the agency may know of its request: nobody's name, nothing sealed."""
    release = getattr(export, "release", None)
    is_open = export.state == ExportState.RELEASED
    return {
        "export": str(export.reference),
        "export_no": export.number,
        "state": export.state.upper(),
        "state_at": written(export.state_at),
        "reason": export.reason,
        "receipt_no": export.case_number,
        "since": written(export.since),
        "until": written(export.until),
        "purpose": export.purpose,
        "legal_basis": export.basis.code,
        "letter_number": export.letter_number,
        "cameras": [_film(clip) for clip in export.clips.all()],
        "page": page_of(export) if is_open else "",
        "available_until": written(release.available_until) if release else None,
        "views": release.views_allowed if release else None,
        "views_used": release.views_used if release else None,
        "copies_destroyed_at": written(export.copies_destroyed_at),
    }


def page_of(export: ExportRequest) -> str:
    return f"/agency/{export.link.code}/exports/{export.reference}/"


def _film(clip: Any) -> dict[str, Any]:
    def time_of(at: datetime | None) -> str | None:
        return written(at) if at else None

    return {
        "camera": clip.camera_id,
        "began_at": time_of(clip.began_at),
        "ended_at": time_of(clip.ended_at),
        "gaps": clip.gaps,
        "is_missing": clip.is_missing,
    }
