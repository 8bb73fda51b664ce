"""What every view of the agency API shares: its caller, its limits, its refusals."""

from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import Throttled
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from controlroom.errors import DomainError, OutOfScope
from controlroom.problems import problem
from linkage import buckets, life, mutual_tls
from linkage.api.authentication import AgencyClient, ClientAuthentication
from linkage.choices import LinkState
from linkage.documents import MAX_BYTES
from linkage.errors import InsufficientScope, LinkClosed, TooLarge
from linkage.idempotency import Answer
from linkage.models import Link

READ_RATE_PER_S = 200
READ_BURST = 2000


class RawJSON(BaseParser):
    """Hand over the bytes of a JSON body as they came, none of them beyond the limit."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        raw: bytes = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise TooLarge(_("a message may have at most %(count)s bytes") % {"count": MAX_BYTES})
        return raw


class IsAgencyClient(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.user, AgencyClient)


class AgencyView(APIView):
    authentication_classes: Any = (ClientAuthentication,)
    permission_classes: Any = (IsAgencyClient,)
    parser_classes: Any = (RawJSON,)
    # What an agency may still say of itself while its link is suspended; nothing of cases leaves.
    while_suspended = False

    @property
    def client(self) -> AgencyClient:
        user: Any = self.request.user
        assert isinstance(user, AgencyClient)  # noqa: S101 - IsAgencyClient has let it in
        return user

    def link(self, code: str) -> Link:
        """Find a link of this client; another's looks like none.

        Raises: OutOfScope (404), InsufficientScope (403), LinkClosed (403) while it is suspended.
        """
        link: Link | None = (
            Link.objects.of_client(self.client.application)
            .select_related("municipality", "agency", "sign_of_life", "tls", "refusal_run")
            .filter(code=code)
            .first()
        )
        if link is None:
            raise OutOfScope(_("no such link"))
        if link.service not in self.client.scopes:
            raise InsufficientScope(_("the token lacks the scope of this link's service"))
        mutual_tls.check(link=link, request=self.request)
        life.heard(link=link)
        if link.state == LinkState.SUSPENDED and not self.while_suspended:
            raise LinkClosed(_("this link is suspended"))
        return link

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if "link" not in kwargs and isinstance(request.user, AgencyClient):
            for own in Link.objects.of_client(request.user.application).select_related(
                "sign_of_life", "tls"
            ):
                mutual_tls.check(link=own, request=request)
                life.heard(link=own)

    def body(self) -> bytes:
        data: Any = self.request.data
        return data if isinstance(data, bytes) else b""

    def hold_back(self, key: str, rate_per_s: float, burst: int) -> None:
        """Raises: Throttled (429) with Retry-After."""
        taken = buckets.take(key=key, rate_per_s=rate_per_s, burst=burst)
        if not taken.allowed:
            raise Throttled(
                wait=taken.retry_after_s,
                detail=_("held back, nothing was dropped: send the same again later"),
            )

    def hold_back_reads(self) -> None:
        self.hold_back(f"client:{self.client.pk}", READ_RATE_PER_S, READ_BURST)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, OperationalError | InterfaceError):
            return problem(code="unavailable", status_code=503, headers={"Retry-After": "2"})
        if isinstance(exc, SuspiciousOperation):
            return problem(code="invalid", status_code=400)
        response = super().handle_exception(exc)
        if not isinstance(exc, DomainError) and response.status_code == 401:
            response.data["code"] = "not_authenticated"
        return response


def respond(answer: Answer) -> Response:
    headers = dict(answer.headers)
    if answer.replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(answer.body, status=answer.status, headers=headers)


@extend_schema(exclude=True)
class NothingView(APIView):
    """Answer 404 in problem+json where the API has nothing."""

    authentication_classes: Any = ()
    permission_classes: Any = (AllowAny,)

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        self.http_method_names = [request.method.lower()]
        return super().dispatch(request, *args, **kwargs)

    def http_method_not_allowed(self, *_args: Any, **_kwargs: Any) -> Response:
        raise OutOfScope(_("no such address"))
