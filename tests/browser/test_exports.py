"""Recorded video from the request to its destruction, by two people of the centre and a recipient.

Everything is real: the web process, the worker, a recording, its extraction and masks, Chromium.
"""

import hashlib
import signal
from datetime import timedelta
from pathlib import Path

import pytest
import pyzipper
from django.utils import timezone
from playwright.sync_api import Page

from cctv.models import ViewRecord
from controlroom.accounts.models import User
from controlroom.audit.models import Record
from controlroom.municipalities.choices import Role
from linkage import agreements, tasks
from linkage.demo.link import room_link
from linkage.exports import vault
from linkage.models import AgencySeat, ExportRequest, OutboxMessage
from linkage.models_exports import ExportFilm, ExportRelease, FilmKind
from linkage.models_provision import ProvisionEntry
from tests.browser.test_axe import faults
from tests.cctv.builders import make_camera
from tests.cctv.recordings.builders import record
from tests.conftest import make_member
from tests.linkage.exports.conftest import LETTER
from tests.linkage.test_live_worker import FEW, start
from tests.live.conftest import start_web, until  # noqa: F401 - fixture
from tests.looks import picture

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SECONDS = 4
CLOCK = "%Y-%m-%dT%H:%M:%S"


@pytest.fixture
def recorded(city, settings, tmp_path):
    settings.STATE_DIR = tmp_path / "state"
    settings.RECORDINGS_DIR = tmp_path / "recordings"
    since = timezone.now().replace(microsecond=0) - timedelta(minutes=5)
    record(make_camera(city, name="한빛초 정문"), since, seconds=SECONDS, size="640x360")
    agreements.install()
    return since


@pytest.fixture
def web(recorded, settings, static_root, start_web):  # noqa: F811 - the fixture
    """Start the web process and the worker of one centre, on one disk."""
    shared = {
        "CONTROLROOM_STATE_DIR": str(settings.STATE_DIR),
        "CONTROLROOM_RECORDINGS_DIR": str(settings.RECORDINGS_DIR),
    }
    made = start_web(
        DJANGO_SETTINGS_MODULE="tests.browser.settings",
        CONTROLROOM_TEST_STATIC=str(static_root),
        **shared,
    )
    worker = start("-m", "celery", "-A", "controlroom.celery", "worker", *FEW, **shared)
    yield made
    worker.send_signal(signal.SIGKILL)
    worker.wait(20)


@pytest.fixture
def browse(web, chromium):
    """Open a browser of this person: browse(user, "light", "en")."""
    contexts = []

    def opened(user: User, theme: str, language: str) -> Page:
        context = chromium.new_context(
            base_url=web.url, viewport={"width": 1280, "height": 800}, timezone_id="Asia/Seoul"
        )
        context.set_default_timeout(60_000)
        contexts.append(context)
        name, value = web.cookie_of(user).split("=")
        context.add_cookies(
            [
                {"name": name, "value": value, "url": web.url},
                {"name": "django_language", "value": language, "url": web.url},
            ]
        )
        context.add_init_script(f"localStorage.setItem('controlroom.theme', '{theme}')")
        page = context.new_page()
        page.wrongs = []
        page.on("pageerror", lambda error: page.wrongs.append(str(error)))
        page.on("console", lambda said: said.type == "error" and page.wrongs.append(said.text))
        return page

    yield opened
    for context in contexts:
        context.close()


def deed(page: Page, name: str):
    return page.locator(f'form[action$="/do/{name}/"]')


def export() -> ExportRequest:
    return ExportRequest.objects.get()


def waits_for(page: Page, state: str) -> None:
    """Let the sweep ring for the worker; the page follows it by itself."""
    tasks.sweep_exports()
    until(lambda: export().state == state, within_s=240, what=f"{state}: {export().error}")
    page.wait_for_selector(f"h1 .export-{state}")


