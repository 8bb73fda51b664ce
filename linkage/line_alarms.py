"""An alarm of a line stands in every city that the line serves, and each takes it up for itself."""

from typing import Any

from linkage import alarms, regions
from linkage.models import Link


def raise_(*, kind: str, link: Link, detail: dict[str, Any]) -> None:
    """Locks: the alarm and the journal's counter of each city, in the order of the cities."""
    for city in regions.members(link).defer("boundary"):
        alarms.raise_(
            kind=kind,
            municipality=city,
            subject_kind="link",
            subject_id=link.code,
            detail=detail,
        )


def clear(*, kind: str, link: Link) -> None:
    """Locks: as raise_."""
    for city in regions.members(link).defer("boundary"):
        alarms.clear(kind=kind, municipality=city, subject_kind="link", subject_id=link.code)
