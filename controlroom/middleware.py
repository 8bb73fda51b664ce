"""Headers that every page carries, and what is answered where the audit record fails."""

import secrets
from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import translation

from controlroom import problems
from controlroom.audit.errors import CODE, concerns_record, reason

log = structlog.get_logger(__name__)

POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'nonce-{nonce}'",
        # Leaflet positions its panes through style attributes.
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


class ContentSecurityPolicy:
    """Allow only our own origin; give each request a nonce for its import map."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.csp_nonce = secrets.token_urlsafe(16)  # type: ignore[attr-defined]
        response = self.get_response(request)
        response.headers.setdefault(
            "Content-Security-Policy",
            POLICY.format(nonce=request.csp_nonce),  # type: ignore[attr-defined]
        )
        return response


class Language:
    """Choose the language: the one chosen in this browser, else the person's, else Korean.

    A browser's Accept-Language is not asked: consoles are often installed in English. Machines
    on the agency API do say it by Accept-Language, and so does the video player, whose many
    requests must not each read the person.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = self._language(request)
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response

    def _language(self, request: HttpRequest) -> str:
        if request.path_info.startswith(("/api/", "/video/")):
            return translation.get_language_from_request(request)
        offered = dict(settings.LANGUAGES)
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        if chosen in offered:
            return chosen
        preferred = getattr(request.user, "language", "")
        return preferred if preferred in offered else settings.LANGUAGE_CODE


class NothingUnrecorded:
    """Answer 503 with the reason where the audit record could not be written, whatever was asked.

    The transaction of the act has failed with it: there is nothing to take back.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, DatabaseError) or not concerns_record(error):
            return None
        log.error("record_unwritten", path=request.path, error=str(error.__cause__))
        if request.accepts("text/html") and request.headers.get("Accept", "*/*") != "*/*":
            return render(request, "503.html", {"reason": reason()}, status=503)
        answer = problems.problem(code=CODE, status_code=503, detail=reason())
        return JsonResponse(answer.data, status=503, content_type=problems.MEDIA_TYPE)
