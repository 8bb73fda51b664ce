"""What is believed of cameras, and how the journal hears of it: together, and a host as one."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from cctv import health, health_facts
from cctv.choices import Health, HostState, SourceKind
from cctv.health import Look
from cctv.models import Camera, CameraCondition, CameraHost, CameraInterval
from cctv.picture_judgement import Measures
from controlroom.journal.models import Entry
from tests.cctv.builders import away, make_camera, make_site

pytestmark = pytest.mark.django_db

GOOD = Look(measures=Measures(150, 0.8, 1.0, 3.0, 4.0), width=1280, height=720)
COVERED = Look(measures=Measures(90, 0.01, None, 3.0, 4.0))
GONE = Look(reason="unauthorized")


def look(camera, seen, at):
    return health.note_look(camera_id=camera.pk, look=seen, at=at)


def facts(kind="camera.health"):
    return list(Entry.objects.filter(kind=kind).order_by("number"))


def test_a_covered_camera_is_believed_after_three_looks_and_good_again_after_two(city):
    camera = make_camera(city, health=Health.ONLINE)
    now = timezone.now()
    for number in range(2):
        assert look(camera, COVERED, now + timedelta(seconds=15 * number)) == "covered"
    look(camera, COVERED, now + timedelta(seconds=30))
    camera.refresh_from_db()
    assert (camera.health, camera.health_at) == (Health.COVERED, now)
    look(camera, GOOD, now + timedelta(seconds=60))
    camera.refresh_from_db()
    assert camera.health == Health.COVERED
    look(camera, GOOD, now + timedelta(seconds=75))
    camera.refresh_from_db()
    assert camera.health == Health.ONLINE
    assert (camera.condition.width, camera.condition.height) == (1280, 720)
    ends = CameraInterval.objects.filter(camera=camera).order_by("began_at")
    assert [(one.state, one.ended_at is None) for one in ends] == [
        ("covered", False),
        ("online", True),
    ]


def test_only_what_is_well_teaches_what_is_usual(city):
    camera = make_camera(city)
    now = timezone.now()
    look(camera, GOOD, now)
    learned = CameraCondition.objects.get(pk=camera.pk).reference
    look(camera, COVERED, now + timedelta(seconds=15))
    assert CameraCondition.objects.get(pk=camera.pk).reference == learned != {}


def test_a_relay_that_plays_does_not_uncover_a_camera(city):
    camera = make_camera(city, health=Health.COVERED)
    health.observe(camera_id=camera.pk, health=Health.ONLINE)
    camera.refresh_from_db()
    assert camera.health == Health.COVERED
    health.observe(camera_id=camera.pk, health=Health.OFFLINE, reason="timeout")
    camera.refresh_from_db()
    assert (camera.health, camera.condition.reason) == (Health.OFFLINE, "timeout")
    assert health.observe(camera_id=camera.pk, health=Health.ONLINE) is True


def test_a_good_picture_does_not_end_what_a_camera_reports_but_a_worse_one_stands_before_it(city):
    camera = make_camera(city, health=Health.UNKNOWN)
    now = timezone.now()
    look(camera, GOOD, now)
    learned = CameraCondition.objects.get(pk=camera.pk).reference
    assert health.note_tampering(camera_id=camera.pk, since=now) is True
    assert health.note_tampering(camera_id=camera.pk, since=now) is False
    assert look(camera, GOOD, now + timedelta(seconds=15)) == ""
    health.observe(camera_id=camera.pk, health=Health.ONLINE)
    camera.refresh_from_db()
    assert (camera.health, camera.health_at) == (Health.TAMPERED, now)
    assert camera.condition.reason == ""
    assert camera.condition.reference == learned, "it may have been turned away"
    for number in range(3):
        look(camera, COVERED, now + timedelta(seconds=30 + 15 * number))
    camera.refresh_from_db()
    assert (camera.health, camera.condition.reason) == (Health.COVERED, "tampering")
    for number in range(2):
        look(camera, GOOD, now + timedelta(seconds=90 + 15 * number))
    camera.refresh_from_db()
    assert camera.health == Health.TAMPERED
    health_facts.tell()
    (told,) = facts()[-1].data["cameras"]
    assert (told["health"], told["reason"]) == ("tampered", "")
    health.note_tampering(camera_id=camera.pk, since=None)
    camera.refresh_from_db()
    assert (camera.health, camera.condition.reason) == (Health.ONLINE, "")


def test_many_changes_of_a_moment_are_few_facts_and_told_once(city):
    site = make_site(city, away())
    cameras = [make_camera(city, site=site, health=Health.ONLINE) for _ in range(250)]
    for camera in cameras:
        health.observe(camera_id=camera.pk, health=Health.OFFLINE, reason="refused")
    assert facts() == []
    assert health_facts.tell() == 250
    told = facts()
    assert [len(fact.data["cameras"]) for fact in told] == [100, 100, 50]
    assert told[0].data["cameras"][0]["reason"] == "refused"
    assert told[0].data["sites"] == [[site.pk, 3]]
    assert health_facts.tell() == 0
    health.observe(camera_id=cameras[0].pk, health=Health.OFFLINE, reason="refused")
    assert health_facts.tell() == 0


def behind(city, key, number, **fields):
    fields = {"health": Health.ONLINE, "source_kind": SourceKind.STREAM, **fields}
    cameras = [make_camera(city, **fields) for _ in range(number)]
    for camera in cameras:
        CameraCondition.objects.create(camera=camera, municipality=city, host_key=key)
        CameraInterval.objects.create(
            camera=camera, municipality=city, state=camera.health, began_at=timezone.now()
        )
    return cameras


def test_a_recorder_that_is_gone_takes_its_cameras_down_as_one_fact(city):
    behind(city, "recorder", 40)
    other = behind(city, "another", 1)[0]
    note = {"municipality_id": city.pk, "key": "recorder"}
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert health.note_host(**note, is_there=False, reason="refused") is False
        clock.shift(15)
        assert health.note_host(**note, is_there=False, reason="refused") is True
        assert health.note_host(**note, is_there=False, reason="refused") is False
        down = Camera.objects.filter(health=Health.OFFLINE, condition__reason=health.HOST_DOWN)
        assert down.count() == 40
        assert health_facts.tell() == 0
        (fact,) = facts("camera.host")
        assert (fact.data["cameras"], fact.data["state"]) == (40, "down")
        assert len(fact.data["sites"]) == 40
        other.refresh_from_db()
        assert other.health == Health.ONLINE
        clock.shift(60)
        assert health.note_host(**note, is_there=True) is True
    assert CameraHost.objects.get().state == HostState.UP
    assert Camera.objects.filter(health=Health.UNKNOWN).count() == 40
    assert CameraInterval.objects.filter(ended_at=None, state="unknown").count() == 40
    assert len(facts("camera.host")) == 2


def test_a_wrong_clock_is_marked_after_two_readings_and_right_again_after_two(city):
    camera = make_camera(city)

    def read(skew_ms):
        return health.note_clock(camera_id=camera.pk, skew_ms=skew_ms, source="rtsp_date")

    assert [read(4_900), read(5_100), read(70_000)] == [False, False, True]
    health_facts.tell()
    told = facts()[-1].data["cameras"][0]
    assert (told["clock_wrong"], told["clock_skew_ms"]) == (True, 70_000)
    assert [read(4_000), read(900), read(-900)] == [False, False, True]


def test_another_source_is_another_picture(city):
    camera = make_camera(city, source_kind=SourceKind.STREAM)
    look(camera, GOOD, timezone.now())
    health.begin_anew(camera_id=camera.pk)
    condition = CameraCondition.objects.select_related("camera").get(pk=camera.pk)
    assert (condition.reference, condition.camera.health) == ({}, Health.UNKNOWN)
    assert condition.next_probe_at is not None
