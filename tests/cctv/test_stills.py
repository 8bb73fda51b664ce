"""A still out of a running relay: on record first, marked, refused when there is no picture."""

import os
import signal
import subprocess
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from cctv import relay, stills, streams
from cctv.choices import SourceKind
from cctv.errors import PictureMissing, TicketRefused
from cctv.models import Camera
from cctv.relay_watch import StreamState
from cctv.sources import set_source
from controlroom.audit.models import Record
from controlroom.errors import NotAllowed
from incidents.models import Kind
from tests.cctv.builders import make_camera
from tests.cctv.rtsp_camera import rtsp_camera
from tests.incidents.conftest import make_incident
from tests.live.conftest import until

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_relays(settings, tmp_path):
    settings.STATE_DIR = tmp_path / "state"
    yield
    streams.stop_all()


@pytest.fixture
def camera(city) -> Camera:
    return make_camera(city, name="한빛초 정문")


@pytest.fixture
def kind(db) -> Kind:
    return Kind.objects.create(service="police112", code="robbery", name_ko="강도")


@pytest.fixture
def incident(city, kind):
    return make_incident(city, kind)


def taken(camera, incident, by, **more) -> stills.Picture:
    return stills.take(camera=camera, by=by, incident_id=incident.pk, **more)


def foot_of(jpeg: bytes) -> bytes:
    """Decode the foot of the picture, where the mark stands, as grey values."""
    crop = "crop=w=iw/3:h=ih/8:x=0:y=ih-ih/8,format=gray"
    reading = ["-loglevel", "error", "-f", "image2pipe", "-i", "pipe:0", "-vf", crop]
    done = subprocess.run(
        [relay.ffmpeg(), *reading, "-f", "rawvideo", "pipe:1"],
        input=jpeg, capture_output=True, check=True,
    )  # fmt: skip
    return done.stdout


def test_a_still_is_a_picture_of_now_with_its_mark(camera, incident, haneul):
    picture = taken(camera, incident, haneul)
    assert picture.jpeg.startswith(b"\xff\xd8")
    assert (picture.width, picture.height) == (640, 360)
    assert timedelta(seconds=-2) < timezone.now() - picture.taken_at < timedelta(seconds=6)
    foot = foot_of(picture.jpeg)
    # White letters on a darkened ground; the street alone has no such white.
    assert sum(value > 225 for value in foot) > len(foot) / 100
    assert sum(value < 90 for value in foot) > len(foot) / 3


def test_the_mark_names_city_camera_time_and_who(camera, incident, haneul, monkeypatch):
    said = []
    decode = stills.decode
    monkeypatch.setattr(
        stills, "decode", lambda piece, lines: said.append(lines) or decode(piece, lines)
    )
    picture = taken(camera, incident, haneul, mark="DRILL 훈련")
    first, second = said[0]
    assert first == "한빛시 · 한빛초 정문 · DRILL 훈련"
    local = timezone.localtime(picture.taken_at)
    assert second == f"{local:%Y-%m-%d %H:%M:%S}+09:00 KST · haneul"


def test_the_record_is_there_before_the_relay_is_asked(camera, incident, haneul, monkeypatch):
    seen = []
    want = streams.want

    def watched(*args):
        seen.append(Record.objects.filter(action="video.still", actor=haneul).count())
        want(*args)

    monkeypatch.setattr(streams, "want", watched)
    taken(camera, incident, haneul)
    assert set(seen) == {1}
    assert Record.objects.get(action="video.still").detail == {"incident": str(incident.pk)}


def test_no_record_no_picture(camera, incident, haneul):
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the record is full'; END $$;"
            "CREATE TRIGGER refuse BEFORE INSERT ON audit_record "
            "FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse()"
        )
    with pytest.raises(Exception, match="the record is full"):
        taken(camera, incident, haneul)
    assert streams._relays == {}


def test_who_may_not_watch_takes_no_still(camera, incident, bada, stranger):
    for person in (bada, stranger):
        with pytest.raises(NotAllowed):
            taken(camera, incident, person)
    assert not Record.objects.filter(action="video.still").exists()


def test_an_incident_of_another_city_opens_no_camera_here(camera, other_city, kind, haneul):
    with pytest.raises(TicketRefused):
        taken(camera, make_incident(other_city, kind), haneul)
    assert streams._relays == {}


def test_a_camera_without_a_source_has_no_still(camera, incident, haneul):
    Camera.objects.update(source_kind=SourceKind.NONE)
    camera.refresh_from_db()
    with pytest.raises(Exception) as refusal:
        taken(camera, incident, haneul)
    assert refusal.value.code == "camera_not_connected"


def test_a_picture_that_stands_still_is_refused(camera, incident, haneul):
    taken(camera, incident, haneul)
    process = streams._relays[streams.Channel(camera.pk)].process
    os.kill(process.pid, signal.SIGSTOP)
    until(lambda: streams.seen(camera.pk).state == StreamState.FROZEN, within_s=6)
    with pytest.raises(PictureMissing):
        taken(camera, incident, haneul)


@pytest.mark.live
def test_a_network_camera_gives_a_still_of_its_own_size(
    camera, incident, haneul, settings, tmp_path, monkeypatch
):
    # The relay's thread reads nothing of this test's transaction; the machine may be slow.
    monkeypatch.setattr(streams, "_loader", lambda _camera_id, first: lambda: first)
    monkeypatch.setattr(stills, "FIRST_PICTURE_S", 60.0)
    settings.CAMERA_NETWORKS = ["127.0.0.0/8"]
    with rtsp_camera(tmp_path, user="root", password="geheim4711") as source:
        camera = set_source(camera, source.url)
        picture = taken(camera, incident, haneul)
        streams.stop_all()
    assert (picture.width, picture.height) == (320, 180)
    assert timedelta(seconds=-2) < timezone.now() - picture.taken_at < timedelta(seconds=20)
    assert b"geheim4711" not in picture.jpeg


def test_a_camera_that_is_not_there_is_said_at_once(
    camera, incident, haneul, settings, monkeypatch
):
    monkeypatch.setattr(streams, "_loader", lambda _camera_id, first: lambda: first)
    monkeypatch.setattr(stills, "FIRST_PICTURE_S", 60.0)
    settings.CAMERA_NETWORKS = ["127.0.0.0/8"]
    began = time.monotonic()
    with pytest.raises(PictureMissing) as refusal:
        taken(set_source(camera, "rtsp://127.0.0.1:9/"), incident, haneul)
    assert refusal.value.fields == {"camera": ["refused"]}
    assert time.monotonic() - began < 30


def test_what_is_no_picture_is_refused_and_not_guessed(settings):
    with pytest.raises(PictureMissing):
        stills.decode(b"\x00\x00\x00\x18ftypiso5 nothing more", ("a", "b"))


def test_a_decoder_that_hangs_is_given_up(settings, tmp_path, monkeypatch):
    deaf = tmp_path / "deaf"
    deaf.write_text("#!/bin/sh\nexec sleep 60\n")
    deaf.chmod(0o755)
    settings.FFMPEG = str(deaf)
    monkeypatch.setattr(stills, "DECODE_S", 0.2)
    with pytest.raises(PictureMissing, match=r"time|시간"):
        stills.decode(b"x", ("a", "b"))
