"""At which level a measured value stands: thresholds with hysteresis, no Django."""

from collections.abc import Sequence


def level_of(
    value: float, *, thresholds: Sequence[float | None], hysteresis: float, before: int
) -> int:
    """Give the level, 1 for the first threshold and so on; 0 is none.

    A level begins at its threshold and ends only when the value is more than `hysteresis` below
    it, so that a value that trembles around a threshold is one event. None is a level not used.
    """
    risen = [n for n, at in enumerate(thresholds, 1) if at is not None and value >= at]
    held = [
        n
        for n, at in enumerate(thresholds, 1)
        if at is not None and n <= before and value >= at - hysteresis
    ]
    return max([0, *risen, *held])
