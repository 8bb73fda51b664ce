"""The map of a camera site in the admin, in a real Chromium: local, and showing the views."""

from urllib.parse import urlsplit

import pytest
from django.conf import settings
from playwright.sync_api import Page

from linkage.demo import city as demo_city
from tests.cctv.builders import away, make_camera, make_site

pytestmark = pytest.mark.browser


@pytest.fixture
def admin_page(chromium, live_server, client, administrator, city):
    """A page signed in as the administrator, and every host that it asked."""
    client.force_login(administrator)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    hosts: set[str] = set()
    with chromium.new_context(base_url=live_server.url, locale="ko-KR") as context:
        context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
        )
        page = context.new_page()
        page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname or ""))
        yield page, hosts


def sectors(page: Page) -> list[str]:
    return page.eval_on_selector_all(
        ".leaflet-overlay-pane path", "paths => paths.map(path => path.getAttribute('d'))"
    )


def test_the_map_shows_views_and_base_map_and_asks_no_other_host(admin_page, city):
    page, hosts = admin_page
    city.map_layers.create(name="generated", geojson=demo_city.geography.base_map())
    site = make_site(city, away())
    for bearing in (0, 120):
        make_camera(city, site=site, bearing_deg=bearing, field_of_view_deg=60)
    make_camera(city, site=site, bearing_deg=None)
    page.goto(f"/admin/cctv/site/{site.pk}/change/")
    page.wait_for_selector(".leaflet-base-pane path", state="attached")
    before = sectors(page)
    assert len(before) == 2
    page.fill("input[name=cameras-0-bearing_deg]", "180")
    page.wait_for_function(
        "before => document.querySelector('.leaflet-overlay-pane path').getAttribute('d')"
        " !== before",
        arg=before[0],
    )
    page.fill("input[name=cameras-2-field_of_view_deg]", "360")
    page.wait_for_function("document.querySelectorAll('.leaflet-overlay-pane path').length === 3")
    loaded = "() => document.querySelector('.leaflet-marker-icon')?.naturalWidth > 0"
    page.wait_for_function(loaded)
    assert {host for host in hosts if host} == {urlsplit(page.url).hostname}
