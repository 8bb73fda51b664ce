"""How far a unit still has to go, and about how long: arithmetic, with no Django.

An estimate over the straight line; the route itself is not known here, and the screen says so.
"""

from dataclasses import dataclass

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


def approach(distance_m: float, speed_kmh: float | None) -> Approach:
    """Give the time that the rest of the way takes at the speed of now."""
    if distance_m <= AT_THE_SCENE_M:
        return Approach(distance_m, 0, is_there=True)
    speed_ms = max(speed_kmh or 0.0, SLOWEST_KMH) / 3.6
    return Approach(distance_m, round(distance_m * DETOUR / speed_ms), is_there=False)
