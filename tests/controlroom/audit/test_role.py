"""The application's own role in earnest, and what happens when even that may not write."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from django.urls import reverse

from cctv import passes, streams
from cctv.models import VideoTicket, ViewRecord
from controlroom.audit.chain import record
from controlroom.audit.models import ChainLink, Record
from linkage.choices import LinkMode
from linkage.models import Still, StreamGrant
from tests.cctv.builders import make_camera
from tests.incidents.conftest import make_camera as make_camera_at
from tests.linkage.conftest import envelope, taken
from tests.linkage.services.police112.conftest import RECEIPT, ask

FILE = Path(__file__).parents[3] / "deploy" / "application_role.sql"
REASON = "record_unwritten"


@pytest.fixture
def role(db) -> Iterator[str]:
    """Make the role of the file, under a name of this database's own; nothing of it stays."""
    name = f"app_{connection.settings_dict['NAME']}"
    statements = FILE.read_text(encoding="utf-8").replace("controlroom_app", name)
    statements = statements.replace("BEGIN;", "").replace("COMMIT;", "")
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {name} LOGIN")
        cursor.execute(statements)
    return name


@pytest.fixture
def lasting_role(transactional_db, role) -> Iterator[str]:
    yield role
    with connection.cursor() as cursor:
        cursor.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


@pytest.fixture
def unable(role) -> Iterator[str]:
    """Work as that role, which may not even add to the audit record any more."""
    with connection.cursor() as cursor:
        cursor.execute(f"REVOKE INSERT ON audit_record FROM {role}")
        cursor.execute(f"SET LOCAL ROLE {role}")
    passes._passes.clear()
    yield role
    streams.stop_all()
    passes._passes.clear()


@contextmanager
def unrecorded(role: str) -> Iterator[None]:
    """Work as that role in commits of its own."""
    with connection.cursor() as cursor:
        cursor.execute(f"REVOKE INSERT ON audit_record FROM {role}; SET ROLE {role}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")


@pytest.fixture
def operator(client, haneul, settings, tmp_path):
    settings.STATE_DIR = tmp_path / "state"
    client.force_login(haneul)
    client.raise_request_exception = False
    return client


def is_refused(answer) -> bool:
    assert answer.status_code == 503, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["detail"]
    return body["code"] == REASON


def test_the_role_may_add_and_read_and_nothing_else(lasting_role, city):
    """By a sign-in of its own, not by SET ROLE; and the chain goes on under it."""
    record(action="viewed", subject_kind="camera", subject_id=1, municipality_id=city.pk)
    at = connection.get_connection_params()
    login = {key: at[key] for key in ("dbname", "host", "port") if key in at}
    add = (
        "INSERT INTO audit_record (municipality_id, at, agent, action, subject_kind, subject_id,"
        f" reason, detail) VALUES ({city.pk}, now(), '', 'viewed', 'camera', '2', '', '{{}}')"
    )
    refused = [
        *(f"{act} audit_record" for act in ("DELETE FROM", "TRUNCATE")),
        *(f"{act} audit_chainlink" for act in ("DELETE FROM", "TRUNCATE")),
        "UPDATE audit_record SET reason = 'x'",
        "UPDATE audit_chainlink SET number = 7",
        "INSERT INTO audit_chainlink SELECT 9, chain, 9, hash, hash, now() FROM audit_chainlink",
        "INSERT INTO audit_turn VALUES (pg_current_xact_id(), 1)",
        "SELECT audit_chain_turns()",
        "SET session_replication_role = replica",
        "ALTER TABLE audit_record DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_record_takes_turn ON audit_record",
        "UPDATE journal_entry SET kind = 'x'",
    ]
    with psycopg.connect(**login, user=lasting_role, autocommit=True) as own:
        own.execute(add)
        for sql in refused:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                own.execute(sql)
        (seen,) = own.execute("SELECT count(*) FROM audit_chainlink").fetchone()
    assert seen == Record.objects.count() == ChainLink.objects.filter(chain=city.pk).count() == 2


def test_no_record_no_ticket(operator, city, unable):
    camera = make_camera(city)
    path = f"/m/{city.code}/cctv/cameras/{camera.pk}/ticket/"
    body = {"incident": None, "purpose": "시험"}
    assert is_refused(operator.post(path, body, content_type="application/json"))
    assert not VideoTicket.objects.exists()
    assert camera.pk not in streams._relays


def test_no_record_no_segment(operator, city, haneul, role):
    camera = make_camera(city)
    path = f"/m/{city.code}/cctv/cameras/{camera.pk}/ticket/"
    body = {"incident": None, "purpose": "시험"}
    token = operator.post(path, body, content_type="application/json").json()["ticket"]
    with connection.cursor() as cursor:
        cursor.execute(f"REVOKE INSERT ON audit_record FROM {role}; SET LOCAL ROLE {role}")
    headers = {"Authorization": f"Ticket {token}"}
    try:
        for name in ("live.m3u8", "init.mp4", "0.m4s"):
            answer = operator.get(f"/video/{camera.pk}/{name}", headers=headers)
            assert answer.status_code in {503, 403, 404}
            assert b"EXTM3U" not in answer.content
        assert is_refused(operator.get(f"/video/{camera.pk}/live.m3u8", headers=headers))
    finally:
        streams.stop_all()
    assert not ViewRecord.objects.exists()


def test_no_record_no_grant(city, link, post, role):
    camera = make_camera_at(city, 127.4, 36.4003, "중앙로 1")
    link.mode = LinkMode.PUSH
    link.save()
    assert post(envelope(receipt_no=RECEIPT)).status_code == 201
    with connection.cursor() as cursor:
        cursor.execute(f"REVOKE INSERT ON audit_record FROM {role}; SET LOCAL ROLE {role}")
    assert is_refused(post(ask(camera.pk)))
    assert not StreamGrant.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_no_record_no_still(operator, city, link, lasting_role):
    """In commits of its own, which a still insists upon."""
    camera, incident = make_camera(city), taken(link)
    path = reverse("linkage:stills", args=[city.code, incident.pk])
    with unrecorded(lasting_role):
        answer = operator.post(path, {"camera": camera.pk}, content_type="application/json")
        assert is_refused(answer)
        assert not Still.objects.exists()
    assert camera.pk not in streams._relays


@pytest.mark.django_db(transaction=True)
def test_no_record_no_export(client, city, supervisor, link, lasting_role):
    incident = taken(link)
    client.force_login(supervisor)
    client.raise_request_exception = False
    address = reverse("admin:incidents_incident_changelist")
    chosen = {"action": "export_csv", "_selected_action": [str(incident.pk)]}
    with unrecorded(lasting_role):
        assert is_refused(client.post(address, chosen))
        page = client.post(address, chosen, headers={"Accept": "text/html"})
    assert page.status_code == 503
    assert "감사" in page.content.decode()


@pytest.mark.django_db(transaction=True)
def test_no_link_no_ticket(operator, city):
    """The record could be written, its chain cannot: the commit fails, and with it the act."""
    camera = make_camera(city)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_chainlink RENAME TO audit_chainlink_away")
    try:
        path = f"/m/{city.code}/cctv/cameras/{camera.pk}/ticket/"
        body = {"incident": None, "purpose": "시험"}
        assert is_refused(operator.post(path, body, content_type="application/json"))
        assert not VideoTicket.objects.exists()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_chainlink_away RENAME TO audit_chainlink")
    record(action="viewed", subject_kind="camera", subject_id=1, municipality_id=city.pk)
    assert ChainLink.objects.count() == Record.objects.count()
    assert not Record.objects.filter(action="video.ticket").exists()
