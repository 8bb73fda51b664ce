"""How far a unit still has to go, and about how long: by the roads, or over the straight line.

The roads are those of the municipality, at the speed that cars keep on them, junctions included
(cctv/roads). Where it has none, or none that leads there, the straight line stands in for them,
and the screen says so.
"""

from dataclasses import dataclass

from cctv.roads.network import LonLat
from cctv.roads.routing import NoRoute, route

# Streets are longer than the straight line.
DETOUR = 1.4
# A car that stands at a light is still on its way: below this it is reckoned with.
SLOWEST_KMH = 25.0
AT_THE_SCENE_M = 60.0


@dataclass(frozen=True)
class Approach:
    distance_m: float
    eta_s: int | None
    is_there: bool
    by_road: bool = False


def approach(
    *,
    municipality_id: int,
    start: LonLat,
    end: LonLat,
    distance_m: float,
    speed_kmh: float | None,
) -> Approach:
    """Give the rest of the way and its time; `distance_m` is that of the straight line."""
    if distance_m <= AT_THE_SCENE_M:
        return Approach(distance_m, 0, is_there=True)
    way = route(municipality_id=municipality_id, start=start, end=end)
    if isinstance(way, NoRoute):
        return over_the_line(distance_m, speed_kmh)
    return Approach(way.length_m, round(way.seconds), is_there=False, by_road=True)


def over_the_line(distance_m: float, speed_kmh: float | None) -> Approach:
    """Give the time that the straight line, and what streets add to it, take at this speed."""
    speed_ms = max(speed_kmh or 0.0, SLOWEST_KMH) / 3.6
    return Approach(distance_m, round(distance_m * DETOUR / speed_ms), is_there=False)
