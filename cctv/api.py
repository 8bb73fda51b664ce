"""The console's addresses for the camera register and its searches: they only translate."""

import hashlib
import json
from typing import Any, cast

from django.contrib.gis.geos import Point
from django.db.models import Count, Q
from django.http import HttpResponse
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.text import compress_string
from django.utils.translation import gettext as _
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from cctv import areas, features, groups
from cctv.models import Site
from cctv.selection import choose
from cctv.serializers import SearchSerializer
from controlroom.errors import OutOfScope
from controlroom.municipalities.access import municipality_for
from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right

SITES_FOUND_AT_MOST = 50


@api_view(["GET"])
def sites(request: Request, code: str) -> HttpResponse:
    """Give every site of the register in one compact document; unchanged ones answer 304."""
    municipality = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
    legend = json.dumps(
        {"purposes": features.purposes(), "health": features.HEALTH_CODES}, ensure_ascii=False
    )
    body = f'{{"sites":[{features.sites_json(municipality.pk)}],{legend[1:]}'.encode()
    return _revalidated(request, body)


def _revalidated(request: Request, body: bytes) -> HttpResponse:
    """Answer 304 to a browser that has this very document, else the document, gzipped if it may."""
    etag = f'W/"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
    response = HttpResponse(body, content_type="application/json")
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        response.content = compress_string(body)
        response.headers["Content-Encoding"] = "gzip"
    patch_vary_headers(response, ["Accept-Encoding", "Cookie"])
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "private, no-cache"
    plain: Any = request._request  # noqa: SLF001 - DRF's way to the plain request
    return cast(HttpResponse, get_conditional_response(plain, etag=etag, response=response))


@api_view(["GET"])
def site(request: Request, code: str, site_id: int) -> Response:
    municipality = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
    found = features.site_with_cameras(request.user, municipality.pk, site_id)
    if found is None:
        raise OutOfScope(_("no such camera site"))
    return Response(features.site_feature(found))


@api_view(["GET"])
def tours(request: Request, code: str) -> Response:
    """Give the camera groups of the municipality, for tours."""
    municipality = municipality_for(request.user, code, Right.VIDEO_WATCH)
    return Response({"tours": groups.tours(user=request.user, municipality_id=municipality.pk)})


@api_view(["POST"])
def search(request: Request, code: str) -> Response:
    """Find cameras near a place, inside a drawn shape, along a line, or by words."""
    municipality = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
    asked = SearchSerializer(data=request.data)
    asked.is_valid(raise_exception=True)
    return Response(_SEARCHES[asked.validated_data["type"]](request, municipality, asked))


def _nearest(_request: Request, municipality: Municipality, asked: SearchSerializer) -> Any:
    data = asked.validated_data
    return choose(
        municipality=municipality,
        place=Point(data["lon"], data["lat"], srid=4326),
        error_radius_m=data["error_radius_m"],
        service=data["service"],
        limit=data.get("limit"),
        radius_m=data.get("radius_m"),
    ).as_json()


def _circle(_request: Request, municipality: Municipality, asked: SearchSerializer) -> Any:
    data = asked.validated_data
    return areas.in_circle(
        municipality=municipality,
        centre=Point(data["lon"], data["lat"], srid=4326),
        radius_m=data["radius_m"],
        service=data["service"],
    ).as_json()


def _polygon(_request: Request, municipality: Municipality, asked: SearchSerializer) -> Any:
    data = asked.validated_data
    return areas.in_polygon(
        municipality=municipality, coordinates=data["coordinates"], service=data["service"]
    ).as_json()


def _line(_request: Request, municipality: Municipality, asked: SearchSerializer) -> Any:
    data = asked.validated_data
    return areas.along_line(
        municipality=municipality,
        coordinates=data["coordinates"],
        buffer_m=data["buffer_m"],
        service=data["service"],
    ).as_json()


def _text(request: Request, municipality: Municipality, asked: SearchSerializer) -> Any:
    words = asked.validated_data["q"]
    found = (
        Site.objects.visible_to(request.user)
        .in_register()
        .filter(municipality=municipality)
        .matching(words)
        .annotate(cameras_now=Count("cameras", filter=Q(cameras__gone_at__isnull=True)))
        .order_by("name", "pk")[: SITES_FOUND_AT_MOST + 1]
    )
    rows = [
        {
            "id": one.pk,
            "name": str(one),
            "address": one.road_address or one.lot_address,
            "lon": one.location.x,
            "lat": one.location.y,
            "camera_count": one.cameras_now,
        }
        for one in found
    ]
    return {
        "sites": rows[:SITES_FOUND_AT_MOST],
        "truncated": len(rows) > SITES_FOUND_AT_MOST,
    }


_SEARCHES = {
    "nearest": _nearest,
    "circle": _circle,
    "polygon": _polygon,
    "line": _line,
    "text": _text,
}
