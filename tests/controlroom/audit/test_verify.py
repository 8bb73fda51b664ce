"""Whatever is done to the record behind the application's back is found, and said where."""

import json
import threading

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone

from controlroom.audit import anchors, chain, walking
from controlroom.audit.digests import GENESIS
from controlroom.audit.models import ChainLink, ChainState, Record
from controlroom.audit.verify import Anchored, verify
from controlroom.audit.walking import Fault
from tests.conftest import make_municipality

pytestmark = pytest.mark.django_db(transaction=True)


def write(city, count=1, **more):
    for number in range(count):
        chain.record(
            action="viewed",
            subject_kind="camera",
            subject_id=number,
            municipality_id=city.pk if city else None,
            detail={"길": "한빛로", "n": number, "nested": {"b": [1, 2.5, None], "aa": "\\\"\n"}},
            **more,
        )


def found(path=None, chain=None) -> set[tuple[Fault, int, int]]:
    anchored = Anchored()
    if path:
        anchored.take(path, [anchors.public_key(b"only-for-tests-01234567890123456")])
    told = {
        (one.fault, one.first, one.last)
        for report in verify(anchored=anchored, chain=chain)
        for one in report.told
    }
    anchored.close()
    return told


def export(tmp_path, settings):
    path = tmp_path / "anchors.jsonl"
    with path.open("a") as file:
        line = anchors.write(
            heads=anchors.heads().values(), at=timezone.now(), seed=settings.AUDIT_KEY
        )
        file.write(line + "\n")
    return path


def as_superuser(*statements: str) -> None:
    """Do what nobody should: with every trigger asleep."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)


def test_an_untouched_record_is_whole(city, tmp_path, settings):
    write(city, 3)
    write(None, 2)
    path = export(tmp_path, settings)
    assert found(path) == set()
    assert list(ChainLink.objects.order_by("chain", "number").values_list("chain", "number")) == [
        (0, 1), (0, 2), (city.pk, 1), (city.pk, 2), (city.pk, 3)
    ]
    assert bytes(ChainLink.objects.get(chain=0, number=1).previous) == GENESIS
