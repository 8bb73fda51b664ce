"""Draws the demo city: boundary, neighbours, river, parks, roads and districts (동)."""

import math
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from linkage.demo.plane import XY, between, distance_m, is_inside, lon_lat, ribbon

STEP_M = 150.0
HALF_WIDTH_M = 7000
HALF_HEIGHT_M = 6500


@dataclass(frozen=True)
class Road:
    """A road's piece inside the city; `rank` 1 is an artery, 2 a collector, 3 a street."""

    name_ko: str
    name_en: str
    rank: int
    line: tuple[XY, ...]


@dataclass(frozen=True)
class Spot:
    """A named place: a district's middle, a school, a market ..."""

    name_ko: str
    name_en: str
    kind: str
    at: XY


DISTRICTS = (
    Spot("가온동", "Gaon-dong", "dong", (0, 150)),
    Spot("너른들동", "Neoreundeul-dong", "dong", (-2300, 1500)),
    Spot("다솜동", "Dasom-dong", "dong", (2100, 1700)),
    Spot("라온동", "Raon-dong", "dong", (1900, -1500)),
    Spot("미르동", "Mireu-dong", "dong", (-2100, -1400)),
    Spot("물빛동", "Mulbit-dong", "dong", (-400, -2700)),
    Spot("솔내동", "Solnae-dong", "dong", (200, 3300)),
    Spot("새터동", "Saeteo-dong", "dong", (-4300, 200)),
    Spot("아침동", "Achim-dong", "dong", (4200, 200)),
    Spot("여울동", "Yeoul-dong", "dong", (-3000, -3700)),
    Spot("참샘동", "Chamsaem-dong", "dong", (3300, -3800)),
    Spot("해오름동", "Haeoreum-dong", "dong", (3600, 3700)),
)

PARKS = (
    Spot("한빛중앙공원", "Hanbit Central Park", "park", (750, 850)),
    Spot("솔내근린공원", "Solnae Park", "park", (-900, 3900)),
    Spot("물빛수변공원", "Mulbit Riverside Park", "park", (-1500, -2200)),
    Spot("참샘산림공원", "Chamsaem Forest Park", "park", (4100, -3000)),
    Spot("새터체육공원", "Saeteo Sports Park", "park", (-4700, 1300)),
    Spot("해오름공원", "Haeoreum Park", "park", (4300, 2900)),
)

SPOTS = (
    Spot("한빛시청", "Hanbit City Hall", "office", (180, 260)),
    Spot("한빛역", "Hanbit Station", "station", (1250, -420)),
    Spot("한빛종합버스터미널", "Hanbit Bus Terminal", "station", (-1500, 480)),
    Spot("가온시장", "Gaon Market", "market", (-520, -380)),
    Spot("가온초등학교", "Gaon Elementary School", "school", (-350, 900)),
    Spot("너른들초등학교", "Neoreundeul Elementary School", "school", (-2550, 1900)),
    Spot("다솜초등학교", "Dasom Elementary School", "school", (2450, 1350)),
    Spot("라온초등학교", "Raon Elementary School", "school", (2200, -1900)),
    Spot("미르초등학교", "Mireu Elementary School", "school", (-2500, -1150)),
    Spot("솔내초등학교", "Solnae Elementary School", "school", (450, 3000)),
    Spot("새터초등학교", "Saeteo Elementary School", "school", (-4050, -250)),
    Spot("아침초등학교", "Achim Elementary School", "school", (4000, 600)),
    Spot("한빛대학교", "Hanbit University", "school", (-3300, 3000)),
    Spot("한빛의료원", "Hanbit Medical Centre", "hospital", (2900, 250)),
)

