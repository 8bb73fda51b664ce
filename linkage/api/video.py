"""Live pictures for an agency: its own grant opens one camera, and only while it is in force.

A viewing begins with a ticket, which the client shows beside its bearer token: what is watched is a
view on record like a person's.
"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response

from cctv import passes, posters, streams, view_checks
from cctv.errors import TicketRefused
from cctv.passes import Caller, Pass
from cctv.video_api import (
    PIECE_TYPE,
    PLAYLIST_TYPE,
    POSTER_TYPE,
    AnyAccepted,
    ReportRequest,
    caller_of,
    first_playlist,
    mark_of,
    poster_answer,
    reported,
)
from controlroom.errors import OutOfScope
from incidents.features import moment
from linkage import grants, viewing
from linkage.api.base import AgencyView
from linkage.api.schema import LINK, problems
from linkage.models import StreamGrant

GRANT = OpenApiParameter(
    "grant",
    {"type": "string", "format": "uuid"},
    OpenApiParameter.PATH,
    description="`grant` of a STREAM_GRANT",
)
PIECE = OpenApiParameter(
    "piece", {"type": "string", "pattern": "^[0-9a-z.-]{1,40}$"}, OpenApiParameter.PATH
)
TICKET_HEADER = "Video-Ticket"
TICKET = OpenApiParameter(
    TICKET_HEADER,
    {"type": "string", "maxLength": 200},
    OpenApiParameter.HEADER,
    required=True,
    description="`ticket` of askTicket",
)


class TicketSerializer(serializers.Serializer[Any]):
    ticket = serializers.CharField(help_text="For the header Video-Ticket; shown once")
    expires_at = serializers.DateTimeField(help_text="To be used first before this")
    playlist = serializers.CharField()
    poster = serializers.CharField(help_text="Of showPoster, while the play list is loaded")
    mark = serializers.CharField(
        help_text="Show it over the picture, with who watches and the time"
    )


class GrantView(AgencyView):
    content_negotiation_class = AnyAccepted
    parser_classes = (JSONParser,)

    def grant(self, link: str, reference: str) -> StreamGrant:
        """Raises: OutOfScope (404) also for a grant that is over."""
        found = self.link(link)
        try:
            return grants.open_to(link=found, reference=UUID(reference))
        except ValueError:
            raise OutOfScope(_("no such grant, or it is over")) from None

    def caller(self) -> Caller:
        """Name the application as the sign-in: its bearer tokens come and go."""
        return Caller(f"client:{self.client.pk}", caller_of(self.request).address)

    def token(self) -> str:
        """Raises: TicketRefused."""
        shown = self.request.headers.get(TICKET_HEADER, "").strip()
        if not shown or len(shown) > 200:
            raise TicketRefused(_("video needs a ticket"))
        return shown

    def admit(self, grant: StreamGrant, *, opening: bool = False, sending: bool = True) -> Pass:
        """Raises: TicketRefused, ViewEnded."""
        return viewing.admit(
            grant=grant,
            token=self.token(),
            caller=self.caller(),
            agent=viewing.system_of(grant.link),
            opening=opening,
            sending=sending,
        )

    def send(self, entry: Pass, body: bytes, content_type: str) -> HttpResponse:
        passes.count(entry, len(body))
        return HttpResponse(body, content_type=content_type, headers={"Cache-Control": "no-store"})


class GrantTicketView(GrantView):
    @extend_schema(
        operation_id="askTicket",
        tags=["video"],
        summary="영상 입장권 · A ticket for a granted camera",
        description=(
            "Opens one viewing of this camera, once, within 60 s, for this client at this address. "
            f"Every request of the viewing carries it in `{TICKET_HEADER}`, never in an address."
        ),
        parameters=[LINK, GRANT],
        request=None,
        responses={201: TicketSerializer, **problems()},
    )
    def post(self, request: Request, link: str, grant: str) -> Response:
        self.hold_back_reads()
        found = self.grant(link, grant)
        issued = viewing.ticket(
            grant=found, caller=self.caller(), agent=viewing.system_of(found.link)
        )
        streams.want(found.camera_id)
        return Response(
            {
                "ticket": issued.token,
                "expires_at": moment(issued.expires_at),
                "playlist": f"/api/v1/links/{found.link.code}/grants/{found.reference}/live.m3u8",
                "poster": f"/api/v1/links/{found.link.code}/grants/{found.reference}/poster.jpg",
                "mark": mark_of(str(found.link.agency), found.link.code, issued.what_for),
            },
            status=HTTPStatus.CREATED,
            headers={"Cache-Control": "no-store"},
        )

    @extend_schema(
        operation_id="returnTicket",
        tags=["video"],
        summary="영상 종료 · End the viewing",
        description="At once and on record; else it ends 10 s after the last request.",
        parameters=[LINK, GRANT, TICKET],
        request=None,
        responses={204: None, **problems()},
    )
    def delete(self, request: Request, link: str, grant: str) -> Response:
        self.hold_back_reads()
        found = self.grant(link, grant)
        view_checks.stop(token=self.token(), camera_id=found.camera_id, caller=self.caller())
        return Response(status=HTTPStatus.NO_CONTENT)


class GrantReportView(GrantView):
    @extend_schema(
        operation_id="reportViewing",
        tags=["video"],
        summary="재생 보고 · What the player decoded",
        description=(
            "Frames decoded so far, how many seconds ago the first was, and whether a person said "
            "that the picture was seen. Kept as your word; the register rests on what we sent."
        ),
        parameters=[LINK, GRANT, TICKET],
        request={"application/json": ReportRequest},
        responses={204: None, **problems(400)},
    )
    def post(self, request: Request, link: str, grant: str) -> Response:
        self.hold_back_reads()
        found = self.grant(link, grant)
        view_checks.note_report(
            token=self.token(),
            camera_id=found.camera_id,
            caller=self.caller(),
            **reported(request.data),
        )
        return Response(status=HTTPStatus.NO_CONTENT)


class GrantPlaylistView(GrantView):
    @extend_schema(
        operation_id="watchGrant",
        tags=["video"],
        summary="영상 보기 · Watch a granted camera",
        description=(
            "HLS play list of the camera, with bearer token and ticket on every request. Watching "
            "is put on record before the first byte. 404 as soon as the grant is over, 403 "
            "`view_ended` with the reason when the viewing is."
        ),
        parameters=[LINK, GRANT, TICKET],
        responses={(200, PLAYLIST_TYPE): OpenApiTypes.BINARY, **problems()},
    )
    def get(self, request: Request, link: str, grant: str) -> HttpResponse:
        self.hold_back_reads()
        found = self.grant(link, grant)
        self.admit(found, opening=True, sending=False)
        body = first_playlist(found.camera_id, meanwhile=lambda: self.admit(found, sending=False))
        return self.send(self.admit(self.grant(link, grant)), body, PLAYLIST_TYPE)


class GrantPosterView(GrantView):
    @extend_schema(
        operation_id="showPoster",
        tags=["video"],
        summary="직전 정지 화면 · The picture of before",
        description=(
            "A small JPEG of what the camera saw last, taken within your grant, to be shown until "
            "the live picture is there: never as live. `X-Taken-At` says when it was taken, "
            "`X-Age-S` how many seconds ago that was by our clock. Once a viewing, on record as a "
            "still. 204: there is none; go on without."
        ),
        parameters=[LINK, GRANT, TICKET],
        responses={(200, POSTER_TYPE): OpenApiTypes.BINARY, 204: None, **problems()},
    )
    def get(self, request: Request, link: str, grant: str) -> HttpResponse:
        self.hold_back_reads()
        found = self.grant(link, grant)
        shown = posters.show(
            token=self.token(),
            camera_id=found.camera_id,
            caller=self.caller(),
            agent=viewing.system_of(found.link),
        )
        return poster_answer(shown)


class GrantPieceView(GrantView):
    @extend_schema(
        operation_id="watchGrantPiece",
        tags=["video"],
        summary="영상 조각 · A piece of the picture",
        parameters=[LINK, GRANT, TICKET, PIECE],
        responses={(200, PIECE_TYPE): OpenApiTypes.BINARY, **problems()},
    )
    def get(self, request: Request, link: str, grant: str, piece: str) -> HttpResponse:
        self.hold_back_reads()
        found = self.grant(link, grant)
        body = streams.segment(found.camera_id, piece)
        entry = self.admit(found, sending=body is not None)
        if body is None:
            raise OutOfScope(_("no such piece"))
        streams.want(found.camera_id)
        return self.send(entry, body, PIECE_TYPE)
