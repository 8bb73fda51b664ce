"""What of a period is there and what is missing: arithmetic on times, without Django."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

Span = tuple[datetime, datetime]
# Between two pieces of one stream there may be a frame's time that nobody lost.
JOIN = timedelta(seconds=1)


def joined(spans: Iterable[Span]) -> list[Span]:
    """Join what touches or overlaps; a clock that was set back makes parts overlap."""
    found: list[Span] = []
    for began, ended in sorted(spans):
        if found and began - found[-1][1] <= JOIN:
            found[-1] = (found[-1][0], max(found[-1][1], ended))
        else:
            found.append((began, ended))
    return found


def gaps(spans: Sequence[Span], *, since: datetime, until: datetime) -> list[Span]:
    """Give the times of the period of which nothing is there; shorter than JOIN is none."""
    missing: list[Span] = []
    at = since
    for began, ended in joined(spans):
        if began - at > JOIN:
            missing.append((at, min(began, until)))
        at = max(at, ended)
    if until - at > JOIN:
        missing.append((at, until))
    return missing
