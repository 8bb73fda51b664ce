"""The pages of an agency's engineers in a real Chromium, answered by Django in this process.

They need no live socket: no server is started, and no city is filled.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.contrib.staticfiles import finders
from django.db import connections
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, Request, Route

from controlroom.accounts.models import User
from incidents import lifecycle
from incidents.models import Incident
from linkage.choices import OutboxState
from linkage.demo.link import room_link
from linkage.models import AgencySeat, Link, OutboxMessage, Resync
from tests.browser.test_axe import faults
from tests.linkage.conftest import taken
from tests.looks import fits, picture

pytestmark = [pytest.mark.browser, pytest.mark.django_db]
ORIGIN = "http://testserver"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@pytest.fixture
def link(city, haneul) -> Link:
    """One message was given up, another waits."""
    made = room_link("police112", municipality=city, push_url="", silent_after_s=600).link
    lifecycle.acknowledge(incident=taken(made, receipt_no="A-1"), by=haneul)
    OutboxMessage.objects.update(state=OutboxState.DEAD, is_offered=False, last_error="HTTP 500")
    lifecycle.acknowledge(incident=taken(made, receipt_no="A-2"), by=haneul)
    assert Incident.objects.count() == 2
    return made


@pytest.fixture
def engineer(link) -> User:
    user = User.objects.create_user("room112", password="pass", display_name="정 주임")
    AgencySeat.objects.create(municipality=link.municipality, agency=link.agency, user=user)
    return user


@pytest.fixture
def browse(chromium: Browser, engineer) -> Iterator[Callable[..., Page]]:
    """Open a page of the engineer; every request is answered by Django's own test client."""
    client = Client()
    client.force_login(engineer)
    # Playwright answers in a context of its own, which would open a connection of its own.
    shared = connections["default"]
    contexts = []

    def answer(route: Route, request: Request) -> None:
        connections["default"] = shared
        parts = urlsplit(request.url)
        assert f"{parts.scheme}://{parts.netloc}" == ORIGIN, request.url
        if parts.path.startswith("/static/"):
            path = Path(finders.find(parts.path.removeprefix("/static/")))
            route.fulfill(body=path.read_bytes(), content_type=TYPES[path.suffix])
            return
        address = f"{parts.path}?{parts.query}"
        sent = {"data": request.post_data_buffer or b"", "follow": True}
        if request.method == "POST":
            sent["content_type"] = request.headers["content-type"]
            said = client.post(address, **sent)
        else:
            said = client.get(address, follow=True)
        assert said.status_code == 200, f"{request.method} {address}: {said.status_code}"
        headers = {name: said[name] for name in ("Content-Type", "Content-Security-Policy")}
        route.fulfill(body=said.content, headers=headers)

    def open_page(theme: str, language: str) -> Page:
        client.cookies["django_language"] = language
        context = chromium.new_context(
            base_url=ORIGIN, viewport={"width": 1280, "height": 720}, service_workers="block"
        )
        context.set_default_timeout(90_000)
        contexts.append(context)
        context.add_init_script(f"localStorage.setItem('controlroom.theme', '{theme}')")
        context.route("**/*", answer)
        page = context.new_page()
        page.wrongs = []
        page.on("pageerror", lambda error: page.wrongs.append(str(error)))
        page.on("console", lambda said: said.type == "error" and page.wrongs.append(said.text))
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize(("theme", "language"), [("dark", "ko"), ("light", "en")])
def test_an_agencys_engineer_is_told_what_a_new_password_lacks(browse, link, theme, language):
    page = browse(theme, language)
    page.goto("/agency/")
    page.locator(".agency-tools a").click()
    page.fill("#id_old_password", "pass")
    page.fill("#id_new_password1", "1")
    page.fill("#id_new_password2", "1")
    page.keyboard.press("Enter")
    page.wait_for_selector(".field-error")
    picture(page, f"agency-account-{theme}")
    assert faults(page, "account") == page.wrongs == []


@pytest.mark.parametrize(("theme", "language"), [("dark", "ko"), ("light", "en")])
def test_an_agencys_engineer_looks_after_the_own_link(browse, link, theme, language):
    page = browse(theme, language)
    page.goto("/agency/")
    found = faults(page, "links")
    picture(page, f"agency-links-{theme}")
    page.locator(".card h2 a").first.click()
    page.wait_for_selector("#choose-all")
    found += faults(page, "link")
    picture(page, f"agency-link-{theme}")
    assert fits(page)
    page.check("#choose-all")
    page.fill(".again input[name=reason]", "수신 서버 복구")
    page.locator(".again button").click()
    page.wait_for_selector(".said-success")
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {OutboxState.QUEUED}
    page.goto(f"/agency/{link.code}/")
    OutboxMessage.objects.update(state=OutboxState.ACKED, acked_at=timezone.now())
    since = timezone.localtime() - timedelta(hours=2)
    page.fill(".wish input[name=since]", f"{since:%Y-%m-%dT%H:%M}")
    page.fill(".wish input[name=reason]", "데이터베이스를 어제 백업에서 복구")
    page.locator(".wish button").click()
    page.wait_for_selector(".said-success")
    assert Resync.objects.get().offered == 2
    picture(page, f"agency-resync-{theme}")
    page.goto(f"/agency/{link.code}/")
    page.locator('form[action$="/test/"] button').click()
    page.wait_for_selector(".said-success")
    found += faults(page, "message")
    page.goto(f"/agency/{link.code}/out/{OutboxMessage.objects.latest('pk').uid}/")
    page.locator("[aria-labelledby=bytes] form button").click()
    page.wait_for_selector("#content")
    assert "controlroom.police112.test.v1" in page.inner_text("#content")
    found += faults(page, "bytes")
    picture(page, f"agency-message-{theme}")
    page.goto(f"/agency/{link.code}/")
    page.locator('form[action$="/secret/"] button').click()
    page.wait_for_selector("#new-secret")
    found += faults(page, "secret")
    picture(page, f"agency-secret-{theme}")
    page.goto(f"/agency/{link.code}/")
    assert page.locator('form[action$="/secret/"]').count() == 0
    page.click("#theme-toggle")
    assert page.locator("html").get_attribute("data-theme") != theme
    assert found == page.wrongs == []
