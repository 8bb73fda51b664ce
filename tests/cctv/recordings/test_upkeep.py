"""What is destroyed and when: its time, the quota, a hold, and what a dead recorder left."""

import os
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from cctv.choices import PartEnd
from cctv.models import LegalHold, RecordingPart
from cctv.recordings import holds, upkeep, vault
from cctv.recordings.errors import HoldRefused
from controlroom.audit.models import Record
from controlroom.errors import Invalid, NotAllowed
from controlroom.municipalities.choices import Role
from tests.cctv.builders import make_camera
from tests.cctv.recordings.builders import record
from tests.conftest import make_member

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def now():
    return timezone.now()


def hold_on(camera, part, by, **more) -> LegalHold:
    said = {
        "since": part.began_at, "until": part.ended_at, "reason": "수사 협조",
        "kept_until": timezone.now() + timedelta(days=90), "letter_number": "수서-2026-114",
    } | more  # fmt: skip
    return holds.place(camera=camera, by=by, **said)


def there(*parts) -> list[bool]:
    """Say of each part whether row and file are both there; one without the other is wrong."""
    found = []
    for part in parts:
        has_row = RecordingPart.objects.filter(pk=part.pk).exists()
        assert has_row is vault.path_of(part).exists()
        found.append(has_row)
    return found


def test_what_has_had_its_time_is_destroyed_and_the_rest_stays(camera, now):
    old = record(camera, now - 40 * MINUTE, keep_until=now - MINUTE)
    young = record(camera, now - 40 * MINUTE, keep_until=now + MINUTE)
    being_written = record(camera, now - 40 * MINUTE, keep_until=now - MINUTE, end=None)
    assert upkeep.destroy_expired(now) == 1
    assert there(old, young, being_written) == [False, True, True]


def test_destruction_is_on_record_by_camera_and_hour(city, camera, now):
    other = make_camera(city, name="둘째")
    hour = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=5)
    for minute in (1, 2, 3):
        record(camera, hour + minute * MINUTE, keep_until=now - MINUTE)
    record(camera, hour + 61 * MINUTE, keep_until=now - MINUTE)
    record(other, hour + MINUTE, keep_until=now - MINUTE)
    assert upkeep.destroy_expired(now) == 5
    rows = Record.objects.filter(action="recording.destroyed").order_by("pk")
    assert [(row.subject_id, row.detail["parts"], row.detail["seconds"]) for row in rows] == [
        (str(camera.pk), 3, 9), (str(camera.pk), 1, 3), (str(other.pk), 1, 3),
    ]  # fmt: skip
    assert rows[0].detail["hour"] == hour.isoformat()
    assert rows[0].detail["why"] == "expired"
    assert rows[0].municipality_id == city.pk


def test_no_record_no_destruction(camera, now):
    part = record(camera, now - 40 * MINUTE, keep_until=now - MINUTE)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the record is full'; END $$;"
            "CREATE TRIGGER refuse BEFORE INSERT ON audit_record "
            "FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse()"
        )
    with pytest.raises(Exception, match="the record is full"):
        upkeep.destroy_expired(now)
    assert there(part) == [True]


def test_the_quota_takes_the_oldest_first_and_nothing_that_is_held(
    camera, now, settings, supervisor
):
    parts = [record(camera, now - (9 - number) * MINUTE) for number in range(4)]
    hold_on(camera, parts[0], supervisor)
    settings.RECORDINGS_QUOTA = parts[0].bytes + parts[3].bytes + 1
    assert upkeep.has_room()
    assert there(*parts) == [True, False, False, True]
    assert upkeep.kept_bytes() <= settings.RECORDINGS_QUOTA


def test_when_all_is_held_there_is_no_room(camera, now, settings, supervisor):
    part = record(camera, now - 9 * MINUTE)
    hold_on(camera, part, supervisor)
    settings.RECORDINGS_QUOTA = 10
    assert not upkeep.has_room()
    assert there(part) == [True]


