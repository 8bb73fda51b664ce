"""Append to the journal; read it after a number, as a reader of some audiences."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.dispatch import Signal
from django.utils import timezone

from controlroom.journal.choices import Audience
from controlroom.journal.models import Entry, Stream

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
    transaction.on_commit(partial(_ring, municipality_id, number, audience), robust=True)
    return entry


@dataclass(frozen=True)
class Fact:
    """An entry to be: what append takes, without its municipality."""

    kind: str
    subject_kind: str
    subject_id: str
    data: dict[str, Any]
    actor_id: int | None = None
    audience: str = Audience.OPERATIONS


def append_all(*, municipality_id: int, facts: Sequence[Fact]) -> None:
    """Write facts under the municipality's next numbers, in their order: two statements for all.

    Locks, emits and raises as append; the doorbell rings once for each audience.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("journal.append_all needs a transaction")
    if not facts:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO journal_stream (municipality_id, head) VALUES (%(city)s, %(count)s) "
            "ON CONFLICT (municipality_id) DO UPDATE SET head = journal_stream.head + %(count)s "
            "RETURNING head",
            {"city": municipality_id, "count": len(facts)},
        )
        (head,) = cursor.fetchone()
    now = timezone.now()
    entries = [
        Entry(
            municipality_id=municipality_id,
            number=number,
            audience=fact.audience,
            kind=fact.kind,
            subject_kind=fact.subject_kind,
            subject_id=fact.subject_id,
            actor_id=fact.actor_id,
            at=now,
            data=fact.data,
        )
        for number, fact in enumerate(facts, start=head - len(facts) + 1)
    ]
    Entry.objects.bulk_create(entries)
    for audience, number in {entry.audience: entry.number for entry in entries}.items():
        transaction.on_commit(partial(_ring, municipality_id, number, audience), robust=True)


def _ring(municipality_id: int, number: int, audience: str) -> None:
    appended.send_robust(
        sender=Entry, municipality_id=municipality_id, number=number, audience=audience
    )


def read_after(
    *,
    municipality_id: int,
    audiences: Iterable[str],
    after: int,
    limit: int,
    upto: int | None = None,
    prev: int | None = None,
) -> list[dict[str, Any]]:
    """Read what these audiences hear after a number, oldest first, as it goes over the wire.

    `prev` of each is the number before it in this scope, so a reader of part of the journal
    can tell a gap from an entry that was not meant for them; who already knows the number before
    the first says it as `prev`.
    """
    page = Entry.objects.in_scope(municipality_id, audiences).filter(number__gt=after)
    if upto is not None:
        page = page.filter(number__lte=upto)
    rows = page.order_by("number").values(
        "number", "kind", "at", "subject_kind", "subject_id", "data"
    )[:limit]
    if prev is None:
        prev = scope_head(municipality_id=municipality_id, audiences=audiences, upto=after)
    wire: list[dict[str, Any]] = []
    for row in rows:
        subject = {"kind": row.pop("subject_kind"), "id": row.pop("subject_id")}
        wire.append(row | {"prev": prev, "at": row["at"].isoformat(), "subject": subject})
        prev = row["number"]
    return wire


def scope_head(*, municipality_id: int, audiences: Iterable[str], upto: int | None = None) -> int:
    """Give the last number that these audiences hear, 0 when there is none yet."""
    head = 0
    # One audience at a time: each is a single probe of the index entry_by_audience.
    for audience in audiences:
        entries = Entry.objects.in_scope(municipality_id, [audience])
        if upto is not None:
            entries = entries.filter(number__lte=upto)
        head = max(head, entries.highest_number())
    return head


def heads(municipality_ids: Iterable[int]) -> dict[int, int]:
    """Give the last number of each municipality, whoever hears it."""
    streams = Stream.objects.filter(pk__in=list(municipality_ids))
    return dict(streams.values_list("municipality_id", "head"))
