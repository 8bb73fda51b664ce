"""The sources that we ask by a link (traffic feeds, indexes of CAP alerts), and how they fare."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from linkage.models_cap import CapSource
from linkage.models_city import Feed


@dataclass(frozen=True)
class AskedSource:
    name: str
    answered_at: datetime | None
    next_at: datetime
    failures: int
    error: str


def by_link(link_ids: Iterable[int] | None = None) -> dict[int, list[AskedSource]]:
    """Give the sources in use of these links, or of all, in two queries."""
    feeds = Feed.objects.filter(is_active=True).order_by("adapter")
    indexes = CapSource.objects.exclude(feed_url="")
    if link_ids is not None:
        ids = list(link_ids)
        feeds, indexes = feeds.filter(link__in=ids), indexes.filter(link__in=ids)
    found: dict[int, list[AskedSource]] = {}
    for feed in feeds:
        row = AskedSource(
            feed.get_adapter_display(),
            feed.answered_at,
            feed.next_poll_at,
            feed.failures,
            feed.last_error,
        )
        found.setdefault(feed.link_id, []).append(row)
    for index in indexes:
        row = AskedSource(
            "CAP", index.fetched_at, index.next_fetch_at, index.failures, index.last_error
        )
        found.setdefault(index.link_id, []).append(row)
    return found


def failures(sources: Iterable[AskedSource]) -> int:
    """Count for the state of the link: all must fail for it to be down, one to be degraded."""
    counts = [source.failures for source in sources]
    if not any(counts):
        return 0
    return max(1, min(counts))


def last_answer(sources: Iterable[AskedSource]) -> datetime | None:
    return max((one.answered_at for one in sources if one.answered_at), default=None)
