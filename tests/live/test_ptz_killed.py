"""A process that is killed while it moves a camera: another stops it and brings it home."""

import os
import signal
import subprocess
import sys

import pytest

from cctv.models import PtzLock
from controlroom.audit.models import Record
from tests.cctv.onvif.conftest import camera, device, networks, sim  # noqa: F401  # fixtures
from tests.live.conftest import ROOT, database_url, until

pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]

MOVES = """
import os, signal, django; django.setup()
from cctv.models import OnvifDevice
from cctv.onvif import hands, locks, ptz
from controlroom.accounts.models import User
device = OnvifDevice.objects.get()
hand = hands.of_person(User.objects.get(username="haneul"), device.camera)
ptz.take(device=device, hand=hand, reason="시험")
ptz.move(device=device, hand=hand, pan=0.05, tilt=0.0, zoom=0.0)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_hand_moves_nothing_on_and_the_camera_goes_home(
    device,  # noqa: F811
    sim,  # noqa: F811
    haneul,
):
    sim.camera.faults.ignores_timeout = True
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database_url(),
        "CONTROLROOM_CAMERA_NETWORKS": "127.0.0.0/8",
        "CONTROLROOM_PTZ_LOCK_S": "10",
    }
    killed = subprocess.run(
        [sys.executable, "-c", MOVES], cwd=ROOT, env=environment, timeout=60, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert any(sim.camera.is_moving())
    watcher = subprocess.Popen(
        [sys.executable, "manage.py", "watch_cameras"], cwd=ROOT, env=environment
    )
    try:
        until(lambda: not any(sim.camera.is_moving()), within_s=30, what="it stands still")
        assert sim.camera.position().pan > 0
        lock = PtzLock.objects.get()
        assert (lock.commands, lock.move_began_at) == (1, None)
        until(lambda: sim.camera.position().axes() == (0, 0, 0), within_s=30, what="it is home")
        until(
            lambda: PtzLock.objects.filter(end_reason="lapsed", home_due_at=None).exists(),
            what="the lock lapsed",
        )
    finally:
        watcher.terminate()
        assert watcher.wait(15) == 0
    kept = Record.objects.filter(action__startswith="ptz.").order_by("pk")
    assert [one.action for one in kept] == [
        "ptz.lock", "ptz.move", "ptz.stop", "ptz.lock_end", "ptz.home_returned",
    ]  # fmt: skip
