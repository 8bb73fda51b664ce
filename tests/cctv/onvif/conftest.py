"""A simulated camera on this machine, and the leave to speak to it."""

import pytest

from cctv.onvif.simulator.server import simulated


@pytest.fixture
def networks(settings):
    settings.CAMERA_NETWORKS = ["127.0.0.0/8"]


@pytest.fixture
def sim(networks):
    with simulated(stream_uri="rtsp://127.0.0.1:8554/stream1") as simulator:
        yield simulator
