"""Choosing cameras for a place at 1,000, 100,000 and 1,000,000 cameras, beside bare SQL KNN.

Every figure is of whole choices as an incident asks for them: rows fetched, scored, ranked, every
pick and every skipped camera explained; `api` has the JSON and the web server too. The floor is
the five nearest cameras by psycopg from the same tables in the same run, prepared, taking turns
with the choices at the same places. `ratio` is p99 over p99 at 1,000,000; `ratio_p50` is in the
figures. `api` is
POST /m/<code>/cctv/search/ at a real daphne by a signed-in operator.
Works in a database of its own, dropped at the end. Density is a built-up city's: 100 cameras a
square kilometre, 40 % of them in clusters; places are near cameras, as incidents are.
"""

import argparse
import contextlib
import json
import math
import os
import random
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
from _scratch import scratch_database

ROOT = Path(__file__).resolve().parent.parent
SIZES = (1_000, 100_000, 1_000_000)
API_SIZE = 100_000
SITES_PER_CAMERA = 0.4
CAMERAS_PER_KM2 = 100.0
WEST, SOUTH = 126.5, 35.5
M_PER_DEG_LAT = 110_970.0
M_PER_DEG_LON = 90_000.0
CODE = "99999"
SERVICE = "police112"
ASGI = "controlroom.asgi:application"

# What the measurement says of a site; every other column takes the model's default.
SITE_VALUES = {
    "municipality_id": "%(municipality)s",
    "register_id": "n::text",
    "name": "'지점 ' || n",
    "road_address": "'한빛시 중앙로 ' || n",
    "purpose": "(ARRAY['생활방범','생활방범','생활방범','생활방범','생활방범','생활방범','다목적',"
    "'다목적','어린이보호','교통단속'])[1 + n %% 10]",
    "location": "ST_SetSRID(ST_MakePoint(%(west)s + x / %(m_lon)s, %(south)s + y / %(m_lat)s),"
    " 4326)",
    "installed_month": "DATE '2012-01-01' + (n %% 5000)",
    "updated_at": "now()",
}
CAMERA_VALUES = {
    "municipality_id": "s.municipality_id",
    "site_id": "s.id",
    "position": "k",
    "bearing_deg": "CASE WHEN random() < 0.6 THEN random() * 360 END",
    "field_of_view_deg": "CASE WHEN random() < 0.8 THEN 90 END",
    "health": "(ARRAY['online','online','online','online','online','online','online','online',"
    "'unknown','offline'])[1 + floor(random() * 10)::int]",
    "source_kind": "'stream'",
}
SITE_ROWS = """
  FROM (SELECT n,
               CASE WHEN n %% 5 < 2 THEN cx + 400 * sqrt(-2 * ln(u)) * cos(2 * pi() * v)
                    ELSE u * %(side)s END AS x,
               CASE WHEN n %% 5 < 2 THEN cy + 400 * sqrt(-2 * ln(u)) * sin(2 * pi() * v)
                    ELSE v * %(side)s END AS y
          FROM (SELECT n, greatest(random(), 1e-9) AS u, random() AS v,
                       -- 50 sites to a cluster, scattered by the golden ratio
                       %(side)s * ((n / 125 * 0.6180339887) - floor(n / 125 * 0.6180339887)) AS cx,
                       %(side)s * ((n / 125 * 0.7548776662) - floor(n / 125 * 0.7548776662)) AS cy
                  FROM generate_series(1, %(sites)s) n) r) p
"""
CAMERA_ROWS = """
  FROM cctv_site s
 CROSS JOIN LATERAL generate_series(1, CASE WHEN s.id %% 2 = 0 THEN 3 ELSE 2 END) k
"""
# The five nearest cameras and nothing else: no city, no purpose, no health, no reasons.
FLOOR = """
SELECT c.id, c.name, c.bearing_deg, s.lon, s.lat, s.distance_m
  FROM (SELECT id, ST_X(location::geometry) AS lon, ST_Y(location::geometry) AS lat,
               location <-> (SELECT %(place)s::geography) AS distance_m
          FROM cctv_site
         ORDER BY location <-> (SELECT %(place)s::geography)
         LIMIT 5) s
  JOIN cctv_camera c ON c.site_id = s.id
 ORDER BY s.distance_m
 LIMIT 5
"""


