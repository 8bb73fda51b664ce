"""What stands in the streets of the generated city: bells and sensors that both ends know."""

import math
from dataclasses import dataclass

from linkage.simulator.scenes import SPOTS

_M_PER_DEG_LAT = 110_972.0


@dataclass(frozen=True)
class BellPost:
    """An emergency bell as its register has it; metres east and north of the city's middle."""

    number: str
    place_text: str
    east_m: int
    north_m: int


@dataclass(frozen=True)
class LevelPost:
    """A level sensor: what it measures, from which values it matters, where it rests."""

    code: str
    name: str
    kind: str
    unit: str
    east_m: int
    north_m: int
    # From attention to severe.
    thresholds: tuple[float, float, float, float]
    hysteresis: float
    rests_at: float


BELLS = tuple(
    BellPost(f"한빛-{number:03d}", f"{name} {corner}", east + away, north - away)
    for number, (name, east, north, corner, away) in enumerate(
        (
            (name, east, north, corner, away)
            for name, east, north in SPOTS
            for corner, away in (("정문 앞", 60), ("후문 골목", -90))
        ),
        start=1,
    )
)
SENSORS = (
    LevelPost(
        "water-gaon",
        "가온지하차도 수위",
        "water_level",
        "m",
        -700,
        -520,
        (0.1, 0.2, 0.3, 0.5),
        0.05,
        0.0,
    ),
    LevelPost(
        "water-mulbit",
        "물빛천 수위",
        "water_level",
        "m",
        -1450,
        -2350,
        (1.5, 2.5, 3.2, 4.0),
        0.2,
        0.8,
    ),
    LevelPost(
        "slope-haeoreum",
        "해오름산 비탈면 변위",
        "slope",
        "mm",
        3750,
        4100,
        (5.0, 10.0, 20.0, 40.0),
        1.0,
        1.0,
    ),
)


def spot(lon: float, lat: float, east_m: float, north_m: float) -> tuple[float, float]:
    """Give the place so many metres from a middle."""
    per_lon = 111_320.0 * math.cos(math.radians(lat))
    return lon + east_m / per_lon, lat + north_m / _M_PER_DEG_LAT
