"""Availability from a table of intervals: hours over hours, and what is not known said so."""

from datetime import UTC, datetime, timedelta

import pytest

from cctv import availability
from cctv.models import CameraInterval, PlannedWork
from tests.cctv.builders import make_camera

pytestmark = pytest.mark.django_db

T = datetime(2026, 11, 1, tzinfo=UTC)


def hour(number):
    return T + timedelta(hours=number)


# state, from, to (None: still), in hours of a span from 0 to 10 -> usable, impaired, down, unknown
TABLE = [
    ([], (0, 0, 0, 10)),
    ([("online", 0, None)], (10, 0, 0, 0)),
    ([("online", -5, 20)], (10, 0, 0, 0)),
    ([("online", -5, -1)], (0, 0, 0, 10)),
    ([("online", 12, None)], (0, 0, 0, 10)),
    ([("unknown", 0, 4), ("online", 4, None)], (6, 0, 0, 4)),
    ([("online", 0, 3), ("covered", 3, 5), ("online", 5, None)], (8, 0, 2, 0)),
    ([("offline", 0, 1), ("frozen", 1, 2), ("covered", 2, 3)], (0, 0, 3, 7)),
    ([("dark", 0, 2), ("blurred", 2, 5), ("online", 5, 5), ("offline", 5, None)], (0, 5, 5, 0)),
]


def filled(city, intervals, **fields):
    camera = make_camera(city, **fields)
    for state, began, ended in intervals:
        CameraInterval.objects.create(
            camera=camera,
            municipality=city,
            state=state,
            began_at=hour(began),
            ended_at=None if ended is None else hour(ended),
        )
    return camera


def reported(city, by="maker", until=10):
    return availability.report(municipality_ids=[city.pk], since=hour(0), until=hour(until), by=by)


def parts(row):
    sums = (row.usable_s, row.impaired_s, row.down_s, row.unknown_s)
    return tuple(availability.hours(part) for part in sums)


@pytest.mark.parametrize(("intervals", "wanted"), TABLE)
def test_the_sums_of_a_table_of_intervals(city, intervals, wanted):
    filled(city, intervals)
    (row,) = reported(city)
    assert parts(row) == wanted
    assert row.share == (wanted[0] / (10 - wanted[3]) if wanted[3] < 10 else None)


def test_planned_work_counts_as_neither_and_overlapping_plans_once(city):
    camera = filled(city, [("online", 0, 4), ("offline", 4, 8), ("online", 8, None)])
    for begins, ends, site in ((3, 6, camera.site), (5, 7, None)):
        PlannedWork.objects.create(
            municipality=city, site=site, begins_at=hour(begins), ends_at=hour(ends), reason="-"
        )
    (row,) = reported(city)
    assert parts(row) == (5, 0, 1, 0)
    assert availability.hours(row.planned_s) == 4


def test_groups_add_up_and_a_camera_that_left_the_register_counts_until_then(city, other_city):
    filled(city, [("online", 0, None)], maker="한화비전")
    filled(city, [("offline", 0, None)], maker="한화비전")
    filled(city, [("online", 0, None)], gone_at=hour(4))
    filled(city, [("online", 0, None)], source_kind="none", maker="없음")
    filled(other_city, [("online", 0, None)], maker="남의 것")
    rows = {row.key: row for row in reported(city)}
    assert set(rows) == {"", "한화비전"}
    assert (rows["한화비전"].cameras, rows["한화비전"].share) == (2, 0.5)
    assert availability.hours(rows[""].known_s) == 4
    (whole,) = reported(city, by="municipality")
    assert (whole.key, whole.cameras) == (city.name_ko, 3)
    assert [row.key for row in reported(city, by="purpose")] == ["생활방범"]


def test_a_share_of_nothing_is_an_empty_cell(city):
    filled(city, [])
    head, row = availability.csv_rows(reported(city))
    assert head[4] == "usable_of_known"
    assert row == ["", 1, 0.0, 0.0, "", 0.0, 0.0, 10.0, 0.0]
