"""What a check of the auditor gives: findings, and how patient it is with them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings

from linkage.models import Link

# An auditor that comes a moment before the one whose work it is must not cry.
GRACE = timedelta(seconds=15)


@dataclass(frozen=True)
class Finding:
    """One cause of an alarm; without a municipality it is of the whole system."""

    kind: str
    municipality_id: int | None = None
    subject_kind: str = ""
    subject_id: str = ""
    detail: dict[str, Any] = field(default_factory=dict, compare=False)
    severity: int | None = field(default=None, compare=False)


def of_line(kind: str, link: Link, detail: dict[str, Any]) -> Iterator[Finding]:
    """Find the cause in each city that the line serves."""
    for municipality_id in link.serving_ids():
        yield Finding(kind, municipality_id, "link", link.code, detail)


@dataclass(frozen=True)
class Check:
    """`patience` rounds in a row must find a thing before it is said aloud."""

    kinds: tuple[str, ...]
    look: Callable[[], Iterator[Finding]]
    patience: int = 1


def late() -> timedelta:
    """Give after how long a sign of life is missed: three rounds, and never under 15 s."""
    return timedelta(seconds=max(15, 3 * settings.WATCH_EVERY_S))