def insert(model: type, values: dict[str, str], rows: str) -> str:
    """Write the INSERT that gives each column its value here or the default of the model."""
    columns = dict(values)
    for field in model._meta.concrete_fields:
        if field.column not in columns and not field.null and not field.primary_key:
            columns[field.column] = f"'{field.get_default()}'"
    names = ", ".join(columns)
    return (
        f"INSERT INTO {model._meta.db_table} ({names}) SELECT {', '.join(columns.values())} {rows}"
    )


def load(floor: psycopg.Connection, municipality: int, cameras: int) -> None:
    from cctv.models import Camera, Site  # noqa: PLC0415 - after set-up

    side = math.sqrt(cameras / CAMERAS_PER_KM2) * 1000
    floor.execute("TRUNCATE cctv_site CASCADE")
    floor.execute("SELECT setseed(0.4)")
    values = {
        "municipality": municipality, "west": WEST, "south": SOUTH, "side": side,
        "m_lon": M_PER_DEG_LON, "m_lat": M_PER_DEG_LAT, "sites": int(cameras * SITES_PER_CAMERA),
    }  # fmt: skip
    # The values are typed by the text: a prepared statement could not tell numeric from float.
    client = psycopg.ClientCursor(floor)
    client.execute(insert(Site, SITE_VALUES, SITE_ROWS), values)
    client.execute(insert(Camera, CAMERA_VALUES, CAMERA_ROWS), values)
    for table in ("cctv_site", "cctv_camera", "cctv_viewrecord", "cctv_camerapolicy"):
        floor.execute(f"VACUUM ANALYZE {table}")
    (count,) = floor.execute("SELECT count(*) FROM cctv_camera").fetchone()
    print(f"{count:,} cameras on {values['sites']:,} sites over {side / 1000:.1f} km square")


def places(floor: psycopg.Connection, number: int) -> list[tuple[float, float]]:
    """Give places within 300 m of sites drawn by chance."""
    chance = random.Random(7)
    (low, high) = floor.execute("SELECT min(id), max(id) FROM cctv_site").fetchone()
    found = []
    for _ in range(number):
        lon, lat = floor.execute(
            "SELECT ST_X(location::geometry), ST_Y(location::geometry) FROM cctv_site "
            "WHERE id >= %s ORDER BY id LIMIT 1",
            [chance.randint(low, high)],
        ).fetchone()
        found.append(
            (
                lon + chance.uniform(-300, 300) / M_PER_DEG_LON,
                lat + chance.uniform(-300, 300) / M_PER_DEG_LAT,
            )
        )
    return found


def timed(work: Callable[[Any], object], place: object) -> float:
    began = time.perf_counter()
    work(place)
    return (time.perf_counter() - began) * 1000


