"""The audit record is only ever added to."""

import pytest
from django.db import DatabaseError, connection, transaction

from controlroom.audit.chain import record
from controlroom.audit.models import Record

pytestmark = pytest.mark.django_db


def refused(sql: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    except DatabaseError as error:
        return "only added" in str(error)
    return False


def test_a_record_keeps_who_what_and_why(haneul, city):
    row = record(
        action="viewed",
        subject_kind="camera",
        subject_id=7,
        municipality_id=city.pk,
        actor_id=haneul.pk,
        reason="112",
    )
    kept = Record.objects.get(pk=row.pk)
    assert (kept.actor, kept.municipality, kept.subject_id, kept.reason) == (
        haneul,
        city,
        "7",
        "112",
    )


@pytest.mark.parametrize(
    "sql", ["UPDATE audit_record SET reason = 'x'", "DELETE FROM audit_record"]
)
def test_the_database_refuses_to_change_a_record(sql):
    record(action="viewed", subject_kind="camera", subject_id=7)
    assert refused(sql)
    assert Record.objects.count() == 1


def test_the_database_refuses_to_empty_the_record():
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_record ENABLE TRIGGER audit_record_no_truncate")
    assert refused("TRUNCATE audit_record")


def test_only_records_of_the_own_city_are_visible_and_only_by_right(bada, haneul, stranger, city):
    record(action="viewed", subject_kind="camera", subject_id=7, municipality_id=city.pk)
    assert Record.objects.visible_to(bada).count() == 1
    assert not Record.objects.visible_to(haneul).exists()
    assert not Record.objects.visible_to(stranger).exists()


def test_signing_in_and_being_refused_are_on_record(client, haneul):
    client.login(username="haneul", password="wrong")
    client.login(username="haneul", password="pass")
    client.logout()
    actions = list(Record.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["sign_in_refused", "signed_in", "signed_out"]
