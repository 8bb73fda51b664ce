"""A still for an agency: the JPEG that a STILL or a report named, for as long as it may be seen."""

from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from cctv.video_api import AnyAccepted
from controlroom.errors import OutOfScope
from linkage import stills
from linkage.api.base import AgencyView
from linkage.api.schema import LINK, problems

STILL = OpenApiParameter(
    "still",
    {"type": "string", "format": "uuid"},
    OpenApiParameter.PATH,
    description="`still` of a STILL, or of the `still` of a report",
)
JPEG = "image/jpeg"


class StillView(AgencyView):
    content_negotiation_class = AnyAccepted

    @extend_schema(
        operation_id="fetchStill",
        tags=["video"],
        summary="정지영상 받기 · Fetch a still",
        description=(
            "The JPEG, whose SHA-256 was told with it. Looking is put on record before the first "
            "byte. 404 from `available_until` on, and while the link is suspended."
        ),
        parameters=[LINK, STILL],
        responses={(200, JPEG): OpenApiTypes.BINARY, **problems()},
    )
    def get(self, request: Request, link: str, still: str) -> HttpResponse:
        self.hold_back_reads()
        found = self.link(link)
        try:
            reference = UUID(still)
        except ValueError:
            raise OutOfScope(_("no such still, or its time is over")) from None
        body = stills.serve(release=stills.open_to(link=found, reference=reference))
        return HttpResponse(body, content_type=JPEG, headers={"Cache-Control": "no-store"})
