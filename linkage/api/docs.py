"""The OpenAPI document and its browsable form, served from here alone (no outside request)."""

from typing import Any

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response


class SchemaView(SpectacularAPIView):  # type: ignore[misc]  # untyped base
    authentication_classes = ()
    permission_classes = (AllowAny,)


class DocsView(SpectacularSwaggerSplitView):  # type: ignore[misc]  # untyped base
    """Swagger UI with its script on an address of its own, as our policy forbids inline scripts."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    url_name = "agency-api:schema"

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response: Response = super().get(request, *args, **kwargs)
        return response