_EAST_WEST = (
    ("북부순환로", "Bukbusunhwan-ro", 1, 4400.0),
    ("솔내로", "Solnae-ro", 2, 3050.0),
    ("다솜로", "Dasom-ro", 2, 1650.0),
    ("한빛대로", "Hanbit-daero", 1, 250.0),
    ("가온로", "Gaon-ro", 2, -950.0),
    ("강변로", "Gangbyeon-ro", 1, -2150.0),
    ("여울로", "Yeoul-ro", 2, -3400.0),
    ("남부순환로", "Nambusunhwan-ro", 1, -4700.0),
)
_NORTH_SOUTH = (
    ("서부로", "Seobu-ro", 2, -4500.0),
    ("너른들로", "Neoreundeul-ro", 1, -3050.0),
    ("미르로", "Mireu-ro", 2, -1650.0),
    ("중앙로", "Jungang-ro", 1, -150.0),
    ("역전로", "Yeokjeon-ro", 2, 1250.0),
    ("라온로", "Raon-ro", 1, 2650.0),
    ("아침로", "Achim-ro", 2, 4100.0),
)


@cache
def boundary() -> tuple[XY, ...]:
    """Draw the city's limit: an irregular ring of about 80 corners."""
    corners = []
    for n in range(80):
        turn = math.tau * n / 80
        radius = (
            5600
            + 620 * math.sin(2 * turn + 0.6)
            + 430 * math.sin(3 * turn + 2.1)
            + 210 * math.sin(7 * turn + 0.4)
            + 120 * math.sin(13 * turn + 1.3)
        )
        corners.append((1.08 * radius * math.sin(turn), 0.94 * radius * math.cos(turn)))
    return tuple(corners)


def neighbour(first: int, last: int) -> list[XY]:
    """Draw a municipality that shares the city's limit from one corner to another."""
    shared = [boundary()[n % 80] for n in range(first, last + 1)]
    outer = []
    for n in range(last, first - 1, -1):
        turn = math.tau * n / 80
        stretch = 2.05 + 0.12 * math.sin(5 * turn) + 0.06 * math.sin(11 * turn)
        x, y = boundary()[n % 80]
        outer.append((x * stretch, y * stretch))
    return [*shared, *outer]


@cache
def river() -> tuple[XY, ...]:
    """Draw the middle of 한빛천, from beyond the north-west to beyond the south-east."""
    line = []
    for n in range(61):
        x = -7500 + 250 * n
        y = -1500 + 700 * math.sin(x / 2600) + 260 * math.sin(x / 900 + 1) - 0.14 * x
        line.append((float(x), y - 900))
    return tuple(line)


def park_ring(park: Spot) -> list[XY]:
    size = 240 + 37 * (len(park.name_en) % 7)
    ring = []
    for n in range(18):
        turn = math.tau * n / 18
        radius = size * (1 + 0.18 * math.sin(3 * turn + park.at[0]) + 0.1 * math.sin(5 * turn))
        ring.append((park.at[0] + radius * math.sin(turn), park.at[1] + radius * math.cos(turn)))
    return ring


@cache
def roads() -> tuple[Road, ...]:
    """Draw every road, cut at the limit; only arteries and collectors cross the river."""
    found: list[Road] = []
    for name_ko, name_en, rank, y in _EAST_WEST:
        found += _cut(name_ko, name_en, rank, _east_west(y))
    for name_ko, name_en, rank, x in _NORTH_SOUTH:
        found += _cut(name_ko, name_en, rank, _north_south(x))
    for base_ko, base_en, y in _streets(_EAST_WEST):
        found += _cut(base_ko, base_en, 3, _east_west(y))
    for base_ko, base_en, x in _streets(_NORTH_SOUTH):
        found += _cut(base_ko, base_en, 3, _north_south(x))
    return tuple(found)


def _streets(
    named: tuple[tuple[str, str, int, float], ...],
) -> list[tuple[str, str, float]]:
    """Put two numbered streets (…로12번길) between each pair of roads."""
    streets = []
    for (ko, en, _rank, here), (_ko, _en, _r, there) in pairwise(named):
        for step in (1, 2):
            number = 10 * step + 2 * len(en) % 10
            streets.append(
                (f"{ko}{number}번길", f"{en} {number}beon-gil", here + (there - here) * step / 3)
            )
    return streets


