"""How far an agency's clock is from ours: by what was accepted, and by what was refused for it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from controlroom.errors import DomainError
from incidents.features import moment
from linkage import documents, line_alarms
from linkage.choices import LinkState
from linkage.models import Alarm, InboxMessage, Link

KIND = "link.clock_skew"
# A clock that differs by more is marked; by more than five minutes it is refused.
MARKED = timedelta(seconds=5)
REFUSED = timedelta(minutes=5)
# What came longer ago says nothing of the clock now.
RECENT = timedelta(hours=1)

# One late message is no wrong clock: the median of the newest is.
_MEDIANS = """
SELECT l.id, s.skew_ms
FROM linkage_link AS l
CROSS JOIN LATERAL (
  SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY skew_ms) AS skew_ms
  FROM (
    SELECT skew_ms, received_at FROM linkage_inboxmessage
    WHERE link_id = l.id ORDER BY id DESC LIMIT 20
  ) AS newest
  WHERE received_at > %s
) AS s
WHERE abs(s.skew_ms) > %s
"""


def wrong(now: datetime) -> Iterator[tuple[Link, dict[str, Any]]]:
    """Give the links whose clocks differ by more than is marked, with the difference."""
    with connection.cursor() as cursor:
        cursor.execute(_MEDIANS, [now - RECENT, MARKED.total_seconds() * 1000])
        medians = dict(cursor.fetchall())
    refused = {
        alarm.subject_id: alarm.detail
        for alarm in Alarm.objects.standing().filter(kind=KIND, detail__has_key="refused_at")
        if _is_refused_still(alarm, now)
    }
    links = Link.objects.exclude(state=LinkState.SUSPENDED)
    for link in links.filter(Q(pk__in=medians) | Q(code__in=refused)):
        by_refusal = refused.get(link.code)
        yield link, by_refusal or {"skew_s": round(medians[link.pk] / 1000, 1)}


def _is_refused_still(alarm: Alarm, now: datetime) -> bool:
    """Say whether nothing in time was accepted since the refusal that the alarm remembers."""
    refused_at = datetime.fromisoformat(alarm.detail["refused_at"])
    marked_ms = int(MARKED.total_seconds() * 1000)
    in_time = InboxMessage.objects.filter(
        link__code=alarm.subject_id,
        received_at__gt=refused_at,
        skew_ms__range=(-marked_ms, marked_ms),
    )
    return refused_at > now - RECENT and not in_time.exists()


def report_refused(*, link: Link, raw: bytes) -> None:
    """Let the alarm stand when a message was refused for its send time; called after the refusal.

    Nothing of a refused message is kept, so the alarm itself remembers when that was.
    """
    now = timezone.now()
    try:
        skew = datetime.fromisoformat(documents.parse(raw)["sent_at"]) - now
    except (DomainError, KeyError, TypeError, ValueError):
        return
    if abs(skew) > REFUSED:
        line_alarms.raise_(
            kind=KIND,
            link=link,
            detail={
                "skew_s": round(skew.total_seconds(), 1),
                "refused_at": moment(now),
            },
        )