def quantiles(values: list[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return cuts[49], cuts[98]


def measure(floor: psycopg.Connection, municipality: object, number: int) -> dict[str, float]:
    """Take turns: one choice, one bare KNN, at the same place; the first tenth warms up."""
    from django.contrib.gis.geos import Point  # noqa: PLC0415 - after set-up

    from cctv.selection import Choice, choose  # noqa: PLC0415 - after set-up

    def choice(place: Point) -> Choice:
        return choose(municipality=municipality, place=place, error_radius_m=50.0, service=SERVICE)

    def bare_knn(place: str) -> list:
        return floor.execute(FLOOR, {"place": place}, prepare=True, binary=True).fetchall()

    chosen, bare, picks, skipped = [], [], 0, 0
    every = places(floor, number + number // 10)
    for at, (lon, lat) in enumerate(every):
        # Each has the place in its own form, as an incident and a bare statement hold it.
        place, text = Point(lon, lat, srid=4326), f"SRID=4326;POINT({lon} {lat})"
        # Whoever goes second finds the pages warm: they take turns at that too.
        if at % 2:
            took, took_floor = timed(choice, place), timed(bare_knn, text)
        else:
            took_floor, took = timed(bare_knn, text), timed(choice, place)
        if at >= number // 10:
            chosen.append(took)
            bare.append(took_floor)
        elif at == 0:
            said = choice(place)
            picks, skipped = len(said.picks), len(said.skipped)
    p50, p99 = quantiles(chosen)
    floor_p50, floor_p99 = quantiles(bare)
    print(
        f"  choice  p50 {p50:6.2f}  p99 {p99:6.2f} ms   bare KNN  p50 {floor_p50:6.2f}  "
        f"p99 {floor_p99:6.2f} ms   ratio p50 {p50 / floor_p50:4.2f}  p99 {p99 / floor_p99:4.2f}"
        f"   (first: {picks} picks, {skipped} skipped)"
    )
    return {"p50": p50, "p99": p99, "floor_p50": floor_p50, "floor_p99": floor_p99}


def operator(municipality: object) -> str:
    """Make an operator and give the key of a session that is signed in."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: PLC0415 - after set-up
    from django.contrib.sessions.backends.db import SessionStore  # noqa: PLC0415 - after set-up

    from controlroom.accounts.models import User  # noqa: PLC0415 - after set-up
    from controlroom.municipalities.choices import Role  # noqa: PLC0415 - after set-up
    from controlroom.municipalities.models import Membership  # noqa: PLC0415 - after set-up

    user = User.objects.create_user("bench")
    Membership.objects.create(user=user, municipality=municipality, role=Role.OPERATOR)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return session.session_key


@contextlib.contextmanager
def daphne(database_url: str) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(port), ASGI],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database_url, "CONTROLROOM_HTTPS": "false"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                if httpx.get(f"{address}/healthz").status_code == 200:
                    break
            except httpx.TransportError:
                if time.monotonic() > deadline or server.poll() is not None:
                    raise
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(20)


def measure_api(
    floor: psycopg.Connection, database_url: str, municipality: object, number: int
) -> dict[str, float]:
    token = "x" * 32
    cookies = {"sessionid": operator(municipality), "csrftoken": token}
    with (
        daphne(database_url) as address,
        httpx.Client(base_url=address, cookies=cookies, headers={"X-CSRFToken": token}) as client,
    ):
        took = []
        for at, (lon, lat) in enumerate(places(floor, number + 20)):
            body = {"type": "nearest", "lon": lon, "lat": lat, "error_radius_m": 50,
                    "service": SERVICE}  # fmt: skip
            began = time.perf_counter()
            answer = client.post(f"/m/{CODE}/cctv/search/", json=body)
            spent = (time.perf_counter() - began) * 1000
            if answer.status_code != 200 or not answer.json()["picks"]:
                raise SystemExit(f"the API answered {answer.status_code}: {answer.text[:300]}")
            if at >= 20:
                took.append(spent)
    p50, p99 = quantiles(took)
    print(f"  API     p50 {p50:6.2f}  p99 {p99:6.2f} ms at daphne, one request at a time")
    return {"p50": p50, "p99": p99}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--choices", type=int, default=2000, help="choices at each size")
    parser.add_argument("--requests", type=int, default=500, help="requests to the API")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    with scratch_database("nearest"):
        run(os.environ["DATABASE_URL"], options.choices, options.requests)


def run(database_url: str, choices: int, requests: int) -> None:
    from controlroom.municipalities.models import Municipality  # noqa: PLC0415 - after set-up

    municipality = Municipality.objects.create(code=CODE, name_ko="시험시")
    figures: dict[str, float] = {}
    floors: dict[str, float] = {}
    server = urlunsplit(urlsplit(database_url)._replace(scheme="postgresql"))
    with psycopg.connect(server, autocommit=True) as floor:
        for size in SIZES:
            load(floor, municipality.pk, size)
            seen = measure(floor, municipality, choices)
            figures |= {f"p50_ms_{size}": seen["p50"], f"p99_ms_{size}": seen["p99"]}
            floors |= {f"p50_ms_{size}": seen["floor_p50"], f"p99_ms_{size}": seen["floor_p99"]}
            if size == API_SIZE:
                api = measure_api(floor, database_url, municipality, requests)
                figures |= {f"api_{name}_ms_{size}": value for name, value in api.items()}
    largest = SIZES[-1]
    for name in ("p50", "p99"):
        key = f"{name}_ms_{largest}"
        figures[f"ratio_{name}"] = figures[key] / floors[key]
    report = {
        "bench": "nearest",
        "figures": {name: round(value, 3) for name, value in figures.items()},
        "floor": {name: round(value, 3) for name, value in floors.items()},
        "ratio": round(figures["ratio_p99"], 2),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
