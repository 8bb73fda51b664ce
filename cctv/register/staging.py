"""Bring judged rows into the staging table by COPY."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection

from cctv.register.places import Directory, Place, directory
from cctv.register.verdicts import Row
from controlroom.municipalities.choices import CodeScheme
from controlroom.municipalities.models import Municipality, MunicipalityCode

COPY = f"COPY cctv_stagedrow (batch_id, {', '.join(Row._fields)}) FROM STDIN"


def known_municipalities(default_id: int | None) -> Directory:
    """Build the look-up over every municipality that the system knows."""
    codes: dict[int, list[str]] = {}
    for pk, code in MunicipalityCode.objects.filter(scheme=CodeScheme.ORGANISATION).values_list(
        "municipality_id", "code"
    ):
        codes.setdefault(pk, []).append(code)
    places = [
        Place(pk, name, province, (organisation, *codes.get(pk, ())) if organisation else ())
        for pk, name, province, organisation in Municipality.objects.values_list(
            "pk", "name_ko", "province_ko", "organisation_code"
        )
    ]
    return directory(places, default_id)


def copy_rows(batch_id: int, rows: Iterable[Row]) -> None:
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        for row in rows:
            copy.write_row((batch_id, *row))


def forget(batch_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM cctv_stagedrow WHERE batch_id = %s", [batch_id])


def run(sql: str, parameters: Mapping[str, Any]) -> int:
    """Run one statement of the import; give the number of rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.rowcount)


def ask(sql: str, parameters: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
        return rows
