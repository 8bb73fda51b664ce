"""The addresses of live video: a ticket by POST; play list, pieces and state by that ticket."""

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cctv import passes, streams, tickets
from cctv.errors import PictureMissing
from cctv.models import Camera
from cctv.passes import Pass
from cctv.relay_watch import StreamState
from cctv.sources import source_at_hand
from cctv.streams import FIRST_PICTURE_S, LOOK_S
from cctv.tickets import Caller, TicketRefused
from controlroom.accounts.models import User
from controlroom.errors import OutOfScope
from controlroom.municipalities.access import municipality_for
from controlroom.municipalities.roles import Right

PLAYLIST_TYPE = "application/vnd.apple.mpegurl"
SCHEME = "Ticket "


class TicketRequest(serializers.Serializer[Any]):
    incident = serializers.UUIDField(required=False, allow_null=True, default=None)
    purpose = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, default="", max_length=300
    )


def caller_of(request: Request | HttpRequest) -> Caller:
    """Name the sign-in and the address of a request; a proxy's last word counts if we have one."""
    address = request.META.get("REMOTE_ADDR") or None
    if settings.SECURE_PROXY_SSL_HEADER:
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")[-1].strip()
        address = forwarded or address
    return Caller(request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""), address)


def mark_of(*who: str) -> str:
    """Give the words of the watermark over a picture: who watches, of what house, for what."""
    return " · ".join(word for word in who if word)


class TicketView(APIView):
    """Issue a ticket and start the relay at once, so that the picture is there when asked for."""

    def post(self, request: Request, code: str, camera_id: int) -> Response:
        municipality = municipality_for(request.user, code, Right.VIDEO_WATCH)
        camera = (
            Camera.objects.visible_to(request.user)
            .standing()
            .select_related("site")
            .filter(municipality=municipality, pk=camera_id)
            .first()
        )
        if camera is None:
            raise OutOfScope(_("no such camera"))
        wished = TicketRequest(data=request.data)
        wished.is_valid(raise_exception=True)
        source = source_at_hand(camera)
        issued = tickets.issue(
            camera=camera,
            viewer=cast(User, request.user),
            caller=caller_of(request),
            incident_id=wished.validated_data["incident"],
            purpose=wished.validated_data["purpose"] or "",
        )
        streams.want(camera.pk, source)
        return Response(
            {
                "ticket": issued.token,
                "playlist": f"/video/{camera.pk}/live.m3u8",
                "state": f"/video/{camera.pk}/state",
                "report": f"/video/{camera.pk}/report",
                "mark": mark_of(str(request.user), municipality.name, issued.what_for),
                "expires_at": issued.expires_at.isoformat(),
                "camera": {"id": camera.pk, "name": str(camera)},
            },
            status=HTTPStatus.CREATED,
            headers={"Cache-Control": "no-store"},
        )


def token_of(request: Request) -> str:
    """Read the ticket that a request shows.

    Raises: TicketRefused.
    """
    header = request.headers.get("Authorization", "")
    if not header.startswith(SCHEME) or len(header) > 200:
        raise TicketRefused(_("video needs a ticket"))
    return header.removeprefix(SCHEME).strip()


class ReportRequest(serializers.Serializer[Any]):
    frames = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0)
    decoded_ago_s = serializers.FloatField(min_value=0, max_value=86400, default=0)
    seen = serializers.BooleanField(default=False)


class VideoView(APIView):
    """What is common to all that a ticket opens: the check, and that nobody keeps a copy."""

    authentication_classes = ()
    permission_classes = ()

    def admit(
        self, request: Request, camera_id: int, *, opening: bool = False, sending: bool = True
    ) -> Pass:
        """Let the holder of a ticket in; with `sending`, for bytes that leave next.

        Raises: TicketRefused, ViewEnded.
        """
        token, caller = token_of(request), caller_of(request)
        sends = sending and not opening
        if found := passes.known(tickets.pass_key(token, caller), camera_id, sending=sends):
            return found
        return tickets.admit(
            token=token,
            camera_id=camera_id,
            caller=caller,
            viewer=get_user(request._request),  # noqa: SLF001  # DRF authenticates nobody here
            opening=opening,
            sending=sending,
        )

    def send(self, entry: Pass, body: bytes, content_type: str) -> HttpResponse:
        passes.count(entry, len(body))
        return HttpResponse(body, content_type=content_type, headers={"Cache-Control": "no-store"})


def first_playlist(camera_id: int, *, meanwhile: Callable[[], object] = bool) -> bytes:
    """Wait for the camera's play list; `meanwhile` raises when nobody may wait for it any more.

    Whoever calls this without it asks again before the list leaves.

    Raises: PictureMissing, RelaysBusy.
    """
    until = time.monotonic() + FIRST_PICTURE_S
    while True:
        streams.want(camera_id)
        if found := streams.playlist(camera_id):
            return found[1]
        if time.monotonic() > until or streams.seen(camera_id).state == StreamState.LOST:
            raise PictureMissing(_("this camera gives no picture now"))
        time.sleep(LOOK_S)
        meanwhile()


def stream_state(camera_id: int) -> dict[str, Any]:
    """Say what the camera's stream does now, and that somebody wants it."""
    streams.want(camera_id)
    now = streams.seen(camera_id)
    return {
        "state": now.state,
        "last_frame_age_s": now.last_frame_age_s,
        "run": now.run,
        "reason": now.reason,
    }


class PlaylistView(VideoView):
    def get(self, request: Request, camera_id: int) -> HttpResponse:
        self.admit(request, camera_id, opening=True)
        body = first_playlist(
            camera_id, meanwhile=lambda: self.admit(request, camera_id, sending=False)
        )
        return self.send(self.admit(request, camera_id), body, PLAYLIST_TYPE)


class SegmentView(VideoView):
    def get(self, request: Request, camera_id: int, segment: str) -> HttpResponse:
        entry = self.admit(request, camera_id)
        body = streams.segment(camera_id, segment)
        if body is None:
            raise OutOfScope(_("no such piece"))
        return self.send(entry, body, "video/mp4")


class StateView(VideoView):
    def delete(self, request: Request, camera_id: int) -> Response:
        """End the view now, as the player does when it closes; the sweep ends it otherwise."""
        tickets.stop(token=token_of(request), camera_id=camera_id, caller=caller_of(request))
        return Response(status=HTTPStatus.NO_CONTENT)

    def get(self, request: Request, camera_id: int) -> Response:
        """Say what the stream does; an unused ticket may ask, which opens no view."""
        try:
            self.admit(request, camera_id, sending=False)
        except TicketRefused:
            tickets.peek(
                token=token_of(request),
                camera_id=camera_id,
                caller=caller_of(request),
                viewer=get_user(request._request),  # noqa: SLF001  # DRF authenticates nobody here
            )
        return Response(stream_state(camera_id), headers={"Cache-Control": "no-store"})


class ReportView(VideoView):
    """Take the player's word on what it decoded and whether the viewer saw it."""

    def post(self, request: Request, camera_id: int) -> Response:
        tickets.note_report(
            token=token_of(request),
            camera_id=camera_id,
            caller=caller_of(request),
            **reported(request.data),
        )
        return Response(status=HTTPStatus.NO_CONTENT)


def reported(said: Any) -> dict[str, Any]:
    """Read a player's report.

    Raises: ValidationError.
    """
    report = ReportRequest(data=said)
    report.is_valid(raise_exception=True)
    return dict(report.validated_data)
