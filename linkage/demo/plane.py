"""A flat plane in metres around the demo city's middle, and the little geometry it needs."""

import math

CENTRE_LON = 127.38
CENTRE_LAT = 36.35
_M_PER_DEG_LAT = 110_972.0
_M_PER_DEG_LON = 111_320.0 * math.cos(math.radians(CENTRE_LAT))

XY = tuple[float, float]


def lon_lat(place: XY) -> tuple[float, float]:
    """Give the coordinates of metres east and north of the middle, to about one metre."""
    x, y = place
    return (round(CENTRE_LON + x / _M_PER_DEG_LON, 5), round(CENTRE_LAT + y / _M_PER_DEG_LAT, 5))


def is_inside(ring: list[XY], place: XY) -> bool:
    """Say whether a place lies inside a ring, by counting crossings to the east."""
    x, y = place
    inside = False
    for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def between(start: XY, end: XY, share: float) -> XY:
    return (start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share)


def bearing_deg(start: XY, end: XY) -> float:
    return math.degrees(math.atan2(end[0] - start[0], end[1] - start[1])) % 360


def distance_m(one: XY, other: XY) -> float:
    return math.dist(one, other)


def ribbon(line: list[XY], half_width_m: float) -> list[XY]:
    """Give the ring around a line, this far to each side."""
    left, right = [], []
    for at, here in enumerate(line):
        before, after = line[max(at - 1, 0)], line[min(at + 1, len(line) - 1)]
        angle = math.radians(bearing_deg(before, after) + 90)
        dx, dy = math.sin(angle) * half_width_m, math.cos(angle) * half_width_m
        left.append((here[0] + dx, here[1] + dy))
        right.append((here[0] - dx, here[1] - dy))
    return [*left, *reversed(right)]