def plays(page: Page, selector: str) -> None:
    """Wait until a picture of the film is decoded; the page that shows it may not be there yet."""
    page.wait_for_function(
        "selector => document.querySelector(selector)?.readyState >= 2", arg=selector
    )


def ask(page: Page, city, link, recorded) -> list[str]:
    """The operator asks, in the agency's name, with its letter."""
    page.goto(f"/m/{city.code}/exports/new/?q=한빛초")
    page.check("input[name=cameras]")
    page.select_option("#id_link", link.code)
    page.fill("#id_case_number", "20261122-000001")
    page.select_option("#id_basis", "PIPA-18-2-7")
    page.fill("#id_purpose", "중앙로 폭행 사건 수사")
    since = timezone.localtime(recorded)
    page.fill("#id_since", f"{since:{CLOCK}}")
    page.fill("#id_until", f"{since + timedelta(seconds=SECONDS):{CLOCK}}")
    found = faults(page, "new")
    picture(page, "export-new")
    page.locator(".export-form .button-strong").click()
    page.fill("#id_number", "수사과-112")
    page.set_input_files(
        "#id_letter", {"name": "공문.pdf", "mimeType": "application/pdf", "buffer": LETTER}
    )
    deed(page, "letter").locator("button").click()
    page.wait_for_selector("h1 .export-submitted")
    assert deed(page, "approve").count() == deed(page, "review").count() == 0
    return found


def decide(page: Page, city) -> list[str]:
    """The resident police officer reviews and approves; a machine extracts."""
    page.goto(f"/m/{city.code}/exports/")
    found = faults(page, "list")
    picture(page, "export-list")
    page.locator("table a").first.click()
    deed(page, "review").locator("button").click()
    page.wait_for_selector("h1 .export-reviewed")
    deed(page, "approve").locator("button").click()
    page.wait_for_selector("#progress")
    found += faults(page, "approved")
    picture(page, "export-approved")
    waits_for(page, "extracted")
    picture(page, "export-extracted")
    return found


def look_boxes_over(page: Page) -> list[str]:
    """And looks the boxes over: one by the keyboard, one by the pointer; a machine masks."""
    page.locator("table a", has_text="Look them over").click()
    plays(page, "#film")
    before = int(page.inner_text("#count"))
    page.keyboard.press("b")
    page.locator('.boxes-box[aria-pressed="true"]').focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowUp")
    area = page.locator("#layer").bounding_box()
    page.mouse.move(area["x"] + area["width"] * 0.05, area["y"] + area["height"] * 0.6)
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] * 0.25, area["y"] + area["height"] * 0.9, steps=4)
    page.mouse.up()
    assert int(page.inner_text("#count")) == before + 2
    found = faults(page, "boxes")
    picture(page, "export-boxes")
    page.click("#save")
    page.wait_for_selector("#said:not([hidden])")
    boxes = export().clips.get().boxes
    assert len(boxes) == before + 2
    assert boxes[-2]["width"] == pytest.approx(0.21)
    assert boxes[-2]["y"] == pytest.approx(0.39)
    assert boxes[-1]["width"] == pytest.approx(0.2, abs=0.02)
    page.locator(".exports-head a").click()
    deed(page, "mask").locator("button").click()
    page.wait_for_selector("#progress")
    waits_for(page, "masked")
    plays(page, ".export-film video")
    return found


def release(page: Page) -> tuple[str, list[str]]:
    """Released for two looks, with a package whose passphrase is shown once: gives it."""
    page.fill("#id_recipient", "112상황실 정 주임")
    page.fill("#id_views", "2")
    page.fill("#id_until", f"{timezone.localtime() + timedelta(days=1):{CLOCK}}")
    page.check("#id_may_download")
    found = faults(page, "masked")
    picture(page, "export-masked")
    page.locator('form[action$="/release/"] button').click()
    phrase = page.inner_text("#passphrase")
    found += faults(page, "released")
    picture(page, "export-released")
    page.goto(page.url.removesuffix("release/"))
    assert page.locator("#passphrase").count() == 0
    return phrase, found


