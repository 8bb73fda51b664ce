"""Import of a camera register: speed against a bare COPY, and memory from 10,000 to 300,000 rows.

The whole way is timed: encoding and form found, rows read and judged against boundaries of 720
vertices, duplicates, reconciliation, sites and cameras written with their indexes, changes
remembered for undo. The floor is one COPY of the same rows into the same indexed site table (no
cameras, nothing judged, text prepared beforehand).
"""

import json
import math
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parent.parent
SIZES = (10_000, 100_000, 300_000)
RUNS = 3
CITIES = 5
HEADER = (
    "개방자치단체코드,관리번호,관리기관명,소재지도로명주소,소재지지번주소,설치목적구분,카메라대수,"
    "카메라화소수,촬영방면정보,보관일수,설치연월,관리기관전화번호,WGS84위도,WGS84경도,"
    "데이터기준일자,데이터갱신구분,데이터갱신시점,최종수정시점"
)


def django_up() -> None:
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlroom.settings")
    import django  # noqa: PLC0415 after the environment

    django.setup()


def centre(city: int) -> tuple[float, float]:
    return 127.0 + 0.3 * city, 36.35


def write_register(path: Path, rows: int) -> None:
    """Write a register like Daejeon's: two cameras per site, one row in 100 misplaced."""
    pick = random.Random(7)
    with path.open("w", encoding="cp949", newline="") as file:
        file.write(HEADER + "\r\n")
        for number in range(rows):
            city = number % CITIES
            lon, lat = centre(city)
            away = 0.3 if number % 100 == 0 else 0.08
            angle = pick.uniform(0, 2 * math.pi)
            radius = away * math.sqrt(pick.random()) if away < 0.1 else away
            look = pick.choice(("360도 전방면", "북동쪽", "드림마트 사거리", ""))
            file.write(
                f"{9000000 + city},{number:018d},가상시 구{city}청,"
                f"가상시 구{city} 한빛로{number % 977}번길 {number % 89},"
                f"가상시 구{city} 새벽동 {number % 911}-{number % 31},생활방범,{number % 3 + 1},"
                f"200,{look},30,20{number % 20 + 5:02d}05,042-000-{number % 10000:04d},"
                f"{lat + radius * math.sin(angle):.7f},"
                f"{lon + radius * math.cos(angle):.7f},"
                "2026-05-20,I,2026-05-15 18:45:37,2026-05-16 10:00:00\r\n"
            )


def make_cities() -> None:
    from django.contrib.gis.geos import MultiPolygon, Point, Polygon  # noqa: PLC0415

    from controlroom.municipalities.models import Municipality  # noqa: PLC0415

    for city in range(CITIES):
        lon, lat = centre(city)
        ring = [
            (
                lon + (0.1 + 0.004 * math.sin(step / 7)) * math.cos(math.radians(step / 2)),
                lat + (0.1 + 0.004 * math.sin(step / 7)) * math.sin(math.radians(step / 2)),
            )
            for step in range(720)
        ]
        Municipality.objects.create(
            code=f"9900{city}",
            name_ko=f"구{city}",
            province_ko="가상시",
            organisation_code=f"{9000000 + city}",
            boundary=MultiPolygon(Polygon([*ring, ring[0]]), srid=4326),
            centre=Point(lon, lat, srid=4326),
        )


def empty() -> None:
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE cctv_site, cctv_importbatch CASCADE")
        cursor.execute("TRUNCATE cctv_stagedrow")
    with psycopg.connect(os.environ["BENCH_DSN"], autocommit=True) as server:
        server.execute("CHECKPOINT")


