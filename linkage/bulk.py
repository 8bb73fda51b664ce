"""Write changed fields of several rows by one statement of arrays.

Django's bulk_update writes a CASE with a branch for every row and field, and takes most of its time
to write it.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Model


def update(rows: Sequence[Model], fields: Sequence[str]) -> None:
    """Save these fields of rows of one model, by their keys.

    Locks: the rows, in no order of its own: lock them before.
    """
    if not rows:
        return
    meta = rows[0]._meta  # noqa: SLF001 - Django's documented way to a model's fields
    kept: list[Any] = [meta.pk, *(meta.get_field(name) for name in fields)]
    arrays = ", ".join(f"%s::{field.rel_db_type(connection)}[]" for field in kept)
    names = ", ".join(f'"{field.column}"' for field in kept)
    changes = ", ".join(f'"{field.column}" = new."{field.column}"' for field in kept[1:])
    values: list[list[Any]] = [
        [field.get_db_prep_save(getattr(row, field.attname), connection) for row in rows]
        for field in kept
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f'UPDATE "{meta.db_table}" AS old SET {changes} '  # noqa: S608 - names of models alone
            f'FROM unnest({arrays}) AS new({names}) WHERE old."{kept[0].column}" '
            f'= new."{kept[0].column}"',
            values,
        )
