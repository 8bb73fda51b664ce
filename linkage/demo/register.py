"""Generates the demo city's camera register: plausible poles along its roads, always the same."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from linkage.demo.geography import PARKS, SPOTS, Road, Spot, district_of, river, roads
from linkage.demo.plane import XY, bearing_deg, between, distance_m, lon_lat

ORGANISATION_CODE = "9001000"
MANAGING_AGENCY = "한빛시청"
DATA_DATE = date(2026, 10, 31)
_SEED = 90010
_APART_M = 45.0
# Shares of purposes as the national register has them (domain.md S113).
_PURPOSES = (
    ("생활방범", 62),
    ("다목적", 13),
    ("어린이보호", 8),
    ("교통단속", 5),
    ("시설물관리", 3),
    ("재난재해", 2),
    ("쓰레기단속", 2),
    ("차량방범", 2),
    ("기타", 2),
    ("교통정보수집", 1),
)
_HEALTHS = (
    ("online", 89), ("unknown", 3), ("offline", 4), ("frozen", 1), ("dark", 1), ("covered", 1),
    ("blurred", 1),
)  # fmt: skip
_WAYS = ("북", "북동", "동", "남동", "남", "남서", "서", "북서")


@dataclass(frozen=True)
class DemoCamera:
    position: int
    name: str
    bearing_deg: float | None
    field_of_view_deg: float | None
    health: str


@dataclass(frozen=True)
class DemoSite:
    register_id: str
    name: str
    road_address: str
    lot_address: str
    purpose: str
    lon: float
    lat: float
    pixels_10k: int
    direction_text: str
    installed_month: date
    cameras: list[DemoCamera] = field(default_factory=list)


def sites(cameras: int) -> Iterator[DemoSite]:
    """Give sites until they hold this many cameras; a longer register begins with a shorter one."""
    chance = random.Random(_SEED)  # noqa: S311 - a picture of a city, not a secret
    taken: dict[tuple[int, int], XY] = {}
    names: dict[str, int] = {}
    made = number = 0
    while made < cameras:
        number += 1
        site = _site(chance, number, _place(chance, taken), names)
        made += len(site.cameras)
        yield site


@dataclass(frozen=True)
class _Pole:
    road: Road
    at: XY
    road_bearing_deg: float
    house_number: int


def _place(chance: random.Random, taken: dict[tuple[int, int], XY]) -> _Pole:
    """Find a place beside a road, denser in the middle, apart from others while there is room."""
    for attempt in range(12):
        pole = _beside_a_road(chance)
        cell = (int(pole.at[0] // _APART_M), int(pole.at[1] // _APART_M))
        near = (taken.get((cell[0] + dx, cell[1] + dy)) for dx in (-1, 0, 1) for dy in (-1, 0, 1))
        if attempt == 11 or all(n is None or distance_m(n, pole.at) > _APART_M for n in near):
            break
    taken[cell] = pole.at
    return pole


def _beside_a_road(chance: random.Random) -> _Pole:
    while True:
        road = chance.choices(roads(), weights=_road_weights())[0]
        step = chance.randrange(len(road.line) - 1)
        start, end = road.line[step], road.line[step + 1]
        middle = between(start, end, chance.random())
        # Two thirds of what falls outside the built-up area is drawn again.
        if math.hypot(*middle) < 3800 or chance.random() < 0.34:
            break
    along = bearing_deg(start, end)
    side = math.radians(along + chance.choice((90, -90)))
    off_m = 6 + 2 * (3 - road.rank) + chance.random() * 3
    at = (middle[0] + math.sin(side) * off_m, middle[1] + math.cos(side) * off_m)
    return _Pole(road, at, along, step * 15 + int(chance.random() * 14) + 1)


_weights: list[float] = []


def _road_weights() -> list[float]:
    if not _weights:
        _weights.extend(len(road.line) * (1.0, 1.2, 1.5)[road.rank - 1] for road in roads())
    return _weights


def _site(chance: random.Random, number: int, pole: _Pole, names: dict[str, int]) -> DemoSite:
    district = district_of(pole.at)
    near = _near(pole.at)
    purpose = _purpose(chance, pole, near)
    name = _name(pole, district, near)
    names[name] = names.get(name, 0) + 1
    if names[name] > 1:
        name = f"{name} {names[name]}"
    lon, lat = lon_lat(pole.at)
    installed = _installed(chance)
    cameras, direction_text = _cameras(chance, pole, purpose)
    lot = f"{int(abs(pole.at[0]) // 7) % 900 + 1}-{number % 30 + 1}"
    return DemoSite(
        register_id=f"2026{ORGANISATION_CODE}{number:08d}"[:60],
        name=name,
        road_address=f"한빛시 {pole.road.name_ko} {pole.house_number}",
        lot_address=f"한빛시 {district.name_ko} {lot}",
        purpose=purpose,
        lon=lon,
        lat=lat,
        pixels_10k=_pixels(installed),
        direction_text=direction_text,
        installed_month=installed,
        cameras=cameras,
    )


def _near(at: XY) -> Spot | None:
    spot = min((*SPOTS, *PARKS), key=lambda one: distance_m(one.at, at))
    return spot if distance_m(spot.at, at) < 330 else None


def _purpose(chance: random.Random, pole: _Pole, near: Spot | None) -> str:
    if near and near.kind == "school" and chance.random() < 0.7:
        return "어린이보호"
    if min(distance_m(pole.at, water) for water in river()) < 230 and chance.random() < 0.5:
        return "재난재해"
    return _drawn(chance, _PURPOSES)


def _drawn(chance: random.Random, shares: tuple[tuple[str, int], ...]) -> str:
    return chance.choices([one for one, _ in shares], weights=[share for _, share in shares])[0]


def _name(pole: _Pole, district: Spot, near: Spot | None) -> str:
    if near:
        return f"{near.name_ko} {('정문', '후문', '앞', '사거리', '옆')[pole.house_number % 5]}"
    crossing = _crossing(pole)
    if crossing:
        return f"{district.name_ko} {pole.road.name_ko}·{crossing} 교차로"
    return f"{district.name_ko} {pole.road.name_ko} {pole.house_number}"


def _crossing(pole: _Pole) -> str | None:
    for road in roads():
        if road.name_ko != pole.road.name_ko and road.rank < 3:
            start, end = road.line[0], road.line[-1]
            box = (
                min(start[0], end[0]) - 200, max(start[0], end[0]) + 200,
                min(start[1], end[1]) - 200, max(start[1], end[1]) + 200,
            )  # fmt: skip
            if not (box[0] < pole.at[0] < box[1] and box[2] < pole.at[1] < box[3]):
                continue
            if min(distance_m(pole.at, place) for place in road.line) < 60:
                return road.name_ko
    return None


def _installed(chance: random.Random) -> date:
    age_months = int(min(chance.expovariate(1 / 62), 200))
    months = 2026 * 12 + 8 - age_months
    return date(months // 12, months % 12 + 1, 1)


def _pixels(installed: date) -> int:
    return 41 if installed.year < 2012 else 200 if installed.year < 2020 else 400


def _cameras(chance: random.Random, pole: _Pole, purpose: str) -> tuple[list[DemoCamera], str]:
    """Turn a pole's cameras along the road and across it; some poles carry a dome as well."""
    count = chance.choices((1, 2, 3, 4), weights=(25, 34, 26, 15))[0]
    has_dome = purpose in {"생활방범", "다목적"} and chance.random() < 0.35
    direction_known = chance.random() < 0.72
    cameras = []
    for position in range(1, count + 1):
        health = _drawn(chance, _HEALTHS)
        swing = chance.uniform(-12, 12)
        if has_dome and position == 1:
            cameras.append(DemoCamera(position, "", None, 360.0, health))
            continue
        bearing = round((pole.road_bearing_deg + 360 * (position - 1) / count + swing) % 360, 1)
        view = chance.choice((60.0, 75.0, 90.0))
        known = direction_known
        cameras.append(
            DemoCamera(position, "", bearing if known else None, view if known else None, health)
        )
    return cameras, _direction_text(cameras)


def _direction_text(cameras: list[DemoCamera]) -> str:
    if any(camera.field_of_view_deg == 360 for camera in cameras):
        return "360도 전방면"
    ways = [
        _WAYS[round(camera.bearing_deg / 45) % 8]
        for camera in cameras
        if camera.bearing_deg is not None
    ]
    return "+".join(f"{way}쪽" for way in dict.fromkeys(ways))
