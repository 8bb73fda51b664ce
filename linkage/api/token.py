"""Tokens for agencies: OAuth2 client credentials (RFC 6749 section 4.4)."""

import base64
import json
from typing import Any
from urllib.parse import unquote

from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from drf_spectacular.utils import OpenApiResponse, extend_schema
from oauth2_provider.views.mixins import OAuthLibMixin
from rest_framework import serializers
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import FormParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from linkage.api.base import AgencyView
from linkage.api.schema import MEANING, PROBLEM, component

FORM = "application/x-www-form-urlencoded"


class TokenRequestSerializer(serializers.Serializer[Any]):
    grant_type = serializers.ChoiceField(choices=["client_credentials"])
    client_id = serializers.CharField(
        required=False, help_text="Or by HTTP Basic authentication together with the secret"
    )
    client_secret = serializers.CharField(required=False)
    scope = serializers.CharField(
        required=False, help_text="Linked services, for example police112; default: all own ones"
    )


class TokenSerializer(serializers.Serializer[Any]):
    access_token = serializers.CharField()
    expires_in = serializers.IntegerField()
    token_type = serializers.CharField()
    scope = serializers.CharField()


class OAuthErrorSerializer(serializers.Serializer[Any]):
    """RFC 6749 section 5.2."""

    error = serializers.CharField()
    error_description = serializers.CharField(required=False)


@method_decorator(sensitive_post_parameters("client_secret"), name="dispatch")
class TokenView(OAuthLibMixin, AgencyView):  # type: ignore[misc]  # untyped base
    authentication_classes = ()
    permission_classes = (AllowAny,)
    parser_classes: Any = (FormParser,)

    @extend_schema(
        operation_id="postToken",
        tags=["token"],
        summary="토큰 받기 · Get a token",
        auth=[],
        request={FORM: TokenRequestSerializer},
        responses={
            200: TokenSerializer,
            400: OAuthErrorSerializer,
            401: OAuthErrorSerializer,
            **{
                (status, PROBLEM): OpenApiResponse(
                    component("Problem"), description=MEANING[status]
                )
                for status in (406, 415, 429, 503)
            },
        },
    )
    def post(self, request: Request) -> Response:
        if (request.content_type or "").split(";")[0].strip().lower() != FORM:
            raise UnsupportedMediaType(request.content_type or "")
        self.hold_back(f"token:{request.META.get('REMOTE_ADDR', '')}", 5, 100)
        if _holds_nul(request):
            return Response({"error": "invalid_request"}, status=400)
        _url, headers, body, status = self.create_token_response(request._request)  # noqa: SLF001
        kept = {name: value for name, value in headers.items() if name != "Content-Type"}
        return Response(json.loads(body), status=status, headers=kept)


def _holds_nul(request: Request) -> bool:
    """Say whether a value holds NUL, in the form or in HTTP Basic; PostgreSQL can look up none."""
    scheme, _space, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        basic = base64.b64decode(encoded) if scheme.lower() == "basic" else b""
    except ValueError:
        basic = b""
    form: Any = request.data
    # The library decodes percent signs in what it finds there.
    return "\x00" in unquote(basic.decode("latin-1")) or any(
        "\x00" in text for text in form.values()
    )
