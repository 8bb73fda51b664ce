"""The 7-minute measure of a 119 case, derived from its time stamps; no Django.

Two ways of counting are in use and both are given: from the report received (the fire service's
own: 2 minutes of handling and 5 of travel) and from the order given. Source: domain.md 3.3.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

TARGET_S = 7 * 60


@dataclass(frozen=True)
class Stamp:
    """One step of one unit; `unit` is empty for a step of the whole case."""

    step: str
    at: datetime
    unit: str = ""


@dataclass(frozen=True)
class Measure:
    """None where a stamp is missing or the stamps contradict each other."""

    received_at: datetime | None
    ordered_at: datetime | None
    first_arrival_at: datetime | None
    received_to_arrival_s: float | None
    ordered_to_arrival_s: float | None
    within_target: bool | None
    # An arrival before its report or order: the clocks or the entries are wrong.
    is_contradictory: bool


def measure(stamps: Iterable[Stamp]) -> Measure:
    first: dict[str, datetime] = {}
    for stamp in stamps:
        first[stamp.step] = min(stamp.at, first.get(stamp.step, stamp.at))
    received, ordered, arrived = (first.get(step) for step in ("received", "ordered", "arrived"))
    from_report = _between(received, arrived)
    from_order = _between(ordered, arrived)
    wrong = any(value is not None and value < 0 for value in (from_report, from_order))
    from_report, from_order = (_sound(value) for value in (from_report, from_order))
    return Measure(
        received_at=received,
        ordered_at=ordered,
        first_arrival_at=arrived,
        received_to_arrival_s=from_report,
        ordered_to_arrival_s=from_order,
        within_target=None if from_report is None or wrong else from_report <= TARGET_S,
        is_contradictory=wrong,
    )


def _between(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start).total_seconds() if start and end else None


def _sound(seconds: float | None) -> float | None:
    return None if seconds is None or seconds < 0 else seconds
