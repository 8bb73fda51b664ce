"""An update over a filled database: how long each migration takes and locks.

A scratch database is migrated to where video provision began (BEFORE), filled by SQL as it was then
(incidents, messages, grants, views, tickets, audit records; triggers and foreign keys off while it
is filled), and migrated to the head as `manage.py migrate` does, one transaction a migration.
`lock_*` is how long a table that stood before was held against writing (`_w`) or against reading
too (`_r`), the longest of all migrations. Rows are counted and compared afterwards, and the whole
audit record is verified. The floor copies the audit records, views and grants into bare tables.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from _scratch import scratch_database

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

BEFORE = {"audit": "0002_insert_only", "cctv": "0010_borrowed_cameras",
          "incidents": "0008_concerns", "linkage": "0037_cap"}  # fmt: skip
AGAINST_READING = {"AccessExclusiveLock"}
AGAINST_WRITING = {"ExclusiveLock", "ShareRowExclusiveLock", "ShareLock"}
INCIDENT = "('00000000-0000-4000-8000-' || lpad(to_hex({}), 12, '0'))::uuid"
CAMERAS = 10_000
EMPTY = {
    "character varying": "''", "text": "''", "boolean": "false", "jsonb": "'{}'",
    "timestamp with time zone": "now()", "uuid": "gen_random_uuid()", "bytea": r"'\x00'",
    "bigint": "0", "integer": "0", "smallint": "0", "double precision": "0",
    "USER-DEFINED": "ST_SetSRID(ST_MakePoint(126.9, 37.5), 4326)::geography",
}  # fmt: skip


def tables(incidents: int) -> list[tuple[str, int, dict[str, str]]]:
    """Say what is filled with how many rows; `g` is the number of a row. Nothing named is empty."""
    one = INCIDENT.format(f"1 + g % {incidents}")
    city, camera, person = "1 + g % 3", f"1 + g % {CAMERAS}", "1 + g % 30"
    is_open = f"g > {incidents - 50}"
    text = "repeat('여자가 쫓기고 있다 ', 6)"
    began = "now() - make_interval(mins => g)"
    return [
        ("municipalities_municipality", 3, {"code": "'9001' || g"}),
        ("accounts_user", 30, {"username": "'u' || g"}),
        ("linkage_agency", 6, {"organisation_code": "'90' || g"}),
        ("linkage_link", 6, {"agency_id": "g", "municipality_id": city, "code": "'link' || g"}),
        ("incidents_kind", 3, {"code": "'k' || g"}),
        ("cctv_site", CAMERAS // 2, {"municipality_id": city, "register_id": "'r' || g"}),
        ("cctv_camera", CAMERAS, {
            "position": "1 + g % 2", "site_id": "(g + 1) / 2", "municipality_id": city,
            "health": "'online'", "source_kind": "'stream'"}),
        ("incidents_incident", incidents, {
            "id": INCIDENT.format("g"), "number": "g::text", "municipality_id": city,
            "kind_id": city, "summary": text, "received_at": began,
            "status": f"CASE WHEN {is_open} THEN 'responding' ELSE 'closed' END",
            "result": f"CASE WHEN {is_open} THEN '' ELSE 'resolved' END"}),
        ("incidents_incidentevent", 3 * incidents, {
            "incident_id": one, "municipality_id": city, "text": text}),
        ("linkage_inboxmessage", incidents, {
            "message_id": "g::text", "link_id": "1 + g % 6", "municipality_id": city,
            "message_type": "'EVENT_NOTIFY'", "raw": "decode(repeat('ab', 800), 'hex')"}),
        ("linkage_outboxmessage", 2 * incidents, {
            "message_type": "'STATUS_UPDATE'", "link_id": "1 + g % 6", "municipality_id": city,
            "event_id": "g", "incident_id": one, "state": "'acked'"}),
        ("linkage_streamgrant", incidents, {
            "case_number": "g::text", "purpose": "'RESCUE'", "basis": "'POLICE'",
            "camera_id": camera, "incident_id": INCIDENT.format("g"), "link_id": "1 + g % 6",
            "municipality_id": city, "granted_at": began,
            "expires_at": "now() - make_interval(mins => g - 30)",
            "ended_at": f"CASE WHEN {is_open} THEN NULL ELSE now() END",
            "end_reason": f"CASE WHEN {is_open} THEN '' ELSE 'agency_close' END"}),
        ("cctv_viewrecord", 3 * incidents, {
            "incident_id": one, "purpose": "'incident'", "camera_id": camera,
            "municipality_id": city, "viewer_id": person, "started_at": began,
            "ended_at": f"CASE WHEN g % {incidents} = 0 THEN NULL ELSE now() END",
            "end_reason": f"CASE WHEN g % {incidents} = 0 THEN '' ELSE 'stopped' END"}),
        ("cctv_videoticket", incidents, {
            "digest": "g::text", "purpose": "'incident'", "camera_id": camera,
            "municipality_id": city, "viewer_id": person, "view_id": "g"}),
        ("audit_record", 5 * incidents, {
            "municipality_id": "CASE WHEN g % 7 = 0 THEN NULL ELSE 1 + g % 3 END",
            "actor_id": person, "action": "'video.view'", "subject_kind": "'camera'",
            "subject_id": f"({camera})::text",
            "detail": f"jsonb_build_object('incident', {one}, 'name', '카메라 ' || g)"}),
        ("journal_entry", 3 * incidents, {"municipality_id": city, "number": "g"}),
    ]  # fmt: skip


def fill(cursor: Any, table: str, count: int, given: dict[str, str]) -> None:
    cursor.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s"
        " AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'", [table],
    )  # fmt: skip
    values = {name: EMPTY[kind] for name, kind in cursor.fetchall()} | given
    cursor.execute(
        f"INSERT INTO {table} ({', '.join(values)}) SELECT {', '.join(values.values())}"
        f" FROM generate_series(1, {count}) g"
    )


class Watched:
    """Times each migration and how long it held tables that stood before."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.took: dict[str, float] = {}
        self.held: dict[tuple[str, str], float] = {}
        self._since: dict[tuple[str, str], float] = {}
        self._began = 0.0
        with connection.cursor() as cursor:
            cursor.execute("SELECT oid FROM pg_class WHERE relkind = 'r'")
            self._old = {row[0] for row in cursor.fetchall()}

    def statement(self, execute: Any, *statement: Any) -> Any:
        began = time.monotonic()
        done = execute(*statement)
        locks = self.connection.connection.execute(
            "SELECT relation, relation::regclass::text, mode FROM pg_locks"
            " WHERE pid = pg_backend_pid() AND locktype = 'relation'"
        )
        for oid, table, mode in locks.fetchall():
            kind = "r" if mode in AGAINST_READING else "w" if mode in AGAINST_WRITING else ""
            if kind and oid in self._old:
                self._since.setdefault((table, kind), began)
        return done

    def progress(self, action: str, migration: Any = None, *_fake: Any) -> None:
        now = time.monotonic()
        if action == "apply_start":
            self._began = now
            self._since.clear()
        elif action == "apply_success":
            self.took[str(migration)] = now - self._began
            for key, since in self._since.items():
                self.held[key] = max(self.held.get(key, 0.0), now - since)


