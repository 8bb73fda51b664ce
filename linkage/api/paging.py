"""How an agency pages through an answer: its limit and its sequence numbers."""

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from controlroom.errors import Invalid
from linkage.wire import LARGEST_SEQUENCE

PAGE = 50
LARGEST_PAGE = 200
LIMIT = OpenApiParameter(
    "limit",
    {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": PAGE},
    OpenApiParameter.QUERY,
)


def sequence(name: str, *, minimum: int, description: str) -> OpenApiParameter:
    return OpenApiParameter(
        name,
        {"type": "integer", "minimum": minimum, "maximum": LARGEST_SEQUENCE},
        OpenApiParameter.QUERY,
        description=description,
    )


def flag(name: str, *, description: str) -> OpenApiParameter:
    return OpenApiParameter(
        name,
        {"type": "boolean", "default": False},
        OpenApiParameter.QUERY,
        description=description,
    )


def flag_of(request: Request, name: str) -> bool:
    """Raises: Invalid."""
    text = request.query_params.get(name, "false")
    if text not in {"true", "false"}:
        raise Invalid(_("neither true nor false"), fields={name: [_("must be true or false")]})
    return text == "true"


def limit_of(request: Request) -> int:
    text = request.query_params.get("limit", str(PAGE))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= LARGEST_PAGE):
        raise Invalid(
            _("the page is too large or not a number"),
            fields={"limit": [_("must be 1 to %(count)s") % {"count": LARGEST_PAGE}]},
        )
    return int(text)


def sequence_of(request: Request, name: str, *, minimum: int) -> int | None:
    """Raises: Invalid."""
    text = request.query_params.get(name, "")
    if not text:
        return None
    is_number = text.isascii() and text.isdigit() and len(text) <= 19
    if not (is_number and minimum <= int(text) <= LARGEST_SEQUENCE):
        raise Invalid(_("not a sequence number"), fields={name: [_("must be a whole number")]})
    return int(text)
