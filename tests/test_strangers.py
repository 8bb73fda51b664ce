"""No address gives a stranger from another city anything of this one.

Every route of the project is walked, so that a new one cannot be forgotten: a route is either
one that names a municipality or an object (and must answer 404 or 403 here), or it is listed below
with the reason why it may answer.
"""

import re
import uuid

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

pytestmark = pytest.mark.django_db

# Open to everyone, or to everyone who is signed in, and empty of any city's data.
OPEN = {
    r"^$": "leads to the own city",
    r"^healthz$": "says that the database answers, and when the auditor last looked",
    r"^accounts/log(in|out)/$": "the door",
    r"^i18n/": "language",
    r"^static/": "files of the program",
    r"^cap/": "alerts that the city itself has made public",
    r"^patrol/$": "the door of a police terminal: a form for its code; all behind it answers 401",
    r"^wall/$": "the door of a wall screen: a form for its code; all behind it answers 401",
    r"^api/v1/": "machines only: tests/linkage walks it with another agency's token",
    r"^admin/": "tests/test_admin_strangers.py walks it with every model",
}


def routes(resolver: URLResolver, prefix: str = "") -> list[str]:
    found: list[str] = []
    for pattern in resolver.url_patterns:
        part = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            found.append(part)
        else:
            found.extend(routes(pattern, part))
    return found


def fill(route: str, code: str) -> str:
    """Put the city's code and plausible ids into a route."""
    route = route.lstrip("^").rstrip("$")
    route = re.sub(r"<(?:str:|slug:)?code>", code, route)
    route = re.sub(r"<uuid:\w+>", str(uuid.uuid4()), route)
    route = re.sub(r"<int:\w+>", "1", route)
    route = re.sub(r"<quality:\w+>", "main", route)
    return re.sub(r"<(?:str:|slug:|path:)?\w+>", "x", route)


def guarded_routes() -> list[str]:
    every = sorted(set(routes(get_resolver())))
    return [route for route in every if not any(re.match(rule, route) for rule in OPEN)]


@pytest.mark.parametrize("route", guarded_routes())
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_gets_nothing_from(client, stranger, city, route, method):
    client.force_login(stranger)
    address = "/" + fill(route, city.code)
    sent = {"data": "{}", "content_type": "application/json"} if method == "post" else {}
    answer = getattr(client, method)(address, **sent)
    assert answer.status_code in {401, 403, 404, 405}, f"{address}: {answer.status_code}"


@pytest.mark.parametrize("route", guarded_routes())
def test_nobody_gets_anything_unsigned_from(client, city, route):
    answer = client.get("/" + fill(route, city.code))
    assert answer.status_code in {302, 401, 403, 404, 405}, f"{route}: {answer.status_code}"