def test_a_full_disk_is_no_room(camera, now, settings):
    settings.RECORDINGS_LEAVE_FREE = 1 << 60
    part = record(camera, now - 9 * MINUTE)
    assert not upkeep.has_room()
    assert there(part) == [False]


def test_a_hold_keeps_what_it_touches_until_another_person_releases_it(
    city, camera, now, supervisor
):
    held = record(camera, now - 40 * MINUTE, keep_until=now - MINUTE)
    beside = record(camera, now - 50 * MINUTE, keep_until=now - MINUTE)
    hold = hold_on(camera, held, supervisor)
    upkeep.destroy_expired(now)
    assert there(held, beside) == [True, False]
    with pytest.raises(HoldRefused):
        holds.release(hold=hold, reason="끝", by=supervisor)
    other = make_member("second", city, Role.SUPERVISOR)
    released = holds.release(hold=hold, reason="사건 종결", by=other)
    assert released.released_by == other
    with pytest.raises(HoldRefused):
        holds.release(hold=hold, reason="again", by=other)
    upkeep.destroy_expired(now)
    assert there(held) == [False]
    said = Record.objects.filter(action__startswith="recording.hold").order_by("pk")
    assert [row.action for row in said] == ["recording.hold_placed", "recording.hold_released"]


def test_a_hold_ends_with_its_own_time(camera, now, supervisor):
    part = record(camera, now - 40 * MINUTE, keep_until=now - MINUTE)
    hold = hold_on(camera, part, supervisor)
    upkeep.destroy_expired(now)
    LegalHold.objects.filter(pk=hold.pk).update(kept_until=now - MINUTE)
    assert upkeep.destroy_expired(now) == 1


def test_a_hold_needs_right_reason_letter_and_period(camera, now, supervisor, haneul, stranger):
    part = record(camera, now - 40 * MINUTE)
    for person in (haneul, stranger):
        with pytest.raises(NotAllowed):
            hold_on(camera, part, person)
    with pytest.raises(Invalid) as refusal:
        hold_on(
            camera, part, supervisor, reason=" ", letter_number="",
            until=part.began_at, kept_until=now - MINUTE,
        )  # fmt: skip
    assert set(refusal.value.fields) == {"reason", "letter_number", "until", "kept_until"}


# --- after a death ----------------------------------------------------------------------
def test_an_open_part_is_finished_as_far_as_its_file_goes(camera, now):
    part = record(camera, now - 40 * MINUTE, seconds=3, end=None)
    path = vault.path_of(part)
    with path.open("ab") as torn:
        torn.write(b"\x02 half a frame")
    assert upkeep.take_up() == 1
    part.refresh_from_db()
    assert part.end == PartEnd.KILLED
    assert abs(part.ended_at - part.began_at - timedelta(seconds=3)) < timedelta(milliseconds=5)
    assert 0 < part.bytes < path.stat().st_size


def test_files_without_a_row_are_removed_and_rows_without_a_file_are_closed(camera, now):
    good = record(camera, now - 40 * MINUTE)
    strange = record(camera, now - 30 * MINUTE)
    RecordingPart.objects.filter(pk=strange.pk).delete()
    os.utime(vault.path_of(strange), (time.time() - 3600,) * 2)
    begun = record(camera, now - MINUTE)
    RecordingPart.objects.filter(pk=begun.pk).delete()
    lost = record(camera, now - 20 * MINUTE)
    vault.path_of(lost).unlink()
    assert upkeep.reconcile() == (1, 1)
    assert there(good, strange, lost) == [True, False, False]
    # Its row may be on its way: a young file is left alone.
    assert vault.path_of(begun).exists()
    assert Record.objects.get(action="recording.destroyed").detail["why"] == "lost"


def test_a_row_whose_file_never_came_is_put_on_record(camera, now):
    part = record(camera, now - 20 * MINUTE, end=None)
    vault.path_of(part).unlink()
    assert upkeep.take_up() == 0
    assert there(part) == [False]
    assert Record.objects.get(action="recording.destroyed").detail["why"] == "lost"
