"""Numbers of a chain follow the commits, without gaps and without two waiting for each other."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, connections, transaction

from controlroom.audit.chain import record
from controlroom.audit.models import ChainLink, Record
from controlroom.audit.verify import Anchored, verify
from tests.conftest import make_municipality
from tests.live.conftest import database_url

pytestmark = pytest.mark.django_db(transaction=True)

CHECKOUT = Path(__file__).parents[3]
WITHIN_S = 60
# Writes records in a transaction that it never ends, and says so.
PROGRAM = """
import sys, time, django
django.setup()
from django.db import transaction
from controlroom.audit.chain import record
with transaction.atomic():
    for number in range(3):
        record(action="lost", subject_kind="camera", subject_id=number,
               municipality_id=int(sys.argv[1]))
    if sys.argv[2] == "chained":
        from django.db import connection
        connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")
    print("written", flush=True)
    time.sleep(600)
"""


def note(city, subject: str | int = 1, action: str = "viewed") -> Record:
    return record(action=action, subject_kind="camera", subject_id=subject, municipality_id=city.pk)


def is_whole() -> bool:
    anchored = Anchored()
    reports = list(verify(anchored=anchored))
    anchored.close()
    return all(report.is_good for report in reports)


def in_threads(*works) -> list[Exception]:
    """Run these at once, each with its own connection; give what went wrong."""
    wrong: list[Exception] = []

    def run(work) -> None:
        try:
            work()
        except Exception as error:
            wrong.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WITHIN_S)
    return wrong


def numbers(city) -> list[int]:
    return list(
        ChainLink.objects.filter(chain=city.pk).order_by("number").values_list("number", flat=True)
    )


def test_writers_of_several_cities_at_once_leave_whole_chains(city, other_city):
    """Each transaction writes to both, in either order: nobody may wait in a circle."""

    def work(first, second) -> None:
        for turn in range(15):
            with transaction.atomic():
                note(first, turn)
                note(second, turn)
                note(first, turn)

    assert (
        in_threads(
            *[
                lambda pair=pair: work(*pair)
                for pair in [(city, other_city), (other_city, city)] * 3
            ]
        )
        == []
    )
    assert numbers(city) == numbers(other_city) == list(range(1, 136))
    assert is_whole()


def test_numbers_are_in_the_order_of_commits_not_of_writing(city):
    """Who wrote first and commits last comes last, and nobody waits for it meanwhile."""
    written, committed = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            note(city, "slow")
            written.set()
            assert committed.wait(WITHIN_S)

    def quick() -> None:
        assert written.wait(WITHIN_S)
        note(city, "quick")
        committed.set()

    assert in_threads(slow, quick) == []
    order = Record.objects.order_by("link__number").values_list("subject_id", flat=True)
    assert list(order) == ["quick", "slow"]
    assert is_whole()


def test_the_chain_is_locked_after_every_other_check_of_the_commit(city, haneul):
    """A foreign key's check waits for a row that another holds: the chain must not wait with it."""
    held, waiting, free = threading.Event(), threading.Event(), threading.Event()

    def holder() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM accounts_user WHERE id = %s FOR UPDATE", [haneul.pk])
            held.set()
            assert waiting.wait(WITHIN_S)
            # Committing needs the chain: with it held by the waiting one this were a deadlock.
            note(city, "holder")
        free.set()

    def waiter() -> None:
        assert held.wait(WITHIN_S)
        with transaction.atomic():
            note(city, "before")
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO municipalities_membership (user_id, municipality_id, role,"
                    " valid_from) VALUES (%s, %s, 'auditor', now())",
                    [haneul.pk, city.pk],
                )
            threading.Thread(target=tell_when_blocked).start()

    def tell_when_blocked() -> None:
        try:
            with connection.cursor() as cursor:
                blocked = False
                while not blocked and not free.is_set():
                    cursor.execute(
                        "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted"
                        " AND database = (SELECT oid FROM pg_database"
                        " WHERE datname = current_database()))"
                        " OR EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                        " AND datname = current_database())"
                    )
                    (blocked,) = cursor.fetchone()
            waiting.set()
        finally:
            connections.close_all()

    assert in_threads(holder, waiter) == []
    assert is_whole()


def test_what_is_rolled_back_leaves_no_gap(city):
    def take_back() -> None:
        with transaction.atomic():
            note(city)
            raise ZeroDivisionError

    note(city)
    with pytest.raises(ZeroDivisionError):
        take_back()
    with transaction.atomic():
        note(city)
        with pytest.raises(ZeroDivisionError):
            take_back()
        with transaction.atomic():
            note(city)
    assert numbers(city) == [1, 2, 3]
    assert is_whole()


@pytest.mark.parametrize("state", ["written", "chained"])
def test_a_process_killed_in_its_transaction_leaves_no_gap(city, state):
    note(city)
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database_url(),
        "PYTHONPATH": str(CHECKOUT),
    }
    command = [sys.executable, "-c", PROGRAM, str(city.pk), state]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "written\n"
        os.kill(process.pid, signal.SIGKILL)
    # The next one waits until PostgreSQL has taken the dead one's transaction back.
    note(city)
    assert numbers(city) == [1, 2]
    assert not Record.objects.filter(action="lost").exists()
    assert is_whole()


def test_many_records_of_one_statement_are_chained(city, other_city):
    Record.objects.bulk_create(
        Record(action="bulk", subject_kind="x", subject_id=str(number), municipality=where)
        for number in range(300)
        for where in (other_city, city, None)
    )
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY audit_record (municipality_id, at, agent, action, subject_kind, subject_id,"
            " reason, detail) FROM STDIN"
        ) as copy,
    ):
        for number in range(50):
            copy.write_row([city.pk, "2026-01-01", "", "copied", "x", str(number), "", "{}"])
    assert ChainLink.objects.count() == 950
    assert is_whole()


def test_records_of_one_transaction_are_chained_in_the_order_they_were_written(city):
    with transaction.atomic():
        written = [note(city, number).pk for number in range(5)]
    chained = ChainLink.objects.filter(chain=city.pk).order_by("number")
    assert list(chained.values_list("record_id", flat=True)) == written


def test_nothing_is_committed_that_cannot_be_chained(city):
    """With what makes the link broken, the act fails with it."""

    def act() -> None:
        with transaction.atomic():
            note(city)
            make_municipality("90030", "없을시", 127.9, 36.9)

    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_chainlink RENAME TO audit_chainlink_away")
    try:
        with pytest.raises(DatabaseError):
            act()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_chainlink_away RENAME TO audit_chainlink")
    assert not Record.objects.exists()
    assert not type(city).objects.filter(code="90030").exists()


@pytest.mark.parametrize("table", ["audit_record", "audit_chainlink"])
@pytest.mark.parametrize("sql", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_database_refuses_its_owner_every_change(city, table, sql):
    note(city)
    column = "id" if table == "audit_record" else "number"
    # The suite itself empties tables between tests: it disables this trigger only.
    trigger = f"ALTER TABLE {table} {{}} TRIGGER {table}_no_truncate"
    with connection.cursor() as cursor:
        cursor.execute(trigger.format("ENABLE"))
        try:
            with pytest.raises(DatabaseError, match="rows are only added"), transaction.atomic():
                cursor.execute(sql.format(table, column, column))
        finally:
            cursor.execute(trigger.format("DISABLE"))
    assert Record.objects.count() == ChainLink.objects.count() == 1
