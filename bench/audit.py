"""The audit chain: 1,000,000 records verified; what one costs with its chain, beside a bare insert.

`verify_s_1000000` is the whole verification as `manage.py verify_audit` does it: every record
hashed anew in Python and compared, every link followed, every anchor compared, records out of the
chain looked for. Its floor is the bare loop in the same run: the same rows by the same kind of
cursor, their bytes through one sha256 a row, nothing compared.
`record_*` is chain.record() in a commit of its own; its floor is a bare INSERT of the same row
into a table with the same columns and indexes and no triggers, taking turns. `in_one` are 100
records of one transaction, for each of them. `writers_8` are eight threads on the chain of one city
at once. `load` chains records that came by INSERT ... SELECT, 10,000 a transaction.
"""

import argparse
import hashlib
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from _scratch import scratch_database

ROOT = Path(__file__).resolve().parent.parent
BATCH = 10_000
WRITERS = 8
IN_ONE = 100
CODE = "99999"
LOAD = """
INSERT INTO {table} (municipality_id, at, agent, action, subject_kind, subject_id, reason, detail)
SELECT %s, now() - n * interval '1 second', '',
       (ARRAY['video.ticket', 'video.view', 'video.view_end', 'still.viewed'])[1 + n %% 4],
       'camera', (n %% 5000)::text, '112 신고 ' || n,
       jsonb_build_object('incident', gen_random_uuid(), 'view', n, 'why', 'stopped')
  FROM generate_series(%s::int, %s::int) n
"""
BARE = (
    "INSERT INTO bench_bare (municipality_id, at, agent, action, subject_kind, subject_id, reason,"
    " detail) VALUES (%s, now(), '', 'video.view', 'camera', %s, '112 신고', %s) RETURNING id"
)
DETAIL = {"incident": "0190c8a2-0000-7000-8000-000000000000", "view": 1}


def load(city: int, count: int) -> float:
    """Fill the record; give the records chained per second."""
    from django.db import connection, transaction  # noqa: PLC0415 - after set-up

    began = time.perf_counter()
    for first in range(1, count + 1, BATCH):
        with transaction.atomic(), connection.cursor() as cursor:
            last = min(first + BATCH - 1, count)
            cursor.execute(LOAD.format(table="audit_record"), [city, first, last])
    took = time.perf_counter() - began
    with connection.cursor() as cursor:
        for table in ("audit_record", "audit_chainlink"):
            cursor.execute(f"VACUUM ANALYZE {table}")
    return count / took


def whole(anchors_of: Path) -> float:
    """Verify everything as the command does; give the seconds."""
    from django.conf import settings  # noqa: PLC0415 - after set-up

    from controlroom.audit import anchors  # noqa: PLC0415 - after set-up
    from controlroom.audit.verify import Anchored, verify  # noqa: PLC0415 - after set-up

    began = time.perf_counter()
    anchored = Anchored()
    anchored.take(anchors_of, [anchors.public_key(settings.AUDIT_KEY)])
    reports = list(verify(anchored=anchored))
    took = time.perf_counter() - began
    if not reports or not all(report.is_good for report in reports) or anchored.forged:
        raise SystemExit(f"the chain is not whole: {[report.counts for report in reports]}")
    return took


def bare_loop(city: int) -> float:
    """Read the same rows and hash their bytes, and nothing more; give the seconds."""
    from django.db import connection, transaction  # noqa: PLC0415 - after set-up

    from controlroom.audit.verify import _LINKS, AT_ONCE  # noqa: PLC0415 - after set-up

    began = time.perf_counter()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_sort = off")
        cursor = connection.chunked_cursor()
        cursor.execute(_LINKS, [city])
        while rows := cursor.fetchmany(AT_ONCE):
            for row in rows:
                hashlib.sha256("".join(text or "" for text in row[2:]).encode()).digest()
        cursor.close()
    return time.perf_counter() - began


