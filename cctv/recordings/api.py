"""The addresses of recorded video: a ticket by POST; play list, pieces and state by that ticket."""

from http import HTTPStatus
from typing import Any, cast

from django.contrib.auth import get_user
from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cctv import passes, view_checks
from cctv.choices import Action
from cctv.models import Camera, Playback
from cctv.passes import Pass
from cctv.recordings import playback
from cctv.recordings.spans import Span
from cctv.video_api import PLAYLIST_TYPE, VideoView, caller_of, mark_of, token_of
from controlroom.accounts.models import User
from controlroom.errors import OutOfScope
from controlroom.municipalities.access import municipality_for
from controlroom.municipalities.roles import Right


class RecordedTicketRequest(serializers.Serializer[Any]):
    incident = serializers.UUIDField()
    since = serializers.DateTimeField(required=False, allow_null=True, default=None)
    until = serializers.DateTimeField(required=False, allow_null=True, default=None)


class RecordedTicketView(APIView):
    """Issue a ticket for what is kept of a camera around an open incident."""

    def post(self, request: Request, code: str, camera_id: int) -> Response:
        municipality = municipality_for(request.user, code, Right.VIDEO_WATCH)
        cameras = Camera.objects.visible_to(request.user).standing().select_related("site")
        camera = cameras.filter(municipality=municipality, pk=camera_id).first()
        if camera is None:
            raise OutOfScope(_("no such camera"))
        wished = RecordedTicketRequest(data=request.data)
        wished.is_valid(raise_exception=True)
        opened = playback.issue(
            camera=camera,
            viewer=cast(User, request.user),
            caller=caller_of(request),
            incident_id=wished.validated_data["incident"],
            since=wished.validated_data["since"],
            until=wished.validated_data["until"],
        )
        under = f"/video/{camera.pk}"
        return Response(
            {
                "ticket": opened.issued.token,
                "playlist": f"{under}/recorded/play.m3u8",
                "state": f"{under}/recorded/state",
                "report": f"{under}/report",
                "mark": mark_of(str(request.user), municipality.name, opened.issued.what_for),
                "expires_at": opened.issued.expires_at.isoformat(),
                "camera": {"id": camera.pk, "name": str(camera)},
                "since": opened.since.isoformat(),
                "until": opened.until.isoformat(),
                "spans": [_said(span) for span in opened.spans],
            },
            status=HTTPStatus.CREATED,
            headers={"Cache-Control": "no-store"},
        )


def _said(span: Span) -> list[str]:
    return [moment.isoformat() for moment in span]


class RecordedView(VideoView):
    """What a ticket for recorded pictures opens; one for live pictures opens nothing here."""

    def admit(
        self, request: Request, camera_id: int, *, opening: bool = False, sending: bool = True
    ) -> Pass:
        token, caller = token_of(request), caller_of(request)
        key = passes.key_of(token, caller, Action.RECORDED)
        if found := passes.known(key, camera_id, sending=sending):
            return found
        return view_checks.admit(
            token=token,
            camera_id=camera_id,
            caller=caller,
            viewer=get_user(request._request),  # noqa: SLF001  # DRF authenticates nobody here
            action=Action.RECORDED,
            opening=opening,
            sending=sending,
        )

    def period(self, request: Request, camera_id: int) -> Playback:
        digest = passes.key_of(token_of(request), caller_of(request)).digest
        return playback.of_ticket(digest, camera_id)


class RecordedPlaylistView(RecordedView):
    def get(self, request: Request, camera_id: int) -> HttpResponse:
        self.admit(request, camera_id, opening=True, sending=False)
        body = playback.playlist(camera_id, self.period(request, camera_id))
        return self.send(self.admit(request, camera_id), body.encode(), PLAYLIST_TYPE)


class RecordedPieceView(RecordedView):
    def get(self, request: Request, camera_id: int, piece: str) -> HttpResponse:
        entry = self.admit(request, camera_id)
        body = playback.piece(camera_id, self.period(request, camera_id), piece)
        if body is None:
            raise OutOfScope(_("no such piece"))
        return self.send(entry, body, "video/mp4")


class RecordedStateView(RecordedView):
    def get(self, request: Request, camera_id: int) -> Response:
        """Say that the viewer is still there, and whether the view still stands."""
        self.admit(request, camera_id, sending=False)
        return Response({"state": "recorded"}, headers={"Cache-Control": "no-store"})

    def delete(self, request: Request, camera_id: int) -> Response:
        view_checks.stop(
            token=token_of(request),
            camera_id=camera_id,
            caller=caller_of(request),
            action=Action.RECORDED,
        )
        return Response(status=HTTPStatus.NO_CONTENT)
