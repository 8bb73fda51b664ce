"""What the map needs of a municipality: its boundary, its neighbours' and what lies under them."""

from typing import Any, cast

from django.http import HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from rest_framework.decorators import api_view
from rest_framework.request import Request

from controlroom.errors import OutOfScope
from controlroom.municipalities import maps
from controlroom.municipalities.models import Municipality


def _visible(request: Request, code: str) -> Municipality:
    found: Municipality | None = (
        Municipality.objects.visible_to(request.user).filter(code=code).first()
    )
    if found is None:
        raise OutOfScope(_("no such municipality"))
    return found


@api_view(["GET"])
def boundary(request: Request, code: str) -> HttpResponse:
    return HttpResponse(
        maps.boundaries(_visible(request, code).pk),
        content_type="application/geo+json",
        headers={"Cache-Control": "private, max-age=3600"},
    )


@api_view(["GET"])
def base_map(request: Request, code: str) -> HttpResponse:
    document, digest = maps.base_map(_visible(request, code).pk)
    etag = f'"{digest}"'
    response = HttpResponse(
        document,
        content_type="application/geo+json",
        headers={"Cache-Control": "private, no-cache", "ETag": etag},
    )
    plain: Any = request._request  # noqa: SLF001 - DRF's way to the plain request
    return cast(HttpResponse, get_conditional_response(plain, etag=etag, response=response))