def _east_west(y: float) -> list[XY]:
    return [
        (x, y + 150 * math.sin(x / 1900 + y / 800) + 40 * math.sin(x / 610))
        for x in range(-HALF_WIDTH_M, HALF_WIDTH_M + 1, int(STEP_M))
    ]


def _north_south(x: float) -> list[XY]:
    return [
        (x + 150 * math.sin(y / 2100 + x / 900) + 35 * math.sin(y / 560), float(y))
        for y in range(-HALF_HEIGHT_M, HALF_HEIGHT_M + 1, int(STEP_M))
    ]


def _cut(name_ko: str, name_en: str, rank: int, line: list[XY]) -> list[Road]:
    pieces: list[list[XY]] = [[]]
    for place in line:
        if _carries(place, rank):
            pieces[-1].append(place)
        elif pieces[-1]:
            pieces.append([])
    return [Road(name_ko, name_en, rank, tuple(piece)) for piece in pieces if len(piece) > 2]


def _carries(place: XY, rank: int) -> bool:
    if not is_inside(list(boundary()), place):
        return False
    if rank < 3:
        return True
    # Streets belong to the built-up middle and end at the water.
    return math.hypot(*place) < 4300 and min(distance_m(place, w) for w in river()) > 210


def district_of(place: XY) -> Spot:
    return min(DISTRICTS, key=lambda district: distance_m(district.at, place))


def district_ring(district: Spot) -> list[XY]:
    """Draw a district: all within the limit that is nearer to its middle than to any other's."""
    ring = list(boundary())
    for other in DISTRICTS:
        if other is not district:
            ring = _nearer(ring, district.at, other.at)
    return ring


def _nearer(ring: list[XY], mine: XY, other: XY) -> list[XY]:
    """Cut away what of a ring is nearer to the other place."""
    kept: list[XY] = []
    for here, following in zip(ring, [*ring[1:], ring[0]], strict=True):
        ahead, after = (
            distance_m(place, other) ** 2 - distance_m(place, mine) ** 2
            for place in (here, following)
        )
        if ahead >= 0:
            kept.append(here)
        if (ahead >= 0) != (after >= 0):
            kept.append(between(here, following, ahead / (ahead - after)))
    return kept


def base_map() -> dict[str, Any]:
    """Give everything that is drawn under the map as one FeatureCollection, lowest first."""
    features = [
        _feature("river", "한빛천", "Hanbitcheon", [_ring(ribbon(list(river()), 75))], "Polygon")
    ]
    features += [
        _feature("park", park.name_ko, park.name_en, [_ring(park_ring(park))], "Polygon")
        for park in PARKS
    ]
    features += [
        _feature("dong", one.name_ko, one.name_en, [_ring(district_ring(one))], "Polygon")
        for one in DISTRICTS
    ]
    for road in sorted(roads(), key=lambda road: -road.rank):
        line = [lon_lat(place) for place in road.line]
        features.append(
            _feature("road", road.name_ko, road.name_en, line, "LineString", rank=road.rank)
        )
    for spot in (*DISTRICTS, *SPOTS):
        features.append(_feature(spot.kind, spot.name_ko, spot.name_en, lon_lat(spot.at), "Point"))
    return {"type": "FeatureCollection", "features": features}


def _ring(places: list[XY]) -> list[tuple[float, float]]:
    return [lon_lat(place) for place in [*places, places[0]]]


def _feature(
    kind: str, name_ko: str, name_en: str, coordinates: Any, shape: str, **more: Any
) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"kind": kind, "name_ko": name_ko, "name_en": name_en, **more},
        "geometry": {"type": shape, "coordinates": coordinates},
    }
