"""A simulated camera on this machine, and the leave to speak to it."""

import pytest

from cctv.models import OnvifDevice
from cctv.onvif import devices
from cctv.onvif.line import Access
from cctv.onvif.simulator.server import simulated
from tests.cctv.builders import make_camera


@pytest.fixture
def networks(settings):
    settings.CAMERA_NETWORKS = ["127.0.0.0/8"]


@pytest.fixture
def sim(networks):
    with simulated(stream_uri="rtsp://127.0.0.1:8554/stream1") as simulator:
        yield simulator
    devices.hang_up()


@pytest.fixture
def camera(city):
    return make_camera(city, name="한빛초 회전")


def let_turn(camera, sim) -> OnvifDevice:
    """Let the camera be turned by the simulated one's motors: taken in by hand."""
    access = Access(
        sim.address,
        sim.camera.user,
        sim.camera.password,
        {
            "media2": f"{sim.base}/onvif/media2",
            "ptz": f"{sim.base}/onvif/ptz",
            "events": f"{sim.base}/onvif/events",
        },
    )
    return OnvifDevice.objects.create(
        municipality=camera.municipality,
        camera=camera,
        access_secret=devices.seal(access),
        main_token="main",
        has_ptz=True,
        has_events=True,
        zero_deg=0.0,
    )


@pytest.fixture
def device(sim, camera):
    """Give the simulated camera as one of the register."""
    return let_turn(camera, sim)
