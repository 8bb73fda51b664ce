"""The recorder on real relays: what is seen is kept, through deaths, full disks and set clocks."""

import errno
import os
import re
import signal
import subprocess
import sys
import time
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.utils import timezone

from cctv import streams
from cctv.choices import PartEnd
from cctv.errors import RelaysBusy
from cctv.models import RecordingPart, RecordingPolicy
from cctv.recordings import extraction, recorder, tape, upkeep, vault
from cctv.recordings.recorder import Recorder
from cctv.recordings.tape import Tape, Wanted
from cctv.sources import Source
from controlroom.journal.models import Pulse
from tests.cctv.builders import make_camera
from tests.cctv.recordings.builders import film
from tests.cctv.recordings.test_extraction import played
from tests.live.conftest import ROOT, database_url, until

RUN = "0011aabb"


class Relay:
    """Writes pieces where a relay would, when told to."""

    def __init__(self, camera_id: int, settings) -> None:
        self.folder = Path(settings.STATE_DIR) / "hls" / str(camera_id)
        self.folder.mkdir(parents=True)
        self.run, self.names = RUN, []
        self.begin(RUN)

    def begin(self, run: str) -> None:
        self.run, self.names = run, []
        (self.folder / f"{run}-init.mp4").write_bytes(film(3)[0])
        self.list()

    def give(self, *, written_at: float, number: int | None = None) -> None:
        number = len(self.names) if number is None else number
        name = f"{self.run}-{number:06}.m4s"
        path = self.folder / name
        path.write_bytes(film(3)[1][number % 3])
        os.utime(path, (written_at, written_at))
        self.names.append(name)
        self.list()

    def list(self) -> None:
        lines = "".join(f"#EXTINF:1.000000,\n{name}\n" for name in self.names[-6:])
        (self.folder / f"{self.run}.m3u8").write_text(f"#EXTM3U\n{lines}")
        state = f'{{"state": "live", "run": "{self.run}", "at": {time.time()}}}'
        (self.folder / "state.json").write_text(state)


@pytest.fixture
def relay(camera, settings):
    return Relay(camera.pk, settings)


@pytest.fixture
def wanted(camera):
    return Wanted(camera.pk, camera.municipality_id, timedelta(days=30))


def times(camera) -> list[list[int]]:
    """Give the first and last millisecond of what each part holds."""
    parts = RecordingPart.objects.filter(camera=camera).order_by("pk")
    return [[vault.ms_of(part.began_at), vault.ms_of(part.ended_at)] for part in parts]


@pytest.mark.django_db
def test_each_piece_is_kept_once_in_its_place(camera, relay, wanted):
    start = time.time()
    it = Tape()
    for number in range(5):
        # The relay writes a little early or late; a second is a second.
        relay.give(written_at=start + number + (0.2 if number % 2 else -0.1))
        it.turn(wanted)
        it.turn(wanted)
    it.close(PartEnd.STOPPED)
    part = RecordingPart.objects.get()
    frames = [frame for frame in vault.frames(part) if frame.length_ms]
    assert len(frames) == 5
    assert all(one.ended_ms == two.began_ms for one, two in pairwise(frames))
    assert part.end == PartEnd.STOPPED
    assert part.ended_at - part.began_at == timedelta(seconds=5)
    assert part.keep_until == part.began_at + wanted.keep
    assert part.bytes == vault.path_of(part).stat().st_size
    assert vault.open_frame(part, frames[1]) == film(3)[1][1]


@pytest.mark.django_db
def test_a_pause_of_the_stream_is_a_gap_and_a_new_run_a_new_part(camera, relay, wanted):
    start = time.time()
    it = Tape()
    for number in (0, 1, 30):
        relay.give(written_at=start + number)
        it.turn(wanted)
    frames = vault.frames(RecordingPart.objects.get())[1:]
    assert frames[2].began_ms - frames[1].ended_ms == pytest.approx(28_000, abs=50)
    relay.begin("22334455")
    relay.give(written_at=start + 40)
    it.turn(wanted)
    it.close(PartEnd.STOPPED)
    assert [part.end for part in RecordingPart.objects.order_by("pk")] == ["stream", "stopped"]
    assert [part.run for part in RecordingPart.objects.order_by("pk")] == [RUN, "22334455"]


@pytest.mark.django_db
@pytest.mark.parametrize("step_s", [-3600.0, 3600.0])
def test_a_clock_that_is_set_begins_a_new_part_and_loses_nothing(
    camera, relay, wanted, monkeypatch, step_s, tmp_path
):
    start = time.time()
    it = Tape()
    relay.give(written_at=start)
    it.turn(wanted)
    monkeypatch.setattr(tape, "_clock", lambda: time.time() - time.monotonic() + step_s)
    for number in (1, 2):
        relay.give(written_at=start + number + step_s)
        it.turn(wanted)
    it.close(PartEnd.STOPPED)
    parts = list(RecordingPart.objects.order_by("pk"))
    assert [part.end for part in parts] == ["clock", "stopped"]
    assert (parts[1].began_at - parts[0].began_at).total_seconds() == pytest.approx(
        1 + step_s, abs=0.1
    )
    film_ = extraction.extract(
        camera_id=camera.pk, since=min(part.began_at for part in parts),
        until=max(part.ended_at for part in parts), to=tmp_path / "film.mp4",
    )  # fmt: skip
    assert played(film_.path)[0] == 30


@pytest.mark.django_db
def test_a_full_part_is_followed_by_the_next_without_a_gap(camera, relay, wanted, monkeypatch):
    monkeypatch.setattr(tape, "PART_MS", 2000)
    start = time.time()
    it = Tape()
    for number in range(5):
        relay.give(written_at=start + number)
        it.turn(wanted)
    it.close(PartEnd.STOPPED)
    spans = times(camera)
    assert len(spans) == 3
    assert all(one[1] == two[0] for one, two in pairwise(spans))


