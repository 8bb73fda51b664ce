"""The browsable API document in a real Chromium: it renders under our policy and asks only us."""

import mimetypes
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from django.contrib.staticfiles import finders

from tests.live.conftest import start_web, web  # noqa: F401 - fixtures
from tests.looks import picture

pytestmark = [pytest.mark.live, pytest.mark.browser]


def serve_static(route) -> None:
    """Serve files as a front server would; the test's own process has not collected them."""
    found = finders.find(urlsplit(route.request.url).path.removeprefix("/static/"))
    if not found:
        route.fulfill(status=404)
        return
    kind = mimetypes.guess_type(found)[0] or "application/octet-stream"
    route.fulfill(body=Path(found).read_bytes(), content_type=kind)


def test_the_docs_render_and_ask_no_other_host(chromium, web):  # noqa: F811
    asked: list[str] = []
    complaints: list[str] = []
    with chromium.new_page() as page:
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda line: line.type == "error" and complaints.append(line.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.route("**/static/**", serve_static)
        page.goto(f"{web.url}/api/v1/docs/")
        page.wait_for_selector(".opblock", timeout=30_000)
        operations = page.locator(".opblock").count()
        page.locator("#operations-messages-postMessage").click()
        page.wait_for_selector("text=20261122-000481", timeout=15_000)
        picture(page, "docs")
    described = httpx.get(f"{web.url}/api/v1/schema/?format=json", trust_env=False).json()
    told = (*described["paths"].values(), *described["webhooks"].values())
    assert operations == sum(len(path) for path in told)
    assert complaints == []
    hosts = {urlsplit(url).netloc for url in asked if not url.startswith(("data:", "blob:"))}
    assert hosts == {web.host}