@contextmanager
def clock() -> Iterator[list[float]]:
    took = [0.0]
    began = time.monotonic()
    yield took
    took[0] = time.monotonic() - began


def measure(incidents: int) -> dict[str, Any]:
    from django.core.management import call_command  # noqa: PLC0415 - after set-up
    from django.db import connection  # noqa: PLC0415
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415

    connection.prepare_database()
    leaves = MigrationExecutor(connection).loader.graph.leaf_nodes()
    begin = [(app, BEFORE.get(app, name)) for app, name in leaves]
    MigrationExecutor(connection).migrate(begin)
    rows = tables(incidents)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for table, count, given in rows:
            fill(cursor, table, count, given)
        cursor.execute("RESET session_replication_role")
        cursor.execute("ANALYZE")
        with clock() as floor:
            for table in ("audit_record", "cctv_viewrecord", "linkage_streamgrant"):
                cursor.execute(f"CREATE TABLE bench_{table} AS SELECT * FROM {table}")
    watched = Watched(connection)
    with connection.execute_wrapper(watched.statement), clock() as took:
        MigrationExecutor(connection, watched.progress).migrate(leaves)
    for name, seconds in watched.took.items():
        print(f"  {name:44} {seconds:7.2f} s")
    for (table, kind), seconds in sorted(watched.held.items(), key=lambda item: -item[1])[:16]:
        against = "reading and writing" if kind == "r" else "writing"
        print(f"  {table:32} held against {against:20} {seconds:7.2f} s")
    with connection.cursor() as cursor:
        for table, count, _given in rows:
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone()[0] == count, table
        cursor.execute(
            "SELECT (SELECT count(*) FROM cctv_viewrecord WHERE settled_at IS DISTINCT FROM"
            " ended_at) + (SELECT count(*) FROM linkage_streamgrant WHERE not_after IS DISTINCT"
            " FROM greatest(expires_at, granted_at)) + (SELECT count(*) FROM pg_constraint"
            " WHERE NOT convalidated)"
        )
        assert cursor.fetchone()[0] == 0
    call_command("verify_audit")
    figures = {"all_s": took[0]} | {f"{name}_s": s for name, s in watched.took.items()}
    figures |= {f"lock_{table}_{kind}_s": s for (table, kind), s in watched.held.items() if s > 1}
    return {
        "bench": "upgrade",
        "figures": {name: round(value, 2) for name, value in figures.items()},
        "floor": {"bare_copy_s": round(floor[0], 2)},
        "ratio": round(took[0] / floor[0], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--incidents", type=int, default=100_000)
    options = parser.parse_args()
    with scratch_database("upgrade", migrated=False):
        print(json.dumps(measure(options.incidents)))


if __name__ == "__main__":
    main()
