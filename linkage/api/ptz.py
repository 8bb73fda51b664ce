"""Turning a granted camera: taken under a lock, moved, and let go of, by the grant that says so."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from controlroom.errors import OutOfScope
from linkage import documents, ptz
from linkage.api.base import AgencyView
from linkage.api.schema import LINK, problems
from linkage.api.video import GRANT
from linkage.models import StreamGrant

NOT_KEPT = {"Cache-Control": "no-store"}
KINDS = ("you", "colleague", "agency", "centre")
PERSON = OpenApiParameter(
    "person",
    {"type": "string", "maxLength": 60},
    OpenApiParameter.QUERY,
    description="Whose `mine` is asked for, where your acts name persons",
)


class TurnedSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class HolderSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(
        choices=KINDS, help_text="`colleague`: of your agency, by another person"
    )
    name = serializers.CharField()


class LockSerializer(serializers.Serializer[Any]):
    holder = HolderSerializer()
    until = serializers.DateTimeField(help_text="At the latest, unless it is taken again")


class PtzSerializer(serializers.Serializer[Any]):
    camera = TurnedSerializer()
    expires_at = serializers.DateTimeField(help_text="Of the grant: then the camera goes home")
    may_cue = serializers.BooleanField(help_text="It can be turned to the incident")
    mine = serializers.BooleanField(help_text="You hold it: it moves by your word")
    lock = LockSerializer(allow_null=True)
    lease_s = serializers.IntegerField(
        help_text="Be heard of so often while you hold it, by any act or by keepCamera"
    )


class PresetSerializer(serializers.Serializer[Any]):
    token = serializers.CharField()
    name = serializers.CharField()


class PresetsSerializer(serializers.Serializer[Any]):
    presets = PresetSerializer(many=True)


class PtzView(AgencyView):
    def grant(self, link: str, reference: str) -> StreamGrant:
        """Raises: OutOfScope, PtzRefused with the rule."""
        found = self.link(link)
        try:
            return ptz.grant_of(link=found, reference=UUID(reference))
        except ValueError:
            raise OutOfScope(_("no such grant")) from None


class PtzStateView(PtzView):
    @extend_schema(
        operation_id="readPtz",
        tags=["turning"],
        summary="카메라 조작 상태 · Who holds the camera",
        parameters=[LINK, GRANT, PERSON],
        responses={200: PtzSerializer, **problems(400)},
    )
    def get(self, request: Request, link: str, grant: str) -> Response:
        self.hold_back_reads()
        person = request.query_params.get("person", "").strip()
        said = ptz.state(grant=self.grant(link, grant), person=person)
        return Response(said, headers=NOT_KEPT)


class PtzActView(PtzView):
    """One act of the agency's hand; ACT_VIEWS names each."""

    act: str

    def post(self, request: Request, link: str, grant: str) -> Response:
        self.hold_back_reads()
        found = self.grant(link, grant)
        said = ptz.act(grant=found, name=self.act, said=documents.parse(self.body()))
        return Response(said, status=HTTPStatus.OK, headers=NOT_KEPT)


class PresetView(PtzActView):
    @extend_schema(
        operation_id="listPresets",
        tags=["turning"],
        summary="프리셋 목록 · The presets of the camera",
        description="As the camera itself keeps them now.",
        parameters=[LINK, GRANT],
        responses={200: PresetsSerializer, **problems(400)},
    )
    def get(self, request: Request, link: str, grant: str) -> Response:
        self.hold_back_reads()
        return Response({"presets": ptz.presets(self.grant(link, grant))}, headers=NOT_KEPT)


def _view(
    act: str,
    operation_id: str,
    summary: str,
    description: str,
    *,
    base: type[PtzActView] = PtzActView,
) -> type[PtzActView]:
    documented = extend_schema(
        operation_id=operation_id,
        tags=["turning"],
        summary=summary,
        description=description,
        parameters=[LINK, GRANT],
        request={"application/json": ptz.ACTS[act][0]},
        responses={200: PtzSerializer, **problems(400, 409, 413, 415)},
    )
    view: type[PtzActView] = type(f"{act.title()}View", (base,), {"act": act})
    return extend_schema_view(post=documented)(view)


ACT_VIEWS = [
    _view(
        "lock",
        "takeCamera",
        "카메라 잡기 · Take the camera, or take it on",
        "Needed before anything moves. For two minutes at a time, no longer than the grant; take "
        "it again to go on. People of the centre come first: `ptz_taken` says who holds it, and "
        "until when at the latest.",
    ),
    _view(
        "keep",
        "keepCamera",
        "계속 잡고 있음 · Say that you are still there",
        "A holder who is not heard of for `lease_s` seconds loses the camera, and it goes home.",
    ),
    _view(
        "move",
        "moveCamera",
        "움직이기 · Move on for a second",
        "At these speeds, 1 being the fastest allowed; say it again within the second to go on.",
    ),
    _view("stop", "stopCamera", "멈추기 · Stand still", "At once."),
    _view(
        "preset",
        "turnToPreset",
        "프리셋으로 · Turn to a preset",
        "One of those that it lists.",
        base=PresetView,
    ),
    _view(
        "cue",
        "cueCamera",
        "사건 방향으로 · Turn to the incident",
        "To the place of the case as the centre knows it now; `ptz_cannot_aim` says why not.",
    ),
    _view("home", "sendCameraHome", "기본 위치로 · Turn home and keep it", "Its usual view."),
    _view(
        "release",
        "releaseCamera",
        "카메라 놓기 · Let go",
        "The camera goes home; it does by itself when the grant ends or the lease runs out.",
    ),
]
