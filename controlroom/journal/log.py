"""Append to the journal; read it after a number."""

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.dispatch import Signal
from django.utils import timezone

from controlroom.journal.choices import Audience
from controlroom.journal.models import Entry

# Sent after commit with municipality_id and number; losing it harms nobody.
appended = Signal()


def append(
    *,
    municipality_id: int,
    kind: str,
    subject_kind: str,
    subject_id: str | int,
    data: dict[str, Any],
    actor_id: int | None = None,
    audience: str = Audience.OPERATIONS,
    at: datetime | None = None,
) -> Entry:
    """Write a fact under the municipality's next number, in the caller's transaction.

    Locks: the municipality's counter row until the transaction ends, so numbers commit in order;
    append as late in the transaction as you can.
    Emits: appended, after commit.
    Raises: RuntimeError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("journal.append needs a transaction")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO journal_stream (municipality_id, head) VALUES (%s, 1) "
            "ON CONFLICT (municipality_id) DO UPDATE SET head = journal_stream.head + 1 "
            "RETURNING head",
            [municipality_id],
        )
        (number,) = cursor.fetchone()
    entry: Entry = Entry.objects.create(
        municipality_id=municipality_id,
        number=number,
        audience=audience,
        kind=kind,
        subject_kind=subject_kind,
        subject_id=str(subject_id),
        actor_id=actor_id,
        at=at or timezone.now(),
        data=data,
    )
    transaction.on_commit(
        lambda: appended.send_robust(
            sender=Entry, municipality_id=municipality_id, number=number, audience=audience
        ),
        robust=True,
    )
    return entry
