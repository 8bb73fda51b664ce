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


@dataclass(frozen=True)
class RoadPost:
    """A road operator's camera, in the form in which its operator gives the picture."""

    code: str
    name: str
    section: str
    east_m: int
    north_m: int
    picture_format: str = "HLS"


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
ROAD_CAMERAS = (
    RoadPost("road-1", "[국도1호선] 한빛역교차로", "90010001", 1250, -300),
    RoadPost("road-2", "[국도1호선] 가온지하차도", "90010002", -620, -560),
    RoadPost("road-3", "[국도1호선] 시청네거리", "90010003", 260, 180),
    RoadPost("road-4", "[남부순환로] 참샘IC", "90010104", 3200, -3650),
    RoadPost("road-5", "[남부순환로] 여울대교", "90010105", -2900, -3300),
    RoadPost("road-6", "[북부순환로] 해오름터널", "90010206", 3500, 3600),
    RoadPost("road-7", "[북부순환로] 대학앞", "90010207", -3200, 2900),
    # Gives stills only, as some do.
    RoadPost("road-8", "[국도1호선] 의료원앞", "90010008", 2750, 300, "JPEG"),
)


def spot(lon: float, lat: float, east_m: float, north_m: float) -> tuple[float, float]:
    """Give the place so many metres from a middle."""
    per_lon = 111_320.0 * math.cos(math.radians(lat))
    return lon + east_m / per_lon, lat + north_m / _M_PER_DEG_LAT
