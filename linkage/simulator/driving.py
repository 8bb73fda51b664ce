"""How a simulated car or engine comes to its scene: straight, at one speed, a place at a time."""

import math
from datetime import UTC, datetime
from typing import Any

from linkage.simulator.scenes import Case

POSITION_EVERY_S = 3.0
FROM_M = 1800.0
STEPS = 14
SPEED_KMH = 50.0
_METRES_PER_DEGREE = 111_320.0


def place_at(case: Case, *, bearing: float, step: int) -> dict[str, Any]:
    """Give where it is at this step of STEPS, coming from the bearing (radians)."""
    left_m = FROM_M * (1 - step / (STEPS - 1))
    per_lon = _METRES_PER_DEGREE * math.cos(math.radians(case.lat))
    return {
        "at": datetime.now(UTC).isoformat(),
        "lon": round(case.lon + left_m * math.sin(bearing) / per_lon, 6),
        "lat": round(case.lat + left_m * math.cos(bearing) / _METRES_PER_DEGREE, 6),
        "speed_kmh": SPEED_KMH if left_m else 0,
        "heading_deg": round((math.degrees(bearing) + 180) % 360, 1),
    }
