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
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cctv import passes, posters, prefetch, streams, tickets, video_paths, view_checks
from cctv.choices import Quality
from cctv.errors import PictureMissing, TicketRefused
from cctv.features import condition
from cctv.gateway.choice import gateway_for
from cctv.models import Camera
from cctv.passes import Caller, Pass
from cctv.posters import Poster
from cctv.relay_watch import StreamState
from cctv.sources import source_at_hand
from cctv.streams import FIRST_PICTURE_S, LOOK_S
from controlroom.accounts.models import User
from controlroom.errors import OutOfScope
from controlroom.municipalities.access import municipality_for
from controlroom.municipalities.roles import Right

PLAYLIST_TYPE = "application/vnd.apple.mpegurl"
PIECE_TYPE = "video/mp4"
POSTER_TYPE = "image/jpeg"
SCHEME = "Ticket "


class TicketRequest(serializers.Serializer[Any]):
    incident = serializers.UUIDField(required=False, allow_null=True, default=None)
    purpose = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, default="", max_length=300
    )
    quality = serializers.ChoiceField(Quality.choices, required=False, default=Quality.MAIN)


class PrefetchRequest(serializers.Serializer[Any]):
    incident = serializers.UUIDField()


class AnyAccepted(BaseContentNegotiation):
    """A player asks for whatever it likes; pictures come in one form, refusals in JSON."""

    def select_parser(self, request, parsers):  # type: ignore[no-untyped-def]  # untyped base
        return parsers[0]

    def select_renderer(self, request, renderers, format_suffix=None):  # type: ignore[no-untyped-def]
        return renderers[0], renderers[0].media_type


def caller_of(request: Request | HttpRequest) -> Caller:
    """Name the sign-in and the address of a request."""
    return caller_from(
        session_key=request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""),
        peer=request.META.get("REMOTE_ADDR", ""),
        forwarded=request.META.get("HTTP_X_FORWARDED_FOR", ""),
    )


def caller_from(*, session_key: str, peer: str, forwarded: str) -> Caller:
    """Name who asks; a proxy's last word on the address counts if we have one."""
    address = peer or None
    if settings.SECURE_PROXY_SSL_HEADER:
        address = forwarded.rsplit(",", maxsplit=1)[-1].strip() or address
    return Caller(session_key, address)


def token_in(header: str) -> str:
    """Read the ticket out of an Authorization header; empty when it holds none."""
    if not header.startswith(SCHEME) or len(header) > 200:
        return ""
    return header.removeprefix(SCHEME).strip()


def camera_for(request: Request, code: str, camera_id: int) -> Camera:
    """Find a camera whose video this person may watch.

    Raises: OutOfScope, NotAllowed.
    """
    municipality = municipality_for(request.user, code, Right.VIDEO_WATCH)
    camera: Camera | None = (
        Camera.objects.visible_to(request.user)
        .standing()
        .select_related("site", "municipality", "condition")
        .filter(municipality=municipality, pk=camera_id)
        .first()
    )
    if camera is None:
        raise OutOfScope(_("no such camera"))
    return camera


class PrefetchView(APIView):
    """Connect a camera before anybody watches it, for an incident that an operator selected."""

    def post(self, request: Request, code: str, camera_id: int) -> Response:
        camera = camera_for(request, code, camera_id)
        wished = PrefetchRequest(data=request.data)
        wished.is_valid(raise_exception=True)
        prefetch.prefetch(
            camera=camera,
            by=cast(User, request.user),
            incident_id=wished.validated_data["incident"],
        )
        return Response(status=HTTPStatus.NO_CONTENT)


def mark_of(*who: str) -> str:
    """Give the words of the watermark over a picture: who watches, of what house, for what."""
    return " · ".join(word for word in who if word)


class TicketView(APIView):
    """Issue a ticket and start the relay at once, so that the picture is there when asked for."""

    def post(self, request: Request, code: str, camera_id: int) -> Response:
        camera = camera_for(request, code, camera_id)
        wished = TicketRequest(data=request.data)
        wished.is_valid(raise_exception=True)
        qualities = camera.qualities
        asked = Quality(wished.validated_data["quality"])
        quality = asked if asked in qualities else Quality.MAIN
        source = source_at_hand(camera, quality)
        issued = tickets.issue(
            camera=camera,
            viewer=cast(User, request.user),
            caller=caller_of(request),
            incident_id=wished.validated_data["incident"],
            purpose=wished.validated_data["purpose"] or "",
        )
        gateway = gateway_for(camera)
        gateway.want(camera.pk, source, quality)
        return Response(
            {
                "ticket": issued.token,
                **gateway.addresses(camera.pk, quality),
                "streams": {str(one): gateway.addresses(camera.pk, one) for one in qualities},
                "poster": f"/video/{camera.pk}/poster.jpg",
                "report": f"/video/{camera.pk}/report",
                "mark": mark_of(str(request.user), camera.municipality.name, issued.what_for),
                "expires_at": issued.expires_at.isoformat(),
                "camera": {"id": camera.pk, "name": str(camera)},
                "condition": condition(camera, getattr(camera, "condition", None)),
            },
            status=HTTPStatus.CREATED,
            headers={"Cache-Control": "no-store"},
        )


