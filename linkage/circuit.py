"""The breaker of a link: what its failures in a row make of its state, and when it may send."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from controlroom.journal.log import Fact
from linkage.choices import Direction, LinkState, OutboxState, Outcome
from linkage.models import Link, OutboxMessage

DEGRADED_AFTER = 1
DOWN_AFTER = 3
LONGEST_PAUSE_S = 60
FAILURES = frozenset({Outcome.TEMPORARY, Outcome.UNKNOWN})
# People set these; a delivery does not change them.
SET_BY_PEOPLE = frozenset({LinkState.MAINTENANCE, LinkState.SUSPENDED})


def may_send(link: Link, now: datetime) -> bool:
    """Say whether the link is pushed to at all, open, and not paused by its breaker."""
    if not link.push_url or link.direction == Direction.IN or link.state in SET_BY_PEOPLE:
        return False
    if link.in_maintenance(now):
        return False
    return link.paused_until is None or link.paused_until <= now


def note(*, link_id: int, outcomes: Iterable[str], now: datetime) -> Fact | None:
    """Count attempts in their order; give the fact of a changed state, for the journal.

    The first success after failures makes the whole queue of the link due at once.
    Locks: the link row.
    """
    link = Link.objects.select_for_update(no_key=True).get(pk=link_id)
    before = link.state
    for outcome in outcomes:
        _count(link, outcome, now)
    if link.state not in SET_BY_PEOPLE:
        link.state = by_failures(link)
    link.save(update_fields=["failures", "paused_until", "last_success_at", "state"])
    return None if link.state == before else turned(link, before)


def turned(link: Link, before: str) -> Fact:
    """Give the fact that the link has another state: for each municipality that it serves."""
    return Fact(
        kind="link.state",
        subject_kind="link",
        subject_id=link.code,
        data={"link": link.code, "state": str(link.state), "before": str(before)},
    )


def _count(link: Link, outcome: str, now: datetime) -> None:
    if outcome not in FAILURES:
        if link.failures:
            _make_due(link, now)
        link.failures, link.paused_until, link.last_success_at = 0, None, now
        return
    link.failures += 1
    if link.failures >= DOWN_AFTER:
        # The power stays small: a line may be down for days.
        pause_s = min(2 ** min(link.failures - DOWN_AFTER, 10), LONGEST_PAUSE_S)
        link.paused_until = now + timedelta(seconds=pause_s)


def by_failures(link: Link) -> str:
    """Give the state that deliveries and questions show, by the worse of the two.

    That nobody uses a link is neither's finding.
    """
    failures = max(link.failures, link.source_failures)
    if failures >= DOWN_AFTER:
        return LinkState.DOWN
    if failures >= DEGRADED_AFTER:
        return LinkState.DEGRADED
    return LinkState.DORMANT if link.state == LinkState.DORMANT else LinkState.UP


def _make_due(link: Link, now: datetime) -> None:
    """Skip rows that another delivery is finishing: it holds its row and waits for our link."""
    waiting = OutboxMessage.objects.filter(
        link=link,
        state__in=[OutboxState.RETRYING, OutboxState.MANUAL_FALLBACK],
        next_try_at__gt=now,
    ).select_for_update(skip_locked=True, no_key=True)
    due = list(waiting.order_by("pk").values_list("pk", flat=True))
    OutboxMessage.objects.filter(pk__in=due).update(next_try_at=now)
