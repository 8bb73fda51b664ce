"""A folder of its own for what a test records."""

import pytest

from tests.cctv.builders import make_camera


@pytest.fixture(autouse=True)
def own_folders(settings, tmp_path):
    settings.STATE_DIR = tmp_path / "state"
    settings.RECORDINGS_DIR = tmp_path / "recordings"
    settings.RECORDINGS_LEAVE_FREE = 0


@pytest.fixture
def camera(city):
    return make_camera(city, name="한빛초 정문")
