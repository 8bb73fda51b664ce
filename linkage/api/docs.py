"""The OpenAPI document and its browsable form, served from here alone (no outside request)."""

from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny


class SchemaView(SpectacularAPIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)


@extend_schema(exclude=True)
class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI with its script on an address of its own, as our policy forbids inline scripts."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    url_name = "agency-api:schema"