def receive(page: Page, link, package: Path) -> tuple[str, list[str]]:
    """The recipient looks once, takes the package along once, and has no look left."""
    page.goto(f"/agency/{link.code}/exports/")
    found = faults(page, "agency list")
    page.locator("table a").click()
    found += faults(page, "agency")
    picture(page, "export-agency")
    page.locator('form[action$="/look/"] button').click()
    plays(page, ".agency-film")
    found += faults(page, "look")
    picture(page, "export-look")
    look = page.url
    page.goto(look.split("views/")[0])
    with page.expect_download() as taken:
        page.locator('form[action$="/package/"] button').click()
    taken.value.save_as(package)
    page.reload()
    assert page.locator('form[action$="/look/"] button').is_disabled()
    return look, found


def test_an_export_from_the_request_to_its_destruction_with_two_people(
    browse, city, recorded, tmp_path
):
    officer = make_member("haneul", city, Role.OPERATOR)
    resident = make_member("hangyeol", city, Role.POLICE)
    link = room_link("police112", municipality=city, push_url="").link
    room = User.objects.create_user("room112", password="pass", display_name="정 주임")
    AgencySeat.objects.create(municipality=city, agency=link.agency, user=room)
    officers, residents = browse(officer, "dark", "ko"), browse(resident, "light", "en")
    rooms, package = browse(room, "dark", "ko"), tmp_path / "package.zip"
    found = ask(officers, city, link, recorded)
    found += decide(residents, city)
    found += look_boxes_over(residents)
    phrase, faulty = release(residents)
    look, more = receive(rooms, link, package)
    found += faulty + more
    film = ExportFilm.objects.get(kind=FilmKind.MASKED)
    with pyzipper.AESZipFile(package) as archive:
        archive.setpassword(phrase.encode())
        inside = [name for name in archive.namelist() if name.endswith(".mp4")]
        assert hashlib.sha256(archive.read(inside[0])).hexdigest() == film.sha256
    watched = ViewRecord.objects.filter(viewer=room, purpose__contains=look.split("/")[-2])
    assert watched.first().bytes_sent > 0
    assert ProvisionEntry.objects.filter(export=export().reference).count() == 2

    # Its time is over: the clock ends it, the look that was open too.
    ExportRelease.objects.update(available_until=timezone.now() - timedelta(seconds=1))
    tasks.sweep_exports()
    assert export().state == "expired"
    assert rooms.request.get(look).status == 404
    rooms.reload()
    rooms.locator('form[action$="/confirm/"] button').click()
    rooms.wait_for_selector(".said-success")

    # The police officer destroys the films; the operator sees that it was done.
    residents.reload()
    deed(residents, "destroy").locator("input[name=reason]").fill("수사 종결")
    deed(residents, "destroy").locator("button").click()
    residents.wait_for_selector("h1 .export-destroyed")
    found += faults(residents, "destroyed")
    picture(residents, "export-destroyed")
    assert not ExportFilm.objects.exclude(sealed_key=None).exists()
    assert not list((vault.folder() / "films").glob("*"))
    officers.reload()
    officers.wait_for_selector("h1 .export-destroyed")
    done = Record.objects.filter(subject_kind="export").exclude(action="export.film_seen")
    assert [row.action.removeprefix("export.") for row in done.order_by("pk")] == [
        *("drafted", "letter", "submitted", "reviewed", "approved", "extracting", "extracted"),
        *("boxes", "masking", "masked", "released", "viewed", "downloaded", "expired"),
        *("copies_destroyed", "destroyed"),
    ]
    told = OutboxMessage.objects.filter(message_type="EXPORT").order_by("pk")
    assert [row.payload["state"] for row in told] == [
        *("SUBMITTED", "REVIEWED", "APPROVED", "RELEASED", "EXPIRED", "DESTROYED"),
    ]
    assert found == residents.wrongs == officers.wrongs == []
