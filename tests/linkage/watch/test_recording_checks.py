"""A recorder that is gone, full or without pictures of a camera is said aloud; else nothing is."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cctv.models import RecordingPolicy
from cctv.recordings.recorder import RECORDER
from controlroom.journal import pulses
from controlroom.journal.models import Pulse
from linkage.alarm_kinds import KINDS
from linkage.watch.recording_checks import missing_recordings
from tests.cctv.builders import make_camera

pytestmark = pytest.mark.django_db


@pytest.fixture
def camera(city):
    return make_camera(city)


@pytest.fixture
def recorded(city, camera):
    RecordingPolicy.objects.create(municipality=city, camera=camera, is_on=True, basis="x")
    return camera


def found() -> list[tuple[str, str]]:
    kinds = [(finding.kind, finding.subject_id) for finding in missing_recordings()]
    assert all(kind in KINDS for kind, _subject in kinds)
    return kinds


def test_where_nothing_is_to_be_recorded_nobody_is_missed(camera):
    assert found() == []


def test_a_recorder_that_never_came_or_is_gone_is_said(recorded):
    assert found() == [("recording.stopped", "")]
    pulses.beat(RECORDER, {"stopped": "", "lacking": {}})
    assert found() == []
    Pulse.objects.update(at=timezone.now() - timedelta(minutes=5))
    assert found() == [("recording.stopped", "")]


def test_a_full_disk_and_a_camera_without_pictures_are_said(recorded):
    pulses.beat(RECORDER, {"stopped": "full", "lacking": {}})
    assert found() == [("recording.stopped", "")]
    lacking = {str(recorded.pk): 44, "0": 50}
    pulses.beat(RECORDER, {"stopped": "", "lacking": lacking})
    assert found() == [("recording.missing", str(recorded.pk))]
