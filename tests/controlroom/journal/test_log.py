"""The log itself: numbers, gaps, scopes, and that it cannot be changed."""

import threading

import pytest
from django.db import IntegrityError, connection, transaction

from controlroom.journal import log
from controlroom.journal.choices import Audience
from controlroom.journal.models import Entry

OPERATIONS = frozenset({Audience.OPERATIONS.value})
BOTH = frozenset(Audience.values)


def say(city, audience=Audience.OPERATIONS, subject_id="a"):
    with transaction.atomic():
        return log.append(
            municipality_id=city.pk,
            kind="incident.noted",
            subject_kind="incident",
            subject_id=subject_id,
            data={"incident": {"id": subject_id}},
            audience=audience,
        )


def read(city, audiences=OPERATIONS, after=0, limit=100, **more):
    return log.read_after(
        municipality_id=city.pk, audiences=audiences, after=after, limit=limit, **more
    )


def chain(entries):
    return [(entry["prev"], entry["number"]) for entry in entries]


@pytest.mark.django_db(transaction=True)
def test_an_entry_needs_a_transaction(city):
    with pytest.raises(RuntimeError):
        log.append(municipality_id=city.pk, kind="k", subject_kind="s", subject_id="1", data={})


def test_numbers_count_up_per_municipality(city, other_city):
    assert [say(city).number, say(other_city).number, say(city).number] == [1, 1, 2]


def test_prev_names_the_number_before_in_the_own_scope(city):
    for audience in ("operations", "administration", "administration", "operations"):
        say(city, audience)
    assert chain(read(city)) == [(0, 1), (1, 4)]
    assert chain(read(city, BOTH)) == [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert chain(read(city, {"administration"})) == [(0, 2), (2, 3)]


def test_a_page_goes_on_where_the_page_before_ended(city):
    for index in range(7):
        say(city, "operations" if index % 2 else "administration")
    first = read(city, limit=2)
    assert chain(first + read(city, after=first[-1]["number"])) == [(0, 2), (2, 4), (4, 6)]


def test_prev_reaches_over_what_was_not_meant_for_the_reader(city):
    say(city)
    say(city, "administration")
    say(city)
    assert chain(read(city, after=2)) == [(1, 3)]


def test_upto_ends_the_page(city):
    for _ in range(4):
        say(city)
    assert chain(read(city, after=1, upto=3)) == [(1, 2), (2, 3)]


def test_another_city_is_not_read(city, other_city):
    say(other_city)
    assert read(city) == []
    assert log.scope_head(municipality_id=city.pk, audiences=BOTH) == 0


def test_the_head_of_a_scope_is_its_last_number(city):
    say(city)
    say(city, "administration")
    assert log.scope_head(municipality_id=city.pk, audiences=OPERATIONS) == 1
    assert log.scope_head(municipality_id=city.pk, audiences=BOTH) == 2
    assert log.heads([city.pk]) == {city.pk: 2}


def test_the_wire_carries_time_with_offset_and_the_subject(city):
    entry = say(city)
    (wire,) = read(city)
    assert wire == {
        "number": 1,
        "prev": 0,
        "kind": "incident.noted",
        "at": entry.at.isoformat(),
        "subject": {"kind": "incident", "id": "a"},
        "data": {"incident": {"id": "a"}},
    }
    assert wire["at"].endswith("+00:00")


def in_a_savepoint(act, *args):
    with transaction.atomic():
        return act(*args)


def truncate(_entry):
    with connection.cursor() as cursor:
        # Constraints still to be checked would hold up ALTER TABLE.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE journal_entry ENABLE TRIGGER journal_entry_no_truncate")
        cursor.execute("TRUNCATE journal_entry")


CHANGES = {
    "update": lambda entry: Entry.objects.filter(pk=entry.pk).update(kind="else"),
    "delete": lambda entry: Entry.objects.filter(pk=entry.pk).delete(),
    "truncate": truncate,
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_database_refuses_to_change_what_was_said(city, change):
    entry = say(city)
    with pytest.raises(IntegrityError, match="never changed or removed"):
        in_a_savepoint(CHANGES[change], entry)
    assert Entry.objects.filter(pk=entry.pk, kind="incident.noted").exists()


def test_a_rolled_back_fact_leaves_no_gap(city):
    say(city)
    with pytest.raises(ZeroDivisionError):
        in_a_savepoint(lambda: say(city).number / 0)
    assert say(city).number == 2


def test_the_bell_rings_after_the_commit_only(city, django_capture_on_commit_callbacks):
    rung = []

    def hear(number, **_kwargs):
        rung.append(number)

    log.appended.connect(hear)
    try:
        with django_capture_on_commit_callbacks() as callbacks:
            say(city)
        assert rung == []
        for callback in callbacks:
            callback()
        assert rung == [1]
    finally:
        log.appended.disconnect(hear)


@pytest.mark.live
@pytest.mark.django_db(transaction=True)
def test_no_reader_skips_a_commit_that_was_slower_than_the_next(city):
    """Two real connections: the first takes its number and dawdles, the second comes after it."""
    appended, may_commit = threading.Event(), threading.Event()
    numbers = {}

    def slow():
        try:
            with transaction.atomic():
                numbers["slow"] = log.append(
                    municipality_id=city.pk, kind="slow", subject_kind="s", subject_id="1", data={}
                ).number
                appended.set()
                assert may_commit.wait(10)
        finally:
            connection.close()

    def quick():
        try:
            with transaction.atomic():
                numbers["quick"] = log.append(
                    municipality_id=city.pk, kind="quick", subject_kind="s", subject_id="2", data={}
                ).number
        finally:
            connection.close()

    first, second = threading.Thread(target=slow), threading.Thread(target=quick)
    first.start()
    assert appended.wait(10)
    second.start()
    second.join(0.5)
    assert second.is_alive(), "the second must wait for the first to commit"
    # A reader that looks now sees neither, and must not come away with a higher number.
    assert read(city) == []
    may_commit.set()
    first.join(10)
    second.join(10)
    assert numbers == {"slow": 1, "quick": 2}
    assert [entry["kind"] for entry in read(city)] == ["slow", "quick"]


@pytest.mark.live
@pytest.mark.django_db(transaction=True)
def test_a_reader_beside_many_writers_sees_every_number_once_in_order(city):
    writers, each = 6, 25

    def write():
        try:
            for _ in range(each):
                say(city)
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(writers)]
    for thread in threads:
        thread.start()
    seen, looks = [], 0
    while len(seen) < writers * each and looks < 20_000:
        seen += read(city, after=seen[-1]["number"] if seen else 0, limit=7)
        looks += 1
    for thread in threads:
        thread.join(10)
    assert chain(seen) == [(number - 1, number) for number in range(1, writers * each + 1)]
