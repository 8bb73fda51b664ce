"""Live pictures for an agency: its own grant opens one camera, and only while it is in force."""

from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request

from cctv import streams
from cctv.video_api import PLAYLIST_TYPE, first_playlist
from controlroom.errors import OutOfScope
from linkage import grants
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
PIECE_TYPE = "video/mp4"


class AnyAccepted(BaseContentNegotiation):
    """A player asks for whatever it likes; pictures come in one form, refusals in JSON."""

    def select_parser(self, request, parsers):  # type: ignore[no-untyped-def]  # untyped base
        return parsers[0]

    def select_renderer(self, request, renderers, format_suffix=None):  # type: ignore[no-untyped-def]
        return renderers[0], renderers[0].media_type


class GrantView(AgencyView):
    content_negotiation_class = AnyAccepted

    def grant(self, link: str, reference: str) -> StreamGrant:
        """Raises: OutOfScope (404) also for a grant that is over."""
        found = self.link(link)
        try:
            return grants.open_to(link=found, reference=UUID(reference))
        except ValueError:
            raise OutOfScope(_("no such grant, or it is over")) from None

    def send(self, body: bytes, content_type: str) -> HttpResponse:
        return HttpResponse(body, content_type=content_type, headers={"Cache-Control": "no-store"})


class GrantPlaylistView(GrantView):
    @extend_schema(
        operation_id="watchGrant",
        tags=["video"],
        summary="영상 보기 · Watch a granted camera",
        description=(
            "HLS play list of the camera, with the bearer token on every request. Watching is put "
            "on record before the first byte. 404 as soon as the grant is over."
        ),
        parameters=[LINK, GRANT],
        responses={(200, PLAYLIST_TYPE): OpenApiTypes.BINARY, **problems()},
    )
    def get(self, request: Request, link: str, grant: str) -> HttpResponse:
        self.hold_back_reads()
        found = self.grant(link, grant)
        body = first_playlist(found.camera_id)
        found = self.grant(link, grant)
        grants.note_viewed(grant=found)
        return self.send(body, PLAYLIST_TYPE)


class GrantPieceView(GrantView):
    @extend_schema(
        operation_id="watchGrantPiece",
        tags=["video"],
        summary="영상 조각 · A piece of the picture",
        parameters=[LINK, GRANT, PIECE],
        responses={(200, PIECE_TYPE): OpenApiTypes.BINARY, **problems()},
    )
    def get(self, request: Request, link: str, grant: str, piece: str) -> HttpResponse:
        self.hold_back_reads()
        found = self.grant(link, grant)
        grants.note_viewed(grant=found)
        body = streams.segment(found.camera_id, piece)
        if body is None:
            raise OutOfScope(_("no such piece"))
        streams.want(found.camera_id)
        return self.send(body, PIECE_TYPE)
