"""A wall screen's page, under /wall/: known by its own key; it can only look."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from rest_framework import serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cctv import passes, posters, streams, tickets, view_checks
from cctv.errors import TicketRefused
from cctv.models import Camera
from cctv.passes import Caller, Pass
from cctv.video_api import (
    PIECE_TYPE,
    PLAYLIST_TYPE,
    AnyAccepted,
    caller_of,
    first_playlist,
    mark_of,
    poster_answer,
    reported,
    stream_state,
    token_of,
)
from controlroom.accounts import enrolment
from controlroom.errors import OutOfScope
from controlroom.municipalities import maps
from incidents import screens
from incidents.models_screens import WallScreen
from incidents.screens import ScreenCodeRefused, ScreenUnknown
from incidents.wall_picture import picture

COOKIE = "wall"


@never_cache
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    try:
        screen = screens.by_key(request.COOKIES.get(COOKIE, ""))
    except ScreenUnknown:
        return _door(request)
    base = reverse("wall:page")
    config = {
        "now": f"{base}now/",
        "boundary": f"{base}boundary/",
        "basemap": f"{base}base-map/",
        "cameras": f"{base}cameras/",
        "layout": screen.layout,
    }
    context = {"screen": screen, "municipality": screen.municipality, "config": config}
    return render(request, "wall/page.html", context)


@never_cache
@require_POST
def enrol(request: HttpRequest) -> HttpResponse:
    """Take the code of a screen; its browser gets the key that it is known by from now on."""
    address = caller_of(request).address
    try:
        _screen, key = screens.enrol(code=request.POST.get("code", "")[:60], address=address)
    except ScreenCodeRefused:
        said = _("This code is wrong, was used before, or is too old.")
        return _door(request, said, status=403)
    response = redirect("wall:page")
    enrolment.keep_key(response, key, cookie=COOKIE, path=reverse("wall:page"))
    return response


def _door(request: HttpRequest, refusal: str = "", *, status: int = 200) -> HttpResponse:
    return render(request, "wall/enrol.html", {"refusal": refusal}, status=status)


class WallView(APIView):
    """Let in the browser of an enrolled screen; who may be signed in on it is not asked."""

    content_negotiation_class: type[BaseContentNegotiation] = AnyAccepted

    authentication_classes = ()
    permission_classes = ()
    schema = None

    def screen(self) -> WallScreen:
        """Raises: ScreenUnknown (401)."""
        return screens.by_key(self.request.COOKIES.get(COOKIE, ""))


class NowView(WallView):
    def get(self, request: Request) -> Response:
        body: dict[str, Any] = picture(self.screen())
        return Response(body, headers={"Cache-Control": "no-store"})


class TicketRequest(serializers.Serializer[Any]):
    incident = serializers.UUIDField(required=False, allow_null=True, default=None)


class PictureView(WallView):
    """What a screen's ticket opens; the screen is read anew for every request."""

    def admit(
        self, camera_id: int, *, opening: bool = False, sending: bool = True
    ) -> tuple[WallScreen, Pass]:
        """Raises: ScreenUnknown, TicketRefused, ViewEnded."""
        screen = self.screen()
        token, caller = token_of(self.request), self.caller()
        found = passes.known(passes.key_of(token, caller), camera_id, sending=sending)
        return screen, found or view_checks.admit(
            token=token,
            camera_id=camera_id,
            caller=caller,
            agent=screens.agent_of(screen),
            opening=opening,
            sending=sending,
        )

    def caller(self) -> Caller:
        return Caller(self.request.COOKIES.get(COOKIE, ""), caller_of(self.request).address)

    def send(self, camera_id: int, body: bytes, content_type: str) -> HttpResponse:
        _screen, entry = self.admit(camera_id)
        passes.count(entry, len(body))
        return HttpResponse(body, content_type=content_type, headers={"Cache-Control": "no-store"})


class TicketView(PictureView):
    def post(self, request: Request, camera_id: int) -> Response:
        """Issue a ticket and start the relay at once; small pictures where the camera has them."""
        screen = self.screen()
        camera = (
            Camera.objects.standing()
            .select_related("site")
            .filter(municipality=screen.municipality_id, pk=camera_id)
            .first()
        )
        if camera is None:
            raise OutOfScope(_("no such camera"))
        wished = TicketRequest(data=request.data)
        wished.is_valid(raise_exception=True)
        issued = tickets.issue_to_agent(
            agent=screens.agent_of(screen),
            camera=camera,
            caller=self.caller(),
            incident_id=wished.validated_data["incident"],
            purpose=screens.shown(screen)["purpose"],
        )
        streams.want(camera.pk)
        under = f"{reverse('wall:page')}cameras/{camera.pk}"
        return Response(
            {
                "ticket": issued.token,
                "playlist": f"{under}/live.m3u8",
                "state": f"{under}/state",
                "poster": f"{under}/poster.jpg",
                "report": f"{under}/report",
                "mark": mark_of(screen.name, screen.municipality.name),
                "expires_at": issued.expires_at.isoformat(),
            },
            status=HTTPStatus.CREATED,
            headers={"Cache-Control": "no-store"},
        )


class PlaylistView(PictureView):
    def get(self, request: Request, camera_id: int) -> HttpResponse:
        self.admit(camera_id, opening=True, sending=False)
        body = first_playlist(camera_id, meanwhile=lambda: self.admit(camera_id, sending=False))
        return self.send(camera_id, body, PLAYLIST_TYPE)


class PosterView(PictureView):
    def get(self, request: Request, camera_id: int) -> HttpResponse:
        shown = posters.show(
            token=token_of(request),
            camera_id=camera_id,
            caller=self.caller(),
            agent=screens.agent_of(self.screen()),
        )
        return poster_answer(shown)


class PieceView(PictureView):
    def get(self, request: Request, camera_id: int, piece: str) -> HttpResponse:
        self.admit(camera_id, sending=False)
        body = streams.segment(camera_id, piece)
        if body is None:
            raise OutOfScope(_("no such piece"))
        streams.want(camera_id)
        return self.send(camera_id, body, PIECE_TYPE)


class StateView(PictureView):
    def get(self, request: Request, camera_id: int) -> Response:
        try:
            self.admit(camera_id, sending=False)
        except TicketRefused:
            view_checks.peek(
                token=token_of(request),
                camera_id=camera_id,
                caller=self.caller(),
                agent=screens.agent_of(self.screen()),
            )
        return Response(stream_state(camera_id), headers={"Cache-Control": "no-store"})

    def delete(self, request: Request, camera_id: int) -> Response:
        self.screen()
        view_checks.stop(token=token_of(request), camera_id=camera_id, caller=self.caller())
        return Response(status=HTTPStatus.NO_CONTENT)


class ReportView(PictureView):
    def post(self, request: Request, camera_id: int) -> Response:
        self.screen()
        view_checks.note_report(
            token=token_of(request),
            camera_id=camera_id,
            caller=self.caller(),
            **reported(request.data),
        )
        return Response(status=HTTPStatus.NO_CONTENT)


class BoundaryView(WallView):
    def get(self, request: Request) -> HttpResponse:
        document = maps.boundaries(self.screen().municipality_id)
        return HttpResponse(document, content_type="application/geo+json")


class BaseMapView(WallView):
    def get(self, request: Request) -> HttpResponse:
        document, _digest = maps.base_map(self.screen().municipality_id)
        return HttpResponse(document, content_type="application/geo+json")