def token_of(request: Request) -> str:
    """Read the ticket that a request shows.

    Raises: TicketRefused.
    """
    token = token_in(request.headers.get("Authorization", ""))
    if not token:
        raise TicketRefused(_("video needs a ticket"))
    return token


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
        if found := passes.known(passes.key_of(token, caller), camera_id, sending=sending):
            return found
        return view_checks.admit(
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


def first_playlist(
    camera_id: int,
    *,
    quality: Quality = Quality.MAIN,
    meanwhile: Callable[[], object] = bool,
) -> bytes:
    """Wait for the stream's play list; `meanwhile` raises when nobody may wait for it any more.

    Whoever calls this without it asks again before the list leaves.

    Raises: PictureMissing, RelaysBusy.
    """
    until = time.monotonic() + FIRST_PICTURE_S
    while True:
        streams.want(camera_id, quality=quality)
        if found := streams.playlist(camera_id, quality):
            return found[1]
        is_lost = streams.seen(camera_id, quality).state == StreamState.LOST
        if is_lost or time.monotonic() > until:
            raise PictureMissing(_("this camera gives no picture now"))
        time.sleep(LOOK_S)
        meanwhile()


def stream_state(camera_id: int, quality: Quality = Quality.MAIN) -> dict[str, Any]:
    """Say what the stream does now, and that somebody wants it.

    Raises: RelaysBusy.
    """
    streams.want(camera_id, quality=quality)
    now = streams.seen(camera_id, quality)
    return {
        "state": now.state,
        "last_frame_age_s": now.last_frame_age_s,
        "run": now.run,
        "reason": now.reason,
    }


class PlaylistView(VideoView):
    def get(
        self, request: Request, camera_id: int, quality: Quality = Quality.MAIN
    ) -> HttpResponse:
        # Read before the check, as a piece is: what is there already takes one check, not two.
        body = streams.playlist_at_hand(camera_id, quality)
        entry = self.admit(request, camera_id, opening=True, sending=body is not None)
        if body is not None:
            streams.want(camera_id, quality=quality)
        else:
            body = first_playlist(
                camera_id,
                quality=quality,
                meanwhile=lambda: self.admit(request, camera_id, sending=False),
            )
            entry = self.admit(request, camera_id)
        return self.send(entry, body, PLAYLIST_TYPE)


def poster_answer(poster: Poster | None) -> HttpResponse:
    """Give the poster and how old it is by our clock; without one the player goes on without."""
    kept_by_nobody = {"Cache-Control": "no-store"}
    if poster is None:
        return HttpResponse(status=HTTPStatus.NO_CONTENT, headers=kept_by_nobody)
    told = {"X-Taken-At": poster.taken_at.isoformat(), "X-Age-S": str(round(poster.age_s))}
    headers = kept_by_nobody | told
    return HttpResponse(poster.jpeg, content_type=POSTER_TYPE, headers=headers)


class PosterView(VideoView):
    def get(self, request: Request, camera_id: int) -> HttpResponse:
        """Give what the camera saw last, until its live picture is there."""
        shown = posters.show(
            token=token_of(request),
            camera_id=camera_id,
            caller=caller_of(request),
            viewer=get_user(request._request),  # noqa: SLF001  # DRF authenticates nobody here
        )
        return poster_answer(shown)


class SegmentView(VideoView):
    def get(
        self, request: Request, camera_id: int, segment: str, quality: Quality = Quality.MAIN
    ) -> HttpResponse:
        body = streams.segment(camera_id, segment, quality)
        # On record comes only what there is to send.
        entry = self.admit(request, camera_id, sending=body is not None)
        if body is None:
            raise OutOfScope(_("no such piece"))
        return self.send(entry, body, PIECE_TYPE)


class CheckView(VideoView):
    """Answer the proxy in front, which serves the pieces itself: may this request have this one?"""

    def get(self, request: Request) -> HttpResponse:
        wanted = video_paths.piece_of(request.headers.get(video_paths.ORIGINAL, ""))
        if wanted is None:
            raise TicketRefused(_("video needs a ticket"))
        size = streams.piece_size(wanted.camera_id, wanted.name, wanted.quality)
        entry = self.admit(request, wanted.camera_id, sending=size is not None)
        if size is None:
            # It may be there a moment later, and nobody would have claimed it. 401 is the one way
            # to say "no" otherwise than by 403; the proxy makes a 404 of it.
            return HttpResponse(status=HTTPStatus.UNAUTHORIZED)
        passes.count(entry, size)
        return HttpResponse(status=HTTPStatus.NO_CONTENT)


class StateView(VideoView):
    def delete(self, request: Request, camera_id: int, quality: Quality = Quality.MAIN) -> Response:
        """End the view now, as the player does when it closes; the sweep ends it otherwise."""
        view_checks.stop(token=token_of(request), camera_id=camera_id, caller=caller_of(request))
        return Response(status=HTTPStatus.NO_CONTENT)

    def get(self, request: Request, camera_id: int, quality: Quality = Quality.MAIN) -> Response:
        """Say what the stream does; an unused ticket may ask, which opens no view."""
        try:
            self.admit(request, camera_id, sending=False)
        except TicketRefused:
            view_checks.peek(
                token=token_of(request),
                camera_id=camera_id,
                caller=caller_of(request),
                viewer=get_user(request._request),  # noqa: SLF001  # DRF authenticates nobody here
            )
        return Response(stream_state(camera_id, quality), headers={"Cache-Control": "no-store"})


class ReportView(VideoView):
    """Take the player's word on what it decoded and whether the viewer saw it."""

    def post(self, request: Request, camera_id: int) -> Response:
        view_checks.note_report(
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
