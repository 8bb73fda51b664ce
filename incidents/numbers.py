"""Incident numbers: one sequence per municipality and year, without gaps."""

from datetime import datetime

from django.db import connection
from django.utils import timezone


def take_number(*, municipality_id: int, at: datetime) -> str:
    """Take the next number of the year of `at` (local time), as in 2026-000123.

    A rolled-back transaction gives its number back: there are no gaps.
    Locks: the counter row until the transaction ends; take the number late.
    """
    year = timezone.localtime(at).year
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO incidents_numbercounter (municipality_id, year, last) VALUES (%s, %s, 1) "
            "ON CONFLICT (municipality_id, year) "
            "DO UPDATE SET last = incidents_numbercounter.last + 1 RETURNING last",
            [municipality_id, year],
        )
        (last,) = cursor.fetchone()
    return f"{year}-{last:06d}"
