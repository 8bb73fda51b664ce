"""Video for an agency on the console: what waits is answered, given, withdrawn by keys."""

import pytest

from incidents.models import Incident
from linkage import inbox
from linkage.models import Link, OutboxMessage, StreamGrant, VideoRequest
from linkage.wire import canonical
from tests.browser.conftest import committed
from tests.browser.test_axe import faults
from tests.browser.test_console import case, incident_of, strip
from tests.linkage.conftest import envelope
from tests.looks import picture

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.django_db]
PLACE = {"lon": 127.385, "lat": 36.35, "error_radius_m": 20, "method": "address"}


def asked(incident: Incident, receipt: str) -> None:
    """Let the 112 room ask for the two best cameras of its case."""
    choice = incident.camera_choices.first()
    near = [pick["id"] for pick in choice.picks if pick["distance_m"] <= 500][:2]
    link = Link.objects.select_related("municipality", "legal_basis").get(
        cases__external_id=receipt
    )
    said = {"purpose": "SCENE", "basis": "ACT-112", "cameras": near}
    document = envelope("STREAM_REQUEST", receipt_no=receipt, **said)
    inbox.accept(link=link, raw=canonical(document))


def answer(page, text: str) -> None:
    page.wait_for_selector("#verb-dialog[open]")
    page.fill("#field-reason", text)
    page.press("#verb-submit", "Enter")
    page.wait_for_selector("#verb-dialog:not([open])", state="attached")


@pytest.mark.parametrize(("theme", "language"), [("dark", "ko"), ("light", "en")])
def test_a_request_that_waits_is_answered_and_video_given_by_keyboard(
    stage, console, theme, language
):
    receipt = case(stage, kind_code="401", place=PLACE)
    incident = incident_of(receipt)
    page = console("haneul", theme=theme, language=language)
    strip(page, receipt).click()
    page.wait_for_selector("#grant-open:visible")
    committed(asked, incident=incident, receipt=receipt)
    # It comes by itself, is said aloud, and counts down.
    page.wait_for_selector("#asked .unit-waits [data-until]:not(:empty)")
    page.wait_for_selector("#announce-urgent:not(:empty)", state="attached")
    page.locator("#given").scroll_into_view_if_needed()
    picture(page, f"given-waits-{theme}")
    assert faults(page, "a request waits") == []
    page.locator("#asked .unit-waits").focus()
    page.keyboard.press("y")
    page.wait_for_selector("#grants [data-grant] [data-until]:not(:empty)")
    request = VideoRequest.objects.get(incident=incident)
    assert (request.state, request.answered_by.username) == ("allowed", "haneul")
    given = StreamGrant.objects.filter(incident=incident)
    assert {row.trigger for row in given} == {"operator"}
    assert page.locator("#asked .unit-waits").count() == 0
    # The selected grant is withdrawn by its key, with a reason.
    page.locator("#grants [data-grant]").first.focus()
    page.keyboard.press("x")
    answer(page, "다른 카메라로 충분")
    page.wait_for_selector("#grants [data-grant]:not([tabindex])")
    assert given.filter(end_reason="revoked", end_text="다른 카메라로 충분").count() == 1
    # By hand: everything stands there, one confirm is enough.
    page.keyboard.press("Shift+V")
    page.wait_for_selector("#verb-dialog[open] .many input:checked")
    chosen = page.locator("#field-purpose option:checked").inner_text()
    assert chosen in {"현장 확인", "seeing the scene"}
    page.check("#field-turns")
    picture(page, f"given-give-{theme}")
    assert faults(page, "give video") == []
    page.press("#verb-submit", "Enter")
    page.locator("#grants [data-until]").nth(1).wait_for()
    assert "ptz" in given.filter(ended_at=None).latest("pk").rights
    assert (
        OutboxMessage.objects.filter(case_number=receipt, message_type="STREAM_GRANT").count() == 2
    )
    committed(asked_again, incident=incident, receipt=receipt)
    page.wait_for_selector("#asked .unit-waits")
    page.keyboard.press("Shift+Y")
    answer(page, "현장과 무관")
    page.wait_for_selector("#asked .unit-waits", state="detached")
    assert VideoRequest.objects.filter(incident=incident, state="refused").count() == 1
    picture(page, f"given-after-{theme}")
    assert page.faults == []


def asked_again(incident: Incident, receipt: str) -> None:
    """Ask for longer of what is held: that is the operator's word again."""
    grant = StreamGrant.objects.filter(incident=incident, ended_at=None).earliest("pk")
    link = Link.objects.select_related("municipality", "legal_basis").get(pk=grant.link_id)
    said = {"purpose": "SCENE", "basis": "ACT-112", "cameras": [grant.camera_id]}
    document = envelope("STREAM_REQUEST", receipt_no=receipt, extend="계속", **said)
    inbox.accept(link=link, raw=canonical(document))
