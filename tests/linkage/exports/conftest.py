"""Two people, a link, a camera whose last minutes are really recorded, and a letter."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cctv.models import Camera
from controlroom.municipalities.choices import Role
from linkage.exports import films, releases, requests, work
from linkage.models import ExportRequest
from linkage.models_exports import FilmKind
from tests.cctv.builders import make_camera
from tests.cctv.recordings.builders import record
from tests.conftest import make_member

LETTER = b"%PDF-1.7 official letter 2026-112"
BASIS = "PIPA-18-2-7"
# Longer than a chunk of the vault.
FILM = bytes(range(256)) * 5000


@pytest.fixture(autouse=True)
def own_folders(settings, tmp_path):
    settings.STATE_DIR = tmp_path / "state"
    settings.RECORDINGS_DIR = tmp_path / "recordings"
    settings.RECORDINGS_LEAVE_FREE = 0


@pytest.fixture
def camera(city) -> Camera:
    return make_camera(city, name="한빛초 정문")


@pytest.fixture
def resident(city):
    """The resident police officer."""
    return make_member("hangyeol", city, Role.POLICE)


@pytest.fixture
def recorded(camera):
    """Give from when on there is a recording of two seconds."""
    since = timezone.now().replace(microsecond=0) - timedelta(minutes=5)
    record(camera, since, seconds=2)
    return since


@pytest.fixture
def ask(link, camera, recorded):
    """Write a request down as this person, with these changes."""

    def draft(by=None, **changes) -> ExportRequest:
        said = {
            "since": recorded,
            "until": recorded + timedelta(seconds=2),
            "cameras": [camera.pk],
            "purpose": "중앙로 폭행 사건 수사",
            "basis": BASIS,
            "case_number": "20261122-000001",
        }
        return requests.draft(link=link, by=by, **{**said, **changes})

    return draft


def submitted(export: ExportRequest, by=None) -> ExportRequest:
    requests.attach_letter(export=export, number="수사과-112", name="a.pdf", body=LETTER, by=by)
    return requests.submit(export=export, by=by)


def approved(export: ExportRequest, resident, by=None) -> ExportRequest:
    submitted(export, by)
    requests.review(export=export, by=resident)
    return requests.approve(export=export, by=resident)


def worked(export: ExportRequest) -> ExportRequest:
    """Let a machine do what waits for one."""
    assert work.work(export_id=export.pk)
    export.refresh_from_db()
    return export


def masked(export: ExportRequest, resident, tmp_path, by=None) -> ExportRequest:
    """Bring a request to where a machine has masked its films, with a film that is none.

    Looking through a film takes seconds; test_work.py lets the machine really do it.
    """
    approved(export, resident, by)
    source = tmp_path / f"{export.pk}.mp4"
    source.write_bytes(FILM)
    for clip in export.clips.all():
        films.keep(clip=clip, kind=FilmKind.MASKED, source=source, length_s=2.0)
    export.clips.update(found=[], boxes=[], began_at=export.since, ended_at=export.until)
    ExportRequest.objects.filter(pk=export.pk).update(state="masked")
    export.refresh_from_db()
    return export


@pytest.fixture
def release(ask, resident, tmp_path):
    """Release a masked request to the agency: release(views=2)."""

    def released(*, views=2, **more):
        export = masked(ask(), resident, tmp_path)
        until = timezone.now() + timedelta(days=1)
        said = {"recipient": "112 정 주임", "views": views, "until": until} | more
        made, phrase = releases.release(export=export, by=resident, **said)
        export.refresh_from_db()
        return export, made, phrase

    return released
