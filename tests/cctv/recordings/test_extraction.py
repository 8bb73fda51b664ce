"""A film out of what is kept: it plays, it says what is missing, and it is on record first."""

import hashlib
import re
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from cctv import relay
from cctv.recordings import extraction, vault
from cctv.recordings.errors import RecordingMissing, RecordingUnreadable
from controlroom.audit.models import Record
from controlroom.errors import Invalid
from tests.cctv.recordings.builders import record

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def taken(camera, since, until, to, **more):
    return extraction.extract(camera_id=camera.pk, since=since, until=until, to=to, **more)


def played(path) -> tuple[int, float, str]:
    """Decode a film to its end; give its pictures, its length in seconds and what it is."""
    done = subprocess.run(
        [relay.ffmpeg(), "-hide_banner", "-xerror", "-i", str(path), "-f", "null", "-"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    length = re.search(r"Duration: 00:(\d+):([\d.]+)", done.stderr)
    frames = re.findall(r"frame=\s*(\d+)", done.stderr)[-1]
    return int(frames), int(length.group(1)) * 60 + float(length.group(2)), done.stderr


def test_the_film_plays_and_is_what_was_recorded(camera, tmp_path):
    record(camera, after(0), seconds=3)
    record(camera, after(3), seconds=3)
    heard = []
    film = taken(camera, after(1), after(5), tmp_path / "film.mp4", progress=heard.append)
    frames, length_s, said = played(film.path)
    assert frames == 40
    assert length_s == pytest.approx(4.0, abs=0.15)
    assert "Audio" not in said
    assert (film.began_at, film.ended_at, film.gaps) == (after(1), after(5), [])
    body = film.path.read_bytes()
    assert (film.bytes, film.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    assert heard[-1] == 1.0
    assert heard == sorted(heard)
    assert film.path.stat().st_mode & 0o077 == 0


def test_what_is_missing_is_said_and_takes_no_time_in_the_film(camera, tmp_path):
    record(camera, after(0), seconds=3)
    record(camera, after(60), seconds=3)
    film = taken(camera, after(-10), after(70), tmp_path / "film.mp4")
    assert (film.began_at, film.ended_at) == (after(0), after(63))
    assert film.gaps == [
        (after(-10), after(0)), (after(3), after(60)), (after(63), after(70)),
    ]  # fmt: skip
    frames, length_s, _said = played(film.path)
    assert frames == 60
    assert length_s == pytest.approx(6.0, abs=0.15)


def test_pictures_of_two_sizes_become_one_film(camera, tmp_path):
    record(camera, after(0), seconds=2)
    record(camera, after(2), seconds=2, size="640x360")
    film = taken(camera, after(0), after(4), tmp_path / "film.mp4")
    frames, length_s, said = played(film.path)
    assert frames == 40
    assert length_s == pytest.approx(4.0, abs=0.15)
    assert "320x180" in said


def test_what_is_being_written_is_taken_as_far_as_it_is(camera, tmp_path):
    record(camera, after(0), seconds=3, end=None)
    film = taken(camera, after(0), after(60), tmp_path / "film.mp4")
    assert film.gaps == [(after(3), after(60))]


def test_nothing_kept_is_said_by_field(camera, tmp_path):
    record(camera, after(0))
    with pytest.raises(RecordingMissing) as refusal:
        taken(camera, after(600), after(700), tmp_path / "film.mp4")
    assert "since" in refusal.value.fields
    with pytest.raises(RecordingMissing) as refusal:
        extraction.extract(
            camera_id=0, since=after(0), until=after(1), to=tmp_path / "film.mp4"
        )
    assert "camera_id" in refusal.value.fields
    with pytest.raises(Invalid):
        taken(camera, after(1), after(1), tmp_path / "film.mp4")
    assert not (tmp_path / "film.mp4").exists()


def test_no_record_no_film(camera, tmp_path, monkeypatch):
    record(camera, after(0))
    monkeypatch.setattr(vault, "open_frame", pytest.fail)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the record is full'; END $$;"
            "CREATE TRIGGER refuse BEFORE INSERT ON audit_record "
            "FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse()"
        )
    with pytest.raises(Exception, match="the record is full"):
        taken(camera, after(0), after(3), tmp_path / "film.mp4")
    assert not (tmp_path / "film.mp4").exists()


def test_it_is_on_record(camera, tmp_path):
    record(camera, after(0))
    taken(camera, after(0), after(3), tmp_path / "film.mp4")
    row = Record.objects.get(action="recording.extracted")
    assert row.subject_id == str(camera.pk)
    assert row.municipality_id == camera.municipality_id


def test_a_part_that_no_key_opens_is_a_gap_and_not_a_guess(camera, tmp_path, settings):
    old = record(camera, after(0), seconds=2)
    settings.RECORDING_KEYS = ["b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVyb3Q="]
    with pytest.raises(RecordingUnreadable):
        taken(camera, after(0), after(2), tmp_path / "film.mp4")
    assert not (tmp_path / "film.mp4").exists()
    record(camera, after(2), seconds=2)
    film = taken(camera, after(0), after(4), tmp_path / "film.mp4")
    assert film.gaps == [(after(0), after(2))]
    assert old.pk
