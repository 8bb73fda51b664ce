"""Looking back in the console: by key, decoded, with its times and gaps, and gone when it ends."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cctv.choices import EndReason
from cctv.models import Camera, RecordingPart, ViewRecord
from cctv.view_ends import end_views
from tests.browser.conftest import committed
from tests.browser.test_axe import faults
from tests.browser.test_console import case, incident_of, strip
from tests.cctv.recordings.builders import record
from tests.live.conftest import until
from tests.looks import fits, picture

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.django_db]


@pytest.fixture
def tape(stage, settings):
    """Record where the web process looks."""
    settings.RECORDINGS_DIR = stage.web.log_path.parent / "state" / "recordings"
    now = timezone.now()

    def kept(camera_id: int) -> None:
        camera = Camera.objects.get(pk=camera_id)
        for seconds_ago, lasted in ((300, 20), (60, 30)):
            record(camera, now - timedelta(seconds=seconds_ago), seconds=lasted, size="640x360")

    return kept


def shown(page, condition: str) -> None:
    """Wait for what the page itself would say; its own policy lets no test evaluate in it."""
    until(lambda: page.evaluate(condition), within_s=30, what=condition)


@pytest.mark.parametrize(("theme", "language"), [("dark", "ko"), ("light", "en")])
def test_the_operator_looks_back_by_keyboard(stage, console, tape, theme, language):
    committed(RecordingPart.objects.all().delete)
    receipt = case(stage, urgency="0")
    page = console(theme=theme, language=language)
    strip(page, receipt).click()
    page.wait_for_selector("#cameras .camera")
    page.keyboard.press("v")
    page.wait_for_selector(".tile[data-large]")
    camera_id = int(page.get_attribute(".tile[data-large]", "data-camera"))
    page.keyboard.press("r")
    words = page.locator("#recorded-words")
    words.wait_for()
    shown(page, "document.getElementById('recorded-words').textContent.length > 12")
    page.keyboard.press("Escape")
    committed(tape, camera_id=camera_id)
    page.keyboard.press("r")
    video = "document.getElementById('recorded-video')"
    shown(page, f"{video}.getVideoPlaybackQuality().totalVideoFrames > 5")
    assert page.locator(".recorded-span").count() == 2
    shown(page, "document.getElementById('recorded-time').textContent.length > 4")
    first = int(page.get_attribute("#recorded-dialog", "data-at"))
    page.locator(".recorded-span").nth(1).press("Enter")
    at = "Number(document.getElementById('recorded-dialog').dataset.at)"
    shown(page, f"{at} > {first + 200_000}")
    view = ViewRecord.objects.get(action="recorded", incident_id=incident_of(receipt).pk)
    assert view.camera_id == camera_id
    assert fits(page)
    picture(page, f"recorded-{theme}-{language}")
    assert faults(page, "recorded") == []
    committed(end_views, incident_id=view.incident_id, reason=EndReason.INCIDENT_ENDED)
    page.wait_for_selector("#recorded-body", state="hidden")
    # Nothing of it stays on the screen.
    assert page.evaluate(f"{video}.readyState") == 0
    assert page.faults == []
