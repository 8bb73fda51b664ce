"""Find records by person, subject, camera, incident, action and time."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.dispatch import Signal
from django.utils import timezone

# Sent with kind ("camera" or "incident"), words and municipality_ids: a room that knows such things
# answers with the ids of those that people call so.
named = Signal()


def by_person(rows: QuerySet[Any], words: str) -> QuerySet[Any]:
    return rows.filter(
        Q(actor__username__icontains=words)
        | Q(actor__display_name__icontains=words)
        | Q(agent__icontains=words)
    )


def by_thing(
    rows: QuerySet[Any], kind: str, words: str, municipality_ids: Collection[int]
) -> QuerySet[Any]:
    """Keep the records of things of a kind: their own, and those that name one in the detail."""
    ids = {words}
    for _receiver, answer in named.send(
        sender=by_thing, kind=kind, words=words, municipality_ids=municipality_ids
    ):
        ids |= set(answer or ())
    rows = rows.alias(named=KeyTextTransform(kind, "detail"))
    return rows.filter(Q(subject_kind=kind, subject_id__in=ids) | Q(named__in=ids))


def by_subject(rows: QuerySet[Any], words: str) -> QuerySet[Any]:
    """Keep a subject: its id, or its kind and id ("user 7")."""
    kind, _space, number = words.partition(" ")
    if number:
        return rows.filter(subject_kind=kind, subject_id=number.strip())
    return rows.filter(Q(subject_id=words) | Q(subject_kind=words))


def by_action(rows: QuerySet[Any], words: str) -> QuerySet[Any]:
    return rows.filter(action__icontains=words)


def since(rows: QuerySet[Any], day: date) -> QuerySet[Any]:
    return rows.filter(at__gte=_begin(day))


def until(rows: QuerySet[Any], day: date) -> QuerySet[Any]:
    """Keep what was up to the end of that day."""
    return rows.filter(at__lt=_begin(day + timedelta(days=1)))


def _begin(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, datetime.min.time()))
