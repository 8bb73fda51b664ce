"""The cast: haneul operates, bada audits the same city, the stranger operates another."""

import os
from collections.abc import Iterator
from functools import partialmethod
from pathlib import Path
from shutil import which

import pytest
from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.db import connection, connections
from django.db.backends.postgresql.operations import DatabaseOperations
from playwright.sync_api import Browser, sync_playwright

from controlroom.accounts.models import User
from controlroom.municipalities.choices import Role
from controlroom.municipalities.models import Membership, Municipality

# bin/test --thorough: the same tests with all rows, bodies, pages and kills; see README.
THOROUGH = os.environ.get("CONTROLROOM_TEST_THOROUGH") == "1"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Empty the tables quickly after a test that commits, and let TRUNCATE through elsewhere.

    Insert-only tables refuse it by triggers named *_no_truncate; their own tests enable them.
    """
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger "
            "WHERE NOT tgisinternal AND tgname LIKE %s",
            ["%no_truncate"],
        )
        for table, trigger in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
    truncating = DatabaseOperations.sql_flush
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", partialmethod(emptying, truncating))
        yield


# TRUNCATE makes new files for every table and index, however few rows were there: half a second
# a test. Triggers and foreign keys rest meanwhile, as they would under TRUNCATE.
EMPTY = """DO $$ DECLARE name text; filled boolean; BEGIN
PERFORM set_config('session_replication_role', 'replica', true);
FOREACH name IN ARRAY ARRAY[{tables}] LOOP
  EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO filled;
  IF filled THEN EXECUTE format('DELETE FROM %I', name); END IF;
END LOOP; END $$"""


def emptying(operations, truncating, style, tables, *, reset_sequences=False, allow_cascade=False):
    """Give the statements that empty these tables, as Django's own do."""
    if reset_sequences or not tables:
        return truncating(
            operations, style, tables, reset_sequences=reset_sequences, allow_cascade=allow_cascade
        )
    return [EMPTY.format(tables=", ".join(f"'{table}'" for table in tables))]


def make_municipality(code: str, name_ko: str, west: float, south: float) -> Municipality:
    """Make a square municipality of 0.2 by 0.2 degrees with its south-west corner here."""
    square = Polygon.from_bbox((west, south, west + 0.2, south + 0.2))
    return Municipality.objects.create(
        code=code,
        name_ko=name_ko,
        name_en=f"City {code}",
        organisation_code=f"{int(code):07d}",
        boundary=MultiPolygon(square, srid=4326),
        centre=Point(west + 0.1, south + 0.1, srid=4326),
    )


def make_member(username: str, municipality: Municipality, *roles: str) -> User:
    user = User.objects.create_user(username, password="pass", display_name=username)
    for role in roles:
        Membership.objects.create(user=user, municipality=municipality, role=role)
    return user


@pytest.fixture
def city(db) -> Municipality:
    return make_municipality("90010", "한빛시", 127.3, 36.3)


@pytest.fixture
def other_city(db) -> Municipality:
    return make_municipality("90020", "새벽시", 128.3, 35.3)


@pytest.fixture
def haneul(city) -> User:
    return make_member("haneul", city, Role.OPERATOR)


@pytest.fixture
def bada(city) -> User:
    return make_member("bada", city, Role.AUDITOR)


@pytest.fixture
def supervisor(city) -> User:
    return make_member("supervisor", city, Role.SUPERVISOR)


@pytest.fixture
def administrator(city) -> User:
    return make_member("administrator", city, Role.ADMINISTRATOR)


@pytest.fixture
def stranger(other_city) -> User:
    return make_member("stranger", other_city, Role.OPERATOR)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Give the folder of real public data, or skip: no checkout needs it."""
    named = os.environ.get("CONTROLROOM_REAL_DATA")
    folder = Path(named) if named else Path(__file__).parent.parent.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no real data here (set CONTROLROOM_REAL_DATA)")
    return folder


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Start Chromium for one module only: Playwright's loop forbids every other one meanwhile."""
    program = os.environ.get("CONTROLROOM_CHROMIUM") or which("chromium")
    if not program:
        pytest.skip("no Chromium here")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's own loop runs in this thread, which Django would take for ours.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()
        # Under a loop Django uses other connections than without one; nobody else would close them.
        connections.close_all()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin the long ones first, in whatever order the rest comes: none is left for the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the checks that bin/test ran before, so that its last lines tell the whole result."""
    if failed := os.environ.get("CONTROLROOM_FAILED_CHECKS"):
        terminalreporter.section("bin/check failed", red=True)
        terminalreporter.write_line(f"{failed} (each one's own words are above)")
