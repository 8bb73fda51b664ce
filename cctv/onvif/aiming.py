"""Where a camera must turn to see a place: plain arithmetic, no Django, no network.

ONVIF's generic spaces are numbers without a unit. What a pan of 0.3 means is learned from two
sightings (a known landmark, its bearing, the pan that shows it) or kept as the bearing of pan 0
and the degrees of one unit.
Units: degrees clockwise from north, metres.
"""

import math
from dataclasses import dataclass

# The generic pan space spans a full turn over two units: what an uncalibrated maker means by it.
USUAL_DEG_PER_UNIT = 180.0
# Sightings nearer to each other than this tell nothing of the scale.
LEAST_APART = 0.05
LEAST_SCENE_M = 30.0
METRES_PER_DEGREE = 111_195.0


class Unclear(ValueError):
    """The two sightings contradict what a camera can be; the message is a msgid."""


@dataclass(frozen=True)
class Range:
    low: float
    high: float

    def clip(self, value: float) -> float:
        return max(self.low, min(self.high, value))

    def holds(self, value: float) -> bool:
        return self.low - 1e-9 <= value <= self.high + 1e-9


@dataclass(frozen=True)
class Limits:
    """How far the camera can turn and zoom, in its own numbers."""

    pan: Range = Range(-1.0, 1.0)
    tilt: Range = Range(-1.0, 1.0)
    zoom: Range = Range(0.0, 1.0)


@dataclass(frozen=True)
class Mount:
    """How the camera's numbers lie in the world."""

    # The bearing it looks at when its pan is 0.
    zero_deg: float
    deg_per_pan: float = USUAL_DEG_PER_UNIT
    # The tilt that looks at the horizon; a larger tilt looks up.
    level_tilt: float = 0.0
    deg_per_tilt: float = 90.0
    height_m: float = 5.0
    wide_deg: float = 60.0
    zoom_times: float = 20.0


@dataclass(frozen=True)
class Sighting:
    pan: float
    bearing_deg: float


@dataclass(frozen=True)
class Aim:
    """What an absolute move is asked for."""

    pan: float
    tilt: float
    zoom: float


def calibrate(first: Sighting, second: Sighting) -> tuple[float, float]:
    """Give the bearing of pan 0 and the degrees of one unit from two sightings.

    Bearings tell the turn only up to whole turns and not its direction; of all that fit, the one
    nearest to the usual scale is meant, and only if it is near at all.
    Raises: Unclear.
    """
    apart = second.pan - first.pan
    if abs(apart) < LEAST_APART:
        raise Unclear("the two positions are too near to each other")
    turned = second.bearing_deg - first.bearing_deg
    scales = [(turned + 360 * turns) / apart for turns in (-2, -1, 0, 1, 2)]
    scale = min(scales, key=lambda one: abs(abs(one) - USUAL_DEG_PER_UNIT))
    if not 0.25 * USUAL_DEG_PER_UNIT <= abs(scale) <= 2 * USUAL_DEG_PER_UNIT:
        raise Unclear("the two sightings fit no camera that turns once around")
    return (first.bearing_deg - scale * first.pan) % 360, scale


def aim_at(
    *, bearing_deg: float, distance_m: float, scene_m: float, mount: Mount, limits: Limits
) -> Aim | None:
    """Turn to a place, tilted and zoomed by its distance so that `scene_m` fills the picture.

    None: the camera cannot turn there. Tilt and zoom go as far as they can.
    """
    pan = _pan(bearing_deg, mount, limits.pan)
    if pan is None:
        return None
    away_m = max(distance_m, 1.0)
    down_deg = math.degrees(math.atan2(mount.height_m, away_m))
    tilt = limits.tilt.clip(mount.level_tilt - down_deg / mount.deg_per_tilt)
    half_wide = math.tan(math.radians(mount.wide_deg) / 2)
    half_wanted = max(scene_m, LEAST_SCENE_M) / 2 / away_m
    times = max(1.0, min(mount.zoom_times, half_wide / half_wanted))
    span = limits.zoom.high - limits.zoom.low
    share = 0.0 if mount.zoom_times <= 1 else (times - 1) / (mount.zoom_times - 1)
    return Aim(round(pan, 5), round(tilt, 5), round(limits.zoom.low + share * span, 5))


def _pan(bearing_deg: float, mount: Mount, limits: Range) -> float | None:
    turn = 360 / abs(mount.deg_per_pan)
    pan = (bearing_deg - mount.zero_deg) / mount.deg_per_pan
    fitting = [pan + turn * turns for turns in (-2, -1, 0, 1, 2)]
    reachable = [one for one in fitting if limits.holds(one)]
    return min(reachable, key=abs) if reachable else None


def distance_m(from_lon: float, from_lat: float, to_lon: float, to_lat: float) -> float:
    """Measure how far two places are apart; flat earth, good to a thousandth within 5 km."""
    east = (to_lon - from_lon) * math.cos(math.radians((from_lat + to_lat) / 2))
    return METRES_PER_DEGREE * math.hypot(east, to_lat - from_lat)


def bearing_of(pan: float, mount: Mount) -> float:
    """Say where the camera looks at this pan."""
    return round((mount.zero_deg + mount.deg_per_pan * pan) % 360, 1)
