"""No accessibility fault that axe can find, on every screen, in both themes and languages."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation
from playwright.sync_api import Page

from cctv.models import ImportBatch, Site
from cctv.register import batches, work
from tests.browser.conftest import CODE, PASSWORD, open_context
from tests.cctv.register.conftest import HEADER, line
from tests.conftest import THOROUGH

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.django_db]
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
RUN = """async () => {
  const found = await axe.run(document, { runOnly: { type: 'tag',
    values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] } });
  return found.violations.map((one) => one.id + ': '
    + one.nodes.slice(0, 4).map((node) => node.target.join(' ') + ' ' + node.any.map((c) => c.message).join(';')).join(' | '));
}"""  # noqa: E501
LOOKS = [(theme, language) for theme in ("dark", "light") for language in ("ko", "en")]


def faults(page, where: str) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    # Colours that are fading in or blinking have no contrast of their own.
    page.add_style_tag(content="* { animation: none !important; transition: none !important; }")
    return [f"{where}: {fault}" for fault in page.evaluate(RUN)]


def leave(page, dialog: str) -> None:
    """Chromium shuts a dialog some time after the key: the next key must not fall into it."""
    page.keyboard.press("Escape")
    page.wait_for_selector(f"#{dialog}-dialog:not([open])", state="attached")


@pytest.mark.parametrize(("theme", "language"), LOOKS)
def test_the_sign_in_and_refusal_pages(stage, theme, language):
    context = open_context(stage, language=language, theme=theme)
    page = context.new_page()
    page.goto("/accounts/login/")
    found = faults(page, "sign in")
    page.fill("#id_username", "haneul")
    page.fill("#id_password", f"not {PASSWORD}")
    page.click(".signin-form button")
    page.wait_for_selector(".form-error:not(:empty)")
    found += faults(page, "sign in refused")
    page.goto("/nowhere/")
    found += faults(page, "not found")
    assert context.strangers == []
    context.close()
    assert found == []


@pytest.mark.parametrize(("theme", "language"), LOOKS)
def test_the_console_in_every_state(stage, console, theme, language):
    page = console("sup", theme=theme, language=language)
    found = []
    if page.locator(".strip").count() == 0:
        page.wait_for_selector("#strips-empty")
        found += faults(page, "empty")
        for number, urgency in enumerate("0023"):
            stage.report(f"AXE-{number}", urgency=urgency)
    page.wait_for_selector(".strip")
    found += faults(page, "with incidents")
    page.locator(".strip").first.click()
    page.wait_for_selector("#timeline .fact")
    page.locator(".more summary").click()
    found += faults(page, "incident open")
    page.keyboard.press("v")
    page.wait_for_selector(".tile video")
    found += faults(page, "video")
    page.keyboard.press("x")
    for key, dialog in (("F2", "verb"), ("Shift+Slash", "help"), ("Slash", "search")):
        page.keyboard.press(key)
        page.wait_for_selector(f"#{dialog}-dialog[open]")
        found += faults(page, dialog)
        leave(page, dialog)
    if page.locator("#incident-actions [data-verb=close]").count() == 0:
        page.keyboard.press("c")
    page.locator("#incident-actions [data-verb=close]").click()
    page.wait_for_selector("#verb-dialog[open]")
    found += faults(page, "close")
    leave(page, "verb")
    page.keyboard.press("Slash")
    page.wait_for_selector("#search-dialog[open]")
    page.keyboard.insert_text(Site.objects.filter(municipality=stage.city).first().name)
    page.wait_for_selector("#search-results [role=option]")
    found += faults(page, "search results")
    page.keyboard.press("Enter")
    page.wait_for_selector("#site-cameras li")
    found += faults(page, "site")
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    page.keyboard.insert_text("그런 사건은 없다")
    page.wait_for_selector("#strips-filtered")
    found += faults(page, "filtered to nothing")
    assert found == []


@pytest.mark.parametrize(("theme", "language"), LOOKS)
def test_the_refusals_that_need_a_fault(stage, theme, language):
    """Rendered as the server would, put in the browser on its own address: no route leads there."""
    context = open_context(stage, language=language, theme=theme)
    page = context.new_page()
    found = []
    for name in ("400", "403", "403_csrf", "500"):
        with translation.override(language):
            body = render_to_string(f"{name}.html", request=RequestFactory().get("/"))
        page.route(f"**/{name}.html", answering(body))
        page.goto(f"/{name}.html")
        found += faults(page, name)
    context.close()
    assert found == []


def answering(body: str):
    return lambda route: route.fulfill(body=body, content_type="text/html")


def test_the_end_of_a_session(console):
    page = console("police")
    elsewhere = page.context.new_page()
    elsewhere.goto(f"/m/{CODE}/")
    elsewhere.click("#sign-out button")
    page.wait_for_selector("#ended-dialog[open]", timeout=35_000)
    found = []
    for theme in ("dark", "light"):
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        found += faults(page, f"ended, {theme}")
    assert found == []


# A theme and a language are looked at once each: colours do not depend on words.
PAIRS = [("dark", "ko"), ("light", "en")]
# All are of the same templates: each is looked at, by turns in the one pair or the other.
PARTS = [(pair, part) for part, pair in enumerate(PAIRS)]
if THOROUGH:
    PARTS += [(pair, 1 - part) for pair, part in PARTS]


@pytest.mark.parametrize(("pair", "part"), PARTS)
def test_every_list_and_form_of_the_administration(stage, pair, part):
    theme, language = pair
    context = open_context(stage, "admin", language=language, theme=theme)
    context.add_init_script(f"localStorage.setItem('theme', '{theme}')")
    page = context.new_page()
    page.goto("/admin/")
    page.wait_for_selector("#site-name")
    found = faults(page, "admin")
    lists = sorted(set(links(page, ".model-link, th[scope=row] a")))
    assert len(lists) > 10
    for address in lists[part::2]:
        page.goto(address)
        found += faults(page, address)
        forms = links(page, ".object-tools a.addlink")[:1] + links(page, "#result_list th a")[:1]
        for form in forms:
            page.goto(form)
            found += faults(page, form)
    assert context.strangers == []
    context.close()
    assert found == []


def links(page: Page, selector: str) -> list[str]:
    found = page.eval_on_selector_all(selector, "all => all.map(one => one.href)")
    return [urlsplit(one).path for one in found if one]


@pytest.mark.parametrize(("theme", "language"), PAIRS)
def test_every_step_of_an_import(stage, theme, language, tmp_path, settings):
    settings.MEDIA_ROOT = stage.web.log_path.parent / "state" / "media"
    path = tmp_path / "register.csv"
    here = stage.city.centre
    rows = [line("A1", lat=here.y, lon=here.x), line("far", lon=128.9), line("none", lat=0, lon=0)]
    path.write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    context = open_context(stage, "admin", language=language, theme=theme)
    context.add_init_script(f"localStorage.setItem('theme', '{theme}')")
    page = context.new_page()
    page.goto("/admin/cctv/importbatch/add/")
    found = faults(page, "upload")
    page.set_input_files("input[type=file]", path)
    page.select_option("select[name=municipality]", str(stage.city.pk))
    page.click("#content form [type=submit]")
    page.wait_for_url("**/change/")
    found += faults(page, "columns")
    batch = ImportBatch.objects.latest("pk")
    batches.start_check(batch=batch)
    work.advance(batch.pk)
    page.reload()
    page.wait_for_selector("table")
    found += faults(page, "dry run")
    batch.refresh_from_db()
    batches.start_apply(batch=batch)
    page.reload()
    found += faults(page, "running")
    work.advance(batch.pk)
    page.reload()
    found += faults(page, "done")
    context.close()
    assert found == []
