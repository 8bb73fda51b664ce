"""When two reports of different sources are probably one happening: arithmetic, no Django.

Source: domain.md 3.10 (the same accident from UTIC, ITS, 112 and 119).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WITHIN = timedelta(minutes=10)
NEAR_M = 200.0
# Kinds that nobody has classed say nothing about being the same.
NO_CLASS = "other"
_EARTH_M = 6_371_008.8


@dataclass(frozen=True)
class Sign:
    """What an incident shows of itself to the rule."""

    source: str
    kind_class: str
    at: datetime
    lon: float
    lat: float
    is_drill: bool = False


def distance_m(one: Sign, other: Sign) -> float:
    """Measure along the sphere."""
    lat1, lat2 = math.radians(one.lat), math.radians(other.lat)
    half_lat = math.sin((lat2 - lat1) / 2) ** 2
    half_lon = math.sin(math.radians(other.lon - one.lon) / 2) ** 2
    share = half_lat + math.cos(lat1) * math.cos(lat2) * half_lon
    return 2 * _EARTH_M * math.asin(math.sqrt(min(share, 1)))


def probably_same(one: Sign, other: Sign) -> bool:
    """At most 10 minutes and 200 m apart, of one class, from two sources, both real or drills."""
    return (
        one.source != other.source
        and one.kind_class == other.kind_class != NO_CLASS
        and one.is_drill == other.is_drill
        and abs(one.at - other.at) <= WITHIN
        and distance_m(one, other) <= NEAR_M
    )


def pairs(signs: Sequence[Sign]) -> Iterator[tuple[int, int]]:
    """Find every pair of positions that is probably the same, in the order of time."""
    order = sorted(range(len(signs)), key=lambda n: signs[n].at)
    for place, n in enumerate(order):
        for m in order[place + 1 :]:
            if signs[m].at - signs[n].at > WITHIN:
                break
            if probably_same(signs[n], signs[m]):
                yield n, m
