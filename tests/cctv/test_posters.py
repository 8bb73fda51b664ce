"""The small picture of before: sealed, of one source and moment, soon gone, and shown on record."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from cctv import passes, posters, sources, streams, tickets, view_checks, view_ends
from cctv.models import Camera, ViewRecord
from cctv.passes import Caller
from cctv.posters import Poster
from cctv.prober import Prober
from cctv.stills import size_of
from cctv.upkeep import retire_site
from controlroom.audit.models import Record
from tests.cctv.builders import make_camera
from tests.cctv.rtsp_camera import rtsp_camera
from tests.cctv.test_prober import connected
from tests.cctv.test_video_api import ask, get

JPEG = b"\xff\xd8 what the camera saw \xff\xd9"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.STATE_DIR = tmp_path / "state"
    settings.CAMERA_NETWORKS = ["127.0.0.0/8"]
    passes._passes.clear()
    yield
    passes._passes.clear()
    streams.stop_all()


@pytest.fixture
def camera(city) -> Camera:
    return make_camera(city, name="한빛초 정문")


def seen_by(camera, *, ago_s=3.0, jpeg=JPEG) -> Poster:
    """Let the camera have been looked at so long ago."""
    at = timezone.now() - timedelta(seconds=ago_s)
    poster = Poster(jpeg, at.replace(microsecond=at.microsecond // 1000 * 1000))
    posters.keep(camera_id=camera.pk, mark=posters.mark_of(camera), poster=poster)
    return poster


def files() -> list[str]:
    return sorted(path.name for path in posters.folder().iterdir())


@pytest.mark.django_db(transaction=True)
def test_the_look_that_is_taken_anyway_gives_the_picture(city, tmp_path):
    with rtsp_camera(tmp_path) as source:
        (camera,) = connected(city, source.url)
        looks = Prober()
        began = timezone.now()
        try:
            looks.round()
            assert looks.wait(30)
        finally:
            looks.close()
            connections.close_all()
        assert sum(request.startswith("PLAY") for request in source.requests) == 1
    poster = posters.newest(Camera.objects.select_related("site").get(pk=camera.pk))
    assert size_of(poster.jpeg) == (320, 180), "never larger than it came"
    assert began < poster.taken_at < timezone.now()


def test_nothing_of_it_is_readable_on_the_disk(camera):
    seen_by(camera)
    (path,) = posters.folder().iterdir()
    assert JPEG not in path.read_bytes()
    assert (path.stat().st_mode & 0o777, posters.folder().stat().st_mode & 0o777) == (0o600, 0o700)
    assert not posters.folder().is_relative_to(streams.root())


def test_there_is_one_a_camera_and_the_newest(camera):
    seen_by(camera, ago_s=9, jpeg=b"older")
    newest = seen_by(camera, ago_s=3)
    seen_by(camera, ago_s=6, jpeg=b"late")
    assert posters.newest(camera).jpeg == newest.jpeg
    assert files() == [str(camera.pk)]


def changed_source(camera, _settings):
    sources.set_source(camera, "rtsp://127.0.0.1:9/other")


def left_the_register(camera, _settings):
    retire_site(site=camera.site, by=None)


def became_old(camera, settings):
    settings.POSTER_KEEP_S = 2


def were_switched_off(camera, settings):
    settings.POSTER_KEEP_S = 0


@pytest.mark.parametrize(
    "happens", [changed_source, left_the_register, became_old, were_switched_off]
)
def test_it_is_not_shown_any_more_and_goes(
    camera, settings, happens, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr("cctv.upkeep._record", lambda *_: None)
    seen_by(camera)
    assert posters.newest(camera)
    with django_capture_on_commit_callbacks() as after:
        happens(camera, settings)
    # Even before anything was removed.
    assert posters.newest(Camera.objects.select_related("site").get(pk=camera.pk)) is None
    for callback in after:
        callback()
    posters.sweep()
    assert files() == []


def test_it_stays_while_it_is_young(camera):
    seen_by(camera)
    assert (posters.sweep(), files()) == (0, [str(camera.pk)])


def test_the_picture_of_another_camera_is_not_shown(camera, city):
    seen_by(camera)
    other = make_camera(city, 10)
    shutil.copy(posters.folder() / str(camera.pk), posters.folder() / str(other.pk))
    assert posters.newest(other) is None


# --- by a ticket -----------------------------------------------------------------------------
def test_it_comes_by_the_ticket_with_its_age_and_on_record(client, camera, haneul):
    poster = seen_by(camera, ago_s=180)
    client.force_login(haneul)
    issued = ask(client, camera).json()
    answer = get(client, issued["poster"], issued["ticket"])
    assert (answer.status_code, answer.content) == (200, JPEG)
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("image/jpeg", "no-store")
    assert answer["X-Taken-At"] == poster.taken_at.isoformat()
    assert 180 <= int(answer["X-Age-S"]) < 240
    view = ViewRecord.objects.get()
    assert (view.viewer, view.poster_taken_at) == (haneul, poster.taken_at)
    assert view.poster_sent_at > poster.taken_at
    assert (view.first_byte_at, view.sent_until) == (None, None), "no second of video left"
    assert Record.objects.get(action="video.poster", actor=haneul).detail["view"] == view.pk
    assert get(client, issued["poster"], issued["ticket"]).status_code == 204, "once a view"


def test_without_one_the_player_goes_on_without(client, camera, haneul):
    client.force_login(haneul)
    issued = ask(client, camera).json()
    answer = get(client, issued["poster"], issued["ticket"])
    assert (answer.status_code, answer.content) == (204, b"")
    assert not ViewRecord.objects.exists(), "nothing was shown"


def test_what_may_not_be_watched_is_not_shown(client, camera, haneul):
    seen_by(camera)
    client.force_login(haneul)
    issued = ask(client, camera).json()
    for ticket in (None, "x" * 43):
        assert get(client, issued["poster"], ticket).status_code == 403
    view_ends.end_views(viewer_id=haneul.pk, reason="revoked")
    answer = get(client, issued["poster"], issued["ticket"])
    assert (answer.status_code, answer.json()["code"]) == (403, "view_ended")
    assert not ViewRecord.objects.exists()


@pytest.mark.parametrize("table", ["cctv_viewrecord", "audit_record"])
def test_no_record_no_picture(client, camera, haneul, table):
    seen_by(camera)
    client.force_login(haneul)
    issued = ask(client, camera).json()
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$;"
            f"CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse()"
        )
    client.raise_request_exception = False
    answer = get(client, issued["poster"], issued["ticket"])
    assert answer.status_code == 500
    assert JPEG not in answer.content


@pytest.mark.django_db(transaction=True)
def test_play_list_and_poster_asked_for_at_once_are_one_view(camera, haneul):
    seen_by(camera)
    here = Caller("session", None)
    token = tickets.issue(
        camera=camera, viewer=haneul, caller=here, incident_id=None, purpose="시험"
    ).token
    asked = {"token": token, "camera_id": camera.pk, "caller": here, "viewer": haneul}

    def poster():
        try:
            return posters.show(**asked)
        finally:
            connections.close_all()

    def number(query) -> int:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchone()[0]

    waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            view_checks.admit(**asked, opening=True, sending=False)
            shown = other.submit(poster)
            while not number(waits):
                assert not shown.done()
        assert shown.result(10)
    assert ViewRecord.objects.get().ticket.view.poster_sent_at