def quantiles(values: list[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return cuts[49], cuts[98]


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def writers(work: Callable[[], object], each: int) -> float:
    """Let eight threads do this so often; give how many a second were done."""
    from django.db import connections  # noqa: PLC0415 - after set-up

    def run() -> None:
        for _turn in range(each):
            work()
        connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(WRITERS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return WRITERS * each / (time.perf_counter() - began)


def in_turns(works: dict[str, Callable[[], object]], number: int) -> dict[str, list[float]]:
    """Time these one after the other, so often; the first tenth warms up."""
    took: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(number + number // 10):
        for name, work in works.items():
            spent = timed(work)
            if turn >= number // 10:
                took[name].append(spent)
    return took


def costs(city: int, number: int) -> tuple[dict[str, float], dict[str, float]]:
    """Measure one record with its chain and a bare insert, taking turns."""
    from django.db import connection, transaction  # noqa: PLC0415 - after set-up

    from controlroom.audit.chain import record  # noqa: PLC0415 - after set-up

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_bare (LIKE audit_record INCLUDING ALL)")

    def chained() -> None:
        record(
            action="video.view", subject_kind="camera", subject_id=7, municipality_id=city,
            reason="112 신고", detail=DETAIL,
        )  # fmt: skip

    def bare() -> None:
        with connection.cursor() as cursor:
            cursor.execute(BARE, [city, "7", json.dumps(DETAIL)])

    def many(work: Callable[[], object]) -> None:
        with transaction.atomic():
            for _turn in range(IN_ONE):
                work()

    took = in_turns({"chained": chained, "bare": bare}, number)
    in_one = {
        name: statistics.median(timed(lambda work=work: many(work)) / IN_ONE for _ in range(20))
        for name, work in (("chained", chained), ("bare", bare))
    }
    at_once = {
        name: writers(work, number // 4) for name, work in (("chained", chained), ("bare", bare))
    }
    said = []
    for name in ("chained", "bare"):
        p50, p99 = quantiles(took[name])
        said.append(
            {
                "record_p50_ms": p50,
                "record_p99_ms": p99,
                "record_in_one_ms": in_one[name],
                f"writers_{WRITERS}_per_s": at_once[name],
            }
        )
        print(
            f"  {name:<8} p50 {p50:6.3f}  p99 {p99:6.3f} ms   {IN_ONE} in one transaction "
            f"{in_one[name]:6.3f} ms each   {WRITERS} writers at once {at_once[name]:8.0f} /s"
        )
    return said[0], said[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000, help="records to verify")
    parser.add_argument("--writes", type=int, default=2_000, help="records to write one by one")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    with scratch_database("audit"), tempfile.TemporaryDirectory() as folder:
        run(options.records, options.writes, Path(folder))


def run(records: int, writes: int, folder: Path) -> None:
    from django.conf import settings  # noqa: PLC0415 - after set-up
    from django.utils import timezone  # noqa: PLC0415 - after set-up

    from controlroom.audit import anchors  # noqa: PLC0415 - after set-up
    from controlroom.municipalities.models import Municipality  # noqa: PLC0415 - after set-up

    city = Municipality.objects.create(code=CODE, name_ko="시험시").pk
    per_s = load(city, records)
    print(f"{records:,} records chained, {per_s:,.0f} /s; {os.cpu_count()} processors")
    line = anchors.write(heads=anchors.heads().values(), at=timezone.now(), seed=settings.AUDIT_KEY)
    (folder / "anchors.jsonl").write_text(line + "\n", encoding="utf-8")
    floor_s = bare_loop(city)
    verify_s = whole(folder)
    print(
        f"  verified in {verify_s:.1f} s, {records / verify_s:,.0f} /s; bare loop {floor_s:.1f} s"
    )
    chained, bare = costs(city, writes)
    key = f"verify_s_{records}"
    report = {
        "bench": "audit",
        "figures": {
            name: round(value, 3)
            for name, value in {key: verify_s, "load_per_s": per_s, **chained}.items()
        },
        "floor": {name: round(value, 3) for name, value in {key: floor_s, **bare}.items()},
        "ratio": round(verify_s / floor_s, 2),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
