"""No accessibility fault that axe can find, on every screen, in both themes and languages."""

from pathlib import Path

import pytest

from tests.browser.conftest import PASSWORD, open_context

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
        page.keyboard.press("Escape")
    page.keyboard.press("f")
    page.keyboard.insert_text("그런 사건은 없다")
    page.wait_for_selector("#strips-filtered")
    found += faults(page, "filtered to nothing")
    assert found == []


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_administration(stage, language):
    context = open_context(stage, "admin", language=language)
    page = context.new_page()
    page.goto("/admin/")
    page.wait_for_selector("#site-name")
    found = faults(page, "admin")
    assert context.strangers == []
    context.close()
    assert found == []