@pytest.mark.django_db
def test_without_the_database_what_is_open_goes_on(camera, relay, wanted, monkeypatch):
    monkeypatch.setattr(tape, "PART_MS", 1000)
    start = time.time()
    it = Tape()
    relay.give(written_at=start)
    it.turn(wanted)

    def away(**_fields):
        raise DatabaseError

    with monkeypatch.context() as gone:
        gone.setattr(RecordingPart.objects, "create", away)
        for number in (1, 2):
            relay.give(written_at=start + number)
            it.turn(wanted)
    relay.give(written_at=start + 3)
    it.turn(wanted)
    it.close(PartEnd.STOPPED)
    spans = times(camera)
    assert [last - first for first, last in spans] == [3000, 1000]
    assert spans[0][1] == spans[1][0]


@pytest.mark.django_db
def test_a_full_disk_stops_recording_says_so_and_keeps_what_was_written(
    city, camera, relay, monkeypatch
):
    RecordingPolicy.objects.create(municipality=city, camera=camera, is_on=True, basis="x")
    monkeypatch.setattr(streams, "want", lambda *_args, **_more: None)
    it = Recorder()
    relay.give(written_at=time.time())
    it.turn()
    assert it.stopped == ""

    def full(*_args):
        raise OSError(errno.ENOSPC, "no room")

    with monkeypatch.context() as disk:
        disk.setattr(os, "write", full)
        relay.give(written_at=time.time() + 1)
        it.turn()
    assert it.stopped == "full"
    part = RecordingPart.objects.get()
    assert part.end == PartEnd.DISK
    assert part.ended_at - part.began_at == timedelta(seconds=1)
    relay.give(written_at=time.time() + 2)
    it._due.clear()
    it.turn()
    # The upkeep found room again.
    assert it.stopped == ""
    assert RecordingPart.objects.count() == 2
    assert Pulse.objects.get(name=recorder.RECORDER).data["wanted"] == 1


@pytest.mark.django_db
def test_a_camera_that_gives_nothing_is_named(city, camera, relay, monkeypatch):
    RecordingPolicy.objects.create(municipality=city, camera=camera, is_on=True, basis="x")
    monkeypatch.setattr(streams, "want", lambda *_args, **_more: None)
    it = Recorder()
    it.turn()
    assert it.lacking() == {}
    monkeypatch.setattr(recorder, "LACKING_AFTER_S", -1.0)
    assert list(it.lacking()) == [camera.pk]
    it._due.clear()
    it.turn()
    assert Pulse.objects.get(name=recorder.RECORDER).data["lacking"] == {str(camera.pk): 0}
    RecordingPolicy.objects.update(is_on=False)
    it._due.clear()
    it.turn()
    assert it.lacking() == {}


def test_recording_takes_no_place_from_viewers(settings, tmp_path):
    settings.RELAY_LIMIT = 1
    source = Source(kind="synthetic", name="x", seed=3)
    try:
        streams.want(1, source, slots=recorder.SLOTS, limit=1)
        streams.want(2, source)
        with pytest.raises(RelaysBusy):
            streams.want(3, source, slots=recorder.SLOTS, limit=1)
        # A viewer of what is recorded needs no place at all.
        streams.want(1)
    finally:
        streams.stop_all()


# --- the process ------------------------------------------------------------------------
def start(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "record"],
        cwd=ROOT,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": database_url(),
            "CONTROLROOM_STATE_DIR": str(folder / "state"),
            "CONTROLROOM_RECORDINGS_DIR": str(folder / "recordings"),
            "CONTROLROOM_RECORDINGS_LEAVE_FREE": "0",
        },
        stderr=subprocess.PIPE,
    )


@pytest.mark.live
@pytest.mark.django_db(transaction=True)
def test_a_killed_recorder_loses_a_moment_and_nothing_of_before(city, camera, tmp_path):
    idle = make_camera(city, name="녹화 안 함")
    RecordingPolicy.objects.create(municipality=city, camera=camera, is_on=True, basis="x")

    def seconds() -> float:
        parts = RecordingPart.objects.filter(camera=camera)
        return sum(frame.length_ms for part in parts for frame in vault.frames(part)) / 1000

    began = timezone.now() - timedelta(seconds=2)
    first = start(tmp_path)
    try:
        until(lambda: seconds() >= 2, within_s=60)
        with pytest.raises(CommandError, match="another recorder"):
            call_command("record")
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
        first.stderr.close()
    before = seconds()
    part = RecordingPart.objects.get()
    assert part.ended_at is None
    again = start(tmp_path)
    try:
        until(lambda: seconds() >= before + 2, within_s=60)
    finally:
        again.send_signal(signal.SIGTERM)
        assert again.wait(20) == 0
        again.stderr.close()
    ends = [one.end for one in RecordingPart.objects.order_by("pk")]
    assert (ends[0], ends[-1]) == ("killed", "stopped")
    assert not RecordingPart.objects.filter(camera=idle).exists()
    assert not Pulse.objects.filter(name=recorder.RECORDER).exists()
    kept = extraction.extract(
        camera_id=camera.pk, since=began, until=timezone.now(), to=tmp_path / "film.mp4"
    )
    frames, length_s, said = played(kept.path)
    assert frames >= 40
    assert length_s == pytest.approx(seconds(), abs=0.5)
    assert "Audio" not in said
    for path in vault.files():
        body = path.read_bytes()
        assert not re.search(rb"ftyp|moof|mdat|styp", body), path
    assert upkeep.kept_bytes() == sum(path.stat().st_size for path in vault.files())
