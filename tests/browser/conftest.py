"""The real product for the browser: the demo city, daphne, Chromium; one of each per module."""

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.test import override_settings
from playwright.sync_api import Browser, BrowserContext, Page

from controlroom.accounts.models import User
from controlroom.municipalities.models import Municipality
from controlroom.runtime import catalogs
from linkage.demo.link import room_link
from tests.linkage.conftest import envelope, token_for
from tests.live.conftest import Web

CODE = "90010"
PASSWORD = "browser-tests-0123456789"


@dataclass
class Stage:
    """The running product and the 112 room that reports to it."""

    web: Web
    city: Municipality
    report: Callable[..., dict[str, Any]]
    browser: Browser
    # Sessions are made before the tests, whose own transactions daphne could not see.
    cookies: dict[str, str]


@pytest.fixture(scope="session")
def static_root(tmp_path_factory) -> Path:
    """Collect the static files as bin/run does: hashed, modules rewritten."""
    catalogs.compile_all()
    target = tmp_path_factory.mktemp("static")
    storages = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "controlroom.staticfiles.ModuleManifestStorage"},
    }
    with override_settings(STATIC_ROOT=target, STORAGES=storages):
        call_command("collectstatic", interactive=False, verbosity=0)
    return target


@pytest.fixture(scope="module")
def stage(
    django_db_setup, django_db_blocker, static_root, chromium, tmp_path_factory
) -> Iterator[Stage]:
    """Fill the demo city, start the web process; empty every table afterwards."""
    os.environ["CONTROLROOM_DEMO_PASSWORD"] = PASSWORD
    folder = tmp_path_factory.mktemp("web")
    with django_db_blocker.unblock():
        # Without a marked test pytest-django makes no test database, and this is emptied below.
        assert connection.settings_dict["NAME"].startswith("test_")
        # An earlier run may have been killed before it could empty the tables.
        call_command("flush", interactive=False, verbosity=0)
        call_command("demo", cameras=1500, verbosity=0)
        city = Municipality.objects.get(code=CODE)
        link = room_link("police112", municipality=city).link
        token = token_for(link)
        web = Web(
            folder,
            DJANGO_SETTINGS_MODULE="tests.browser.settings",
            CONTROLROOM_TEST_STATIC=str(static_root),
            CONTROLROOM_CAMERA_NETWORKS="127.0.0.0/8",
        )
        try:
            web.start()
            cookies = {user.username: web.cookie_of(user) for user in User.objects.all()}
            with httpx.Client(
                base_url=web.url,
                headers={"Authorization": f"Bearer {token}"},
                timeout=20,
                trust_env=False,
            ) as client:
                yield Stage(web, city, _reporter(client, link.code), chromium, cookies)
        finally:
            web.close()
            call_command("flush", interactive=False, verbosity=0)


def _reporter(client: httpx.Client, link: str) -> Callable[..., dict[str, Any]]:
    def report(receipt_no: str, **payload: Any) -> dict[str, Any]:
        document = envelope(receipt_no=receipt_no, msg_id=f"msg-{receipt_no}", **payload)
        answer = client.post(
            f"/api/v1/links/{link}/messages",
            json=document,
            headers={"Idempotency-Key": document["msg_id"]},
        )
        assert answer.status_code == 201, answer.text
        return answer.json()

    return report


def show(capsys, line: str) -> None:
    """Print a figure that was measured, past pytest's capture."""
    with capsys.disabled():
        sys.stdout.write(f"\n{line}\n")


def open_context(
    stage: Stage, username: str = "", *, language: str = "ko", theme: str = "dark", **options: Any
) -> BrowserContext:
    """Open a browser of this person; every request to another host is cut and remembered."""
    options = {"viewport": {"width": 1280, "height": 720}, **options}
    context = stage.browser.new_context(
        base_url=stage.web.url, locale="ko-KR" if language == "ko" else "en-GB", **options
    )
    cookies = [{"name": "django_language", "value": language, "url": stage.web.url}]
    if username:
        name, value = stage.cookies[username].split("=")
        cookies.append({"name": name, "value": value, "url": stage.web.url})
    context.add_cookies(cookies)
    context.add_init_script(f"localStorage.setItem('controlroom.theme', '{theme}')")
    context.strangers = []

    def guard(route):
        if route.request.url.startswith((stage.web.url, "blob:", "data:")):
            route.fallback()
        else:
            context.strangers.append(route.request.url)
            route.abort()

    context.route("**/*", guard)
    return context


@contextmanager
def live_pages(stage: Stage, path: str) -> Iterator[Callable[..., Page]]:
    """Give what opens a page of this path as a person, waits until it is live, keeps its faults."""
    contexts = []

    def open_live(username: str, **options: Any) -> Page:
        context = open_context(stage, username, **options)
        contexts.append(context)
        page = context.new_page()
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on(
            "console",
            # A refused request is an answer; what a script or the policy says is a fault.
            lambda said: (
                page.faults.append(said.text)
                if said.type == "error" and "Failed to load resource" not in said.text
                else None
            ),
        )
        page.goto(path)
        page.wait_for_selector('#freshness[data-state="live"]', timeout=20000)
        return page

    yield open_live
    for context in contexts:
        assert context.strangers == []
        context.close()


@pytest.fixture
def console(stage) -> Iterator[Callable[..., Page]]:
    """Open the console of a person and wait until it is live: console("haneul", theme="light")."""
    with live_pages(stage, f"/m/{CODE}/") as opened:
        yield lambda username="haneul", **options: opened(username, **options)


def committed(work: Callable[..., Any], **arguments: Any) -> Any:
    """Do it on a connection of its own, outside the test's transaction: the web process sees it."""

    def run() -> Any:
        try:
            return work(**arguments)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run).result(timeout=60)
