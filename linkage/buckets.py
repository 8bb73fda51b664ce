"""Hold back a caller that sends too fast: one atomic SQL statement per request (A3).

PostgreSQL and not Redis, so that losing Redis loosens nothing; the table is unlogged, so that
the count costs no disk flush. What goes on for minutes is on record by its alarm.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count, Sum
from django.utils import timezone

from linkage.models import HeldBack, Link

HOUR = timedelta(hours=1)
KEPT = timedelta(days=1)
# Held back in so many of so many minutes, it goes on.
LASTING_MINUTES, LOOKED_AT = 3, timedelta(minutes=5)

_TAKE = """
WITH taken AS (
  INSERT INTO linkage_ratebucket AS b (key, tokens, refilled_at, is_held)
  VALUES (%(key)s, %(burst)s - 1, now(), false)
  ON CONFLICT (key) DO UPDATE SET (tokens, refilled_at, is_held) = (
    SELECT
      CASE WHEN available >= 1 THEN available - 1 ELSE available END,
      moment,
      available < 1
    FROM (
      SELECT moment, LEAST(
        %(burst)s::float,
        b.tokens + %(rate)s::float * GREATEST(0, EXTRACT(EPOCH FROM moment - b.refilled_at))
      ) AS available
      FROM (SELECT clock_timestamp() AS moment) AS clock
    ) AS refilled
  )
  RETURNING tokens, is_held
), counted AS (
  INSERT INTO linkage_heldback AS h (key, minute, count)
  SELECT %(key)s, date_trunc('minute', clock_timestamp()), 1 FROM taken WHERE is_held
  ON CONFLICT (key, minute) DO UPDATE SET count = h.count + 1
)
SELECT tokens, is_held FROM taken
"""


@dataclass(frozen=True)
class Taken:
    allowed: bool
    retry_after_s: int


def take(*, key: str, rate_per_s: float, burst: int) -> Taken:
    """Take one token from the bucket; a refused request is counted as held back.

    Locks: the bucket's row, for this statement when called outside a transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"key": key, "rate": rate_per_s, "burst": burst})
        tokens, is_held = cursor.fetchone()
    wait_s = math.ceil((1 - tokens) / rate_per_s) if is_held else 0
    return Taken(not is_held, max(wait_s, 1) if is_held else 0)


def link_key(link_id: int | str) -> str:
    return f"link:{link_id}"


def held_back(links: Iterable[Link], *, now: datetime | None = None) -> dict[int, int]:
    """Give how many requests of each link were held back within the last hour."""
    keys = {link_key(link.pk): link.pk for link in links}
    rows = HeldBack.objects.filter(key__in=keys, minute__gt=(now or timezone.now()) - HOUR)
    counted = rows.order_by().values_list("key").annotate(total=Sum("count"))
    return {keys[key]: total for key, total in counted}


def lasting(now: datetime) -> dict[int, int]:
    """Give the links that are held back minute after minute, with how much of late."""
    rows = HeldBack.objects.filter(key__startswith=link_key(""), minute__gt=now - LOOKED_AT)
    found = rows.order_by().values_list("key").annotate(minutes=Count("pk"), total=Sum("count"))
    return {
        int(key.removeprefix(link_key(""))): total
        for key, minutes, total in found
        if minutes >= LASTING_MINUTES
    }


def forget_old() -> int:
    gone, _by_model = HeldBack.objects.filter(minute__lt=timezone.now() - KEPT).delete()
    return gone
