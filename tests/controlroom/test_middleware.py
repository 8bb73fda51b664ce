"""Korean first, unless somebody chose otherwise; no page may load from elsewhere."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import translation

from controlroom.accounts.models import User
from controlroom.middleware import ContentSecurityPolicy, Language


def language_of(*, path: str = "/", cookie: str = "", accepts: str = "", user=None) -> str:
    request = RequestFactory().get(path, headers={"Accept-Language": accepts})
    request.user = user or User()
    if cookie:
        request.COOKIES["django_language"] = cookie
    response = Language(lambda _request: HttpResponse(translation.get_language()))(request)
    assert response.headers["Content-Language"] == response.content.decode()
    return response.content.decode()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"accepts": "en-US,en"}, "ko"),
        ({"cookie": "en"}, "en"),
        ({"cookie": "xx"}, "ko"),
        ({"user": User(language="en")}, "en"),
        ({"user": User(language="en"), "cookie": "ko"}, "ko"),
        ({"path": "/api/v1/incidents", "accepts": "en"}, "en"),
        ({"path": "/api/v1/incidents"}, "ko"),
    ],
)
def test_the_language_is_the_chosen_one_else_korean(given, expected):
    assert language_of(**given) == expected


def test_every_page_allows_only_its_own_origin_with_a_fresh_nonce():
    get = ContentSecurityPolicy(lambda _request: HttpResponse())
    first, second = (
        get(RequestFactory().get("/")).headers["Content-Security-Policy"] for _ in "ab"
    )
    assert "default-src 'self'" in first
    assert "unsafe-eval" not in first
    assert first != second
