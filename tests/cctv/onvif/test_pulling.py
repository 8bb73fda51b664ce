"""What cameras report: news is kept once, subscriptions never leak, failures wait longer."""

import threading
import time

import pytest
from django.db.models import F
from django.utils import timezone

from cctv import health
from cctv.choices import Health, PullState
from cctv.models import Camera, CameraCondition, CameraEvent, OnvifDevice
from cctv.onvif import pulling
from cctv.onvif.pulling import Listener, Listeners
from controlroom.journal.models import Entry


def until(condition, *, within_s=15.0):
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def message(kind="VideoSource/GlobalSceneChange/AnalyticsService", *, value="true", **said):
    return {
        "topic": f"tns1:{kind}",
        "utc_time": "2026-03-01T03:04:05Z",
        "source": {"Source": "v"},
        "data": {"State": value},
        **said,
    }


@pytest.mark.django_db
def test_only_changes_are_kept_and_tampering_is_told_to_the_desk(
    device, django_capture_on_commit_callbacks
):
    OnvifDevice.objects.update(clock_offset_s=60)
    device.refresh_from_db()
    with django_capture_on_commit_callbacks(execute=True):
        for value in ("false", "true", "true", "false"):
            pulling.take_in(device, message(value=value))
        pulling.take_in(device, message("UserAlarm/Coffee"))
        pulling.take_in(device, message("VideoSource/MotionAlarm"))
    kept = CameraEvent.objects.order_by("pk")
    assert [(one.kind, one.is_on) for one in kept] == [
        ("tamper", True),
        ("tamper", False),
        ("motion", True),
    ]
    assert kept[0].at.isoformat() == "2026-03-01T03:03:05+00:00"
    told = Entry.objects.filter(kind="camera.event")
    assert [one.data["event"]["is_on"] for one in told] == [True, False]


@pytest.mark.django_db
def test_a_camera_is_tampered_with_until_all_its_parts_say_that_it_is_over(device):
    def state():
        camera = Camera.objects.select_related("condition").get(pk=device.camera_id)
        return camera.health, camera.condition.reason

    Camera.objects.filter(pk=device.camera_id).update(health=Health.ONLINE)
    pulling.take_in(device, message())
    pulling.take_in(device, message("RuleEngine/TamperDetector/Tamper", source={"Rule": "2"}))
    assert state() == (Health.TAMPERED, "")
    pulling.take_in(device, message(value="false"))
    assert state()[0] == Health.TAMPERED
    pulling.take_in(
        device, message("RuleEngine/TamperDetector/Tamper", source={"Rule": "2"}, value="false")
    )
    assert state() == (Health.UNKNOWN, "")


@pytest.mark.django_db
def test_what_a_person_reviewed_does_not_come_back_by_another_parts_word(device):
    def tampered_since():
        return CameraCondition.objects.get(camera=device.camera_id).tampered_since

    other = {"kind": "RuleEngine/TamperDetector/Tamper", "source": {"Rule": "2"}}
    pulling.take_in(device, message())
    # The first part never says that it is over; somebody went there.
    health.note_tampering(camera_id=device.camera_id, since=None)
    began = timezone.now()
    pulling.take_in(device, message(**other))
    assert tampered_since() >= began
    pulling.take_in(device, message(**other, value="false"))
    assert tampered_since() is None


@pytest.mark.django_db
def test_events_are_forgotten_after_their_time_unless_they_go_on(device):
    for value in ("true", "false", "true"):
        pulling.take_in(device, message(value=value))
        # Each a while after the one before.
        CameraEvent.objects.update(seen_at=F("seen_at") - pulling.KEEP)
    assert pulling.forget_old() == 2
    assert pulling.take_in(device, message(value="false")) is not None
    CameraEvent.objects.update(seen_at=F("seen_at") - pulling.KEEP)
    assert pulling.forget_old() == 2


@pytest.mark.django_db(transaction=True)
def test_a_listener_keeps_one_subscription_and_gives_it_back(device, sim, monkeypatch):
    # Hundreds of pulls and dozens of renewals in place of hours.
    monkeypatch.setattr(pulling, "WAIT_S", 0.0)
    monkeypatch.setattr(pulling, "LASTING_S", 1)
    OnvifDevice.objects.update(pulls_events=True)
    listeners = Listeners()
    listeners.match()
    until(lambda: sim.camera.requests.count("PullMessages") > 60)
    until(lambda: sim.camera.requests.count("Renew") > 2)
    sim.camera.happen("tamper", state=True)
    until(CameraEvent.objects.filter(kind="tamper", is_on=True).exists)
    assert (sim.camera.subscribed, len(sim.camera.subscriptions)) == (1, 1)
    assert OnvifDevice.objects.get().pull_state == PullState.LISTENING
    OnvifDevice.objects.update(pulls_events=False)
    (running,) = listeners.running.values()
    listeners.match()
    running.join(10)
    assert not running.is_alive()
    assert len(sim.camera.subscriptions) == 0
    assert OnvifDevice.objects.get().pull_state == PullState.OFF


@pytest.mark.django_db(transaction=True)
def test_a_camera_that_forgets_is_subscribed_to_again_after_a_wait(device, sim, monkeypatch):
    monkeypatch.setattr(pulling, "WAIT_S", 0.0)
    listener = Listener(device.pk, again_s=0.05)
    listener.start()
    try:
        until(lambda: "PullMessages" in sim.camera.requests)
        sim.camera.faults.forgets_subscriptions = True
        until(lambda: sim.camera.subscribed > 1)
        assert OnvifDevice.objects.get().pull_state == PullState.WAITING
        sim.camera.faults.forgets_subscriptions = False
        until(lambda: OnvifDevice.objects.get().pull_state == PullState.LISTENING)
    finally:
        listener.stop()
        listener.join(10)
    assert not listener.is_alive()


@pytest.mark.django_db(transaction=True)
def test_waits_double_up_to_the_longest(device, sim, monkeypatch):
    sim.camera.faults.unauthorized = True
    waits = []

    class Counted(threading.Event):
        def wait(self, timeout=None):
            waits.append(timeout)
            if len(waits) == 9:
                self.set()
            return self.is_set()

    listener = Listener(device.pk)
    listener.stopping = Counted()
    listener.start()
    listener.join(20)
    shortest = [0.8 * min(pulling.LAST_AGAIN_S, 2 * 2**step) for step in range(9)]
    assert all(low <= wait <= 1.5 * low + 0.1 for low, wait in zip(shortest, waits, strict=True))
    assert sim.camera.subscribed == 0


@pytest.mark.django_db
def test_no_more_cameras_are_listened_to_than_allowed(device, settings):
    OnvifDevice.objects.update(pulls_events=True)
    settings.EVENT_PULL_LIMIT = 0
    listeners = Listeners()
    listeners.match()
    assert listeners.running == {}
