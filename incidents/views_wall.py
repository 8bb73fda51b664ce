"""A wall screen's page, under /wall/: known by its own key; it can only look."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cctv.video_api import caller_of
from controlroom.municipalities import maps
from incidents import screens
from incidents.models_screens import WallScreen
from incidents.screens import ScreenCodeRefused, ScreenUnknown
from incidents.wall_picture import picture

COOKIE = "wall"
# As long as browsers keep one; the key ends earlier when the screen is retired or its time is over.
KEPT_S = 400 * 24 * 3600


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
    response.set_cookie(
        COOKIE,
        key,
        max_age=KEPT_S,
        path=reverse("wall:page"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )
    return response


def _door(request: HttpRequest, refusal: str = "", *, status: int = 200) -> HttpResponse:
    return render(request, "wall/enrol.html", {"refusal": refusal}, status=status)


class WallView(APIView):
    """Let in the browser of an enrolled screen; who may be signed in on it is not asked."""

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


class BoundaryView(WallView):
    def get(self, request: Request) -> HttpResponse:
        document = maps.boundaries(self.screen().municipality_id)
        return HttpResponse(document, content_type="application/geo+json")


class BaseMapView(WallView):
    def get(self, request: Request) -> HttpResponse:
        document, _digest = maps.base_map(self.screen().municipality_id)
        return HttpResponse(document, content_type="application/geo+json")
