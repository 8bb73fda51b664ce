"""Looking at real sources: what a probe sees, who gives way to whom, and what is asked once."""

import socket
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from cctv import host_check, prober, probing, sources, stills, streams
from cctv.choices import Health, SourceKind
from cctv.models import Camera, CameraCondition, CameraHost
from cctv.picture_judgement import Reference, Verdict, judge
from cctv.prober import Prober
from cctv.relay_watch import StreamState
from cctv.sources import Source
from controlroom.journal.models import Entry
from tests.cctv.builders import make_camera
from tests.cctv.rtsp_camera import rtsp_camera

NOON = 13


@pytest.fixture(autouse=True)
def own_relays(settings, tmp_path):
    settings.STATE_DIR = tmp_path / "state"
    settings.CAMERA_NETWORKS = ["127.0.0.0/8"]
    yield
    streams.stop_all()


def networked(url):
    return Source(kind=SourceKind.STREAM, name="x", address=sources.check(url))


def test_a_probe_sees_a_living_picture_and_its_size(tmp_path):
    with rtsp_camera(tmp_path, user="root", password="geheim4711") as camera:
        look = probing.of_source(networked(camera.url)).look
        assert (look.width, look.height) == (320, 180)
        assert judge(look.measures, Reference(), NOON) == Verdict.GOOD, look.measures


def test_a_probe_sees_that_a_picture_stands_still(tmp_path):
    with rtsp_camera(tmp_path, picture="smptehdbars") as camera:
        look = probing.of_source(networked(camera.url)).look
        assert judge(look.measures, Reference(), NOON) == Verdict.FROZEN, look.measures


def test_a_probe_names_why_there_is_no_picture_and_never_where(tmp_path, caplog):
    with rtsp_camera(tmp_path, user="root", password="right") as camera:
        seen = probing.of_source(networked(camera.url.replace("right", "falsch4711")))
    look = seen.look
    assert seen.poster is None
    assert (look.measures, look.reason) == (None, "unauthorized")
    assert "falsch4711" not in caplog.text + repr(seen)


def test_the_hosts_clock_is_read_from_its_answer():
    with socket.create_server(("127.0.0.1", 0)) as server:
        answered = _answering(
            server, b"RTSP/1.0 200 OK\r\nDate: Sat, 28 Nov 2020 00:00:00 GMT\r\n\r\n"
        )
        seen = host_check.ask(
            networked(f"rtsp://127.0.0.1:{server.getsockname()[1]}/").address, "127.0.0.1"
        )
        assert answered.result(5).startswith(b"OPTIONS rtsp://127.0.0.1")
    assert seen.is_there
    assert seen.clock_source == "rtsp_date"
    assert seen.skew_ms < -365 * 86_400_000
    gone = host_check.ask(networked("rtsp://127.0.0.1:9/").address, "127.0.0.1")
    assert (gone.is_there, gone.reason) == (False, "refused")


def _answering(server, answer):
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    def serve():
        line, _ = server.accept()
        with line:
            heard = line.recv(1000)
            line.sendall(answer)
        return heard

    pool = ThreadPoolExecutor(1)
    future = pool.submit(serve)
    pool.shutdown(wait=False)
    return future


def connected(city, url, number=1):
    made = [make_camera(city, health=Health.UNKNOWN) for _ in range(number)]
    for camera in made:
        sources.set_source(camera, url)
        CameraCondition.objects.update_or_create(
            camera=camera,
            defaults={
                "municipality": city,
                "next_probe_at": timezone.now() - timedelta(seconds=1),
                "host_key": probing.host_key(networked(url)),
            },
        )
    return made


@pytest.fixture
def looking(transactional_db):
    made = []

    def make():
        made.append(Prober())
        return made[-1]

    yield make
    for one in made:
        one.close()
    connections.close_all()


def test_cameras_of_one_host_are_probed_one_after_another_within_the_budget(
    city, looking, tmp_path, settings
):
    settings.PROBE_LIMIT, settings.PROBE_TURN_S = 2, 1_000_000
    with (
        rtsp_camera(tmp_path) as one,
        rtsp_camera(tmp_path) as other,
        rtsp_camera(tmp_path) as last,
    ):
        cameras = (
            connected(city, one.url, 2) + connected(city, other.url) + connected(city, last.url)
        )
        look = looking()
        assert look.round() == 4
        assert look.wait(60)
    assert look.probed == 4
    assert look.most_at_once <= 2
    ids = [camera.pk for camera in cameras]
    assert set(Camera.objects.filter(pk__in=ids).values_list("health", flat=True)) == {"online"}
    assert look.round() == 0, "each was given its next turn"


def test_nothing_is_probed_while_a_relay_begins_or_the_purse_is_empty(city, looking, monkeypatch):
    connected(city, "rtsp://127.0.0.1:9/")
    look = looking()
    monkeypatch.setattr(streams, "running", lambda: {99: StreamState.STARTING})
    assert look.round() == 0
    monkeypatch.setattr(streams, "running", dict)
    look.purse.spend(100)
    assert look.round() == 0
    look.purse.has = 1.0
    assert look.round() == 1


def test_a_recorder_that_is_gone_is_asked_once_and_told_once(city, looking, settings):
    cameras = connected(city, "rtsp://127.0.0.1:9/", 12)
    look = looking()
    for _ in range(2):
        CameraCondition.objects.update(next_probe_at=timezone.now() - timedelta(seconds=1))
        look.round()
        assert look.wait(30)
        CameraHost.objects.update(since=timezone.now() - timedelta(seconds=6))
    assert look.probed == 0, "no camera of it is opened"
    assert Camera.objects.filter(health=Health.OFFLINE).count() == len(cameras)
    assert Entry.objects.filter(kind="camera.host").count() == 1
    CameraCondition.objects.update(next_probe_at=timezone.now() - timedelta(seconds=1))
    assert len(prober.take_due(50)) == 1, "one of them asks for all"


def test_a_watched_camera_is_judged_by_its_relay_and_not_probed(city, looking, tmp_path):
    (camera,) = connected(city, "rtsp://127.0.0.1:9/")
    streams.want(camera.pk, Source(kind=SourceKind.SYNTHETIC, name="x", seed=4))
    while streams.seen(camera.pk).state != StreamState.LIVE or not streams.newest(camera.pk):
        streams.want(camera.pk)
    seen = probing.of_relay(camera.pk)
    look = seen.look
    assert (look.width, look.height) == (640, 360)
    assert look.measures.change is None, "frames of one piece say nothing of standing still"
    assert stills.size_of(seen.poster.jpeg) == (640, 360)
    streams.retire(camera.pk)
    assert probing.of_relay(camera.pk).poster is None, "it may be of the source before"
    assert prober.take_due(10, besides=streams.running()) == []