def peak_mb() -> float:
    """Read the peak memory of this process; ru_maxrss would count the parent before exec too."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def child(path: Path) -> None:
    """Import one file; print seconds, rows and the peak memory of this process."""
    django_up()
    from cctv.models import ImportBatch, Site  # noqa: PLC0415
    from cctv.register import batches, work  # noqa: PLC0415

    empty()
    start = time.perf_counter()
    batch = batches.receive(path=path, file_name=path.name, municipality=None)
    batches.start_check(batch=batch)
    work.advance(batch.pk)
    checked = time.perf_counter()
    batches.start_apply(batch=batch)
    work.advance(batch.pk)
    done = time.perf_counter()
    batch = ImportBatch.objects.get(pk=batch.pk)
    peak = peak_mb()
    assert Site.objects.count() == batch.totals["new"] > 0.98 * batch.rows_read, batch.totals
    print(
        json.dumps(
            {"rows": batch.rows_read, "check_s": checked - start, "apply_s": done - checked}
            | {"rss_mb": peak}
        )
    )


COLUMNS = (
    "municipality_id, register_id, name, managing_agency, road_address, lot_address, purpose, "
    "location, camera_count, pixels_10k, direction_text, retention_days, installed_month, phone, "
    "data_date, match_key, source_hash, updated_at"
)


def floor(path: Path) -> float:
    """Time a bare COPY of the sites that the last import made into the emptied site table."""
    from django.db import connection  # noqa: PLC0415

    select = f"COPY (SELECT {COLUMNS} FROM cctv_site ORDER BY id) TO STDOUT"
    with connection.cursor() as cursor, cursor.copy(select) as out:
        rows = b"".join(bytes(block) for block in out)
    empty()
    with connection.cursor() as cursor:
        start = time.perf_counter()
        with cursor.copy(f"COPY cctv_site ({COLUMNS}) FROM STDIN") as copy:
            for begin in range(0, len(rows), 1 << 16):
                copy.write(rows[begin : begin + (1 << 16)])
    return time.perf_counter() - start


def run_child(path: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, __file__, "child", str(path)], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def measure(folder: Path) -> None:
    django_up()
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    make_cities()
    memory: dict[int, float] = {}
    speeds: dict[int, list[dict[str, float]]] = {}
    floors: list[float] = []
    for rows in SIZES:
        path = folder / f"{rows}.csv"
        write_register(path, rows)
        for _run in range(RUNS if rows == 100_000 else 1):
            seen = run_child(path)
            speeds.setdefault(rows, []).append(seen)
            memory[rows] = max(memory.get(rows, 0), seen["rss_mb"])
            line = f"{rows:>7} rows: check {seen['check_s']:.2f} s, apply {seen['apply_s']:.2f} s"
            if rows == 100_000:
                floors.append(floor(path))
                line += f"; floor, bare COPY {floors[-1]:.2f} s"
            print(f"{line}; peak {seen['rss_mb']:.0f} MB", flush=True)
        path.unlink()

    def seconds(rows: int) -> float:
        times = sorted(seen["check_s"] + seen["apply_s"] for seen in speeds[rows])
        return times[len(times) // 2]

    bare = sorted(floors)[len(floors) // 2]
    total = seconds(100_000)
    # Each import is compared with the floor taken right after it: the machine may be shared.
    ratios = sorted(
        (seen["check_s"] + seen["apply_s"]) / low
        for seen, low in zip(speeds[100_000], floors, strict=True)
    )
    per_row = {rows: 1e6 * seconds(rows) / rows for rows in SIZES}
    print("cost per row, µs: " + ", ".join(f"{n}: {cost:.0f}" for n, cost in per_row.items()))
    result = {
        "bench": "import",
        "figures": {
            "rows_per_s": round(100_000 / total),
            "seconds_100000": round(total, 2),
            "seconds_300000": round(seconds(300_000), 2),
            "rss_mb_10000": round(memory[10_000], 1),
            "rss_mb_300000": round(memory[300_000], 1),
        },
        "floor": {"copy_rows_per_s": round(100_000 / bare), "copy_seconds": round(bare, 2)},
        "ratio": round(ratios[len(ratios) // 2], 2),
    }
    print(json.dumps(result))


def main() -> None:
    if sys.argv[1:2] == ["child"]:
        child(Path(sys.argv[2]))
        return
    url = urlsplit(os.environ["DATABASE_URL"])
    name = f"bench_import_{os.getpid()}"
    server = urlunsplit(url._replace(scheme="postgresql"))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    os.environ["BENCH_DSN"] = server
    os.environ["DATABASE_URL"] = urlunsplit(url._replace(path=f"/{name}"))
    try:
        with tempfile.TemporaryDirectory() as folder:
            os.environ["CONTROLROOM_STATE_DIR"] = folder
            measure(Path(folder))
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


if __name__ == "__main__":
    main()
