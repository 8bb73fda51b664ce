"""Hold back a caller that sends too fast: one atomic SQL statement per request (A3).

PostgreSQL and not Redis, so that losing Redis loosens nothing; the table is unlogged, so that
the count costs no disk flush.
"""

import math
from dataclasses import dataclass

from django.db import connection

_TAKE = """
INSERT INTO linkage_ratebucket AS b (key, tokens, refilled_at, held_back, is_held)
VALUES (%(key)s, %(burst)s - 1, now(), 0, false)
ON CONFLICT (key) DO UPDATE SET (tokens, refilled_at, held_back, is_held) = (
  SELECT
    CASE WHEN available >= 1 THEN available - 1 ELSE available END,
    moment,
    CASE WHEN available >= 1 THEN b.held_back ELSE b.held_back + 1 END,
    available < 1
  FROM (
    SELECT moment, LEAST(
      %(burst)s::float,
      b.tokens + %(rate)s::float * GREATEST(0, EXTRACT(EPOCH FROM moment - b.refilled_at))
    ) AS available
    FROM (SELECT clock_timestamp() AS moment) AS clock
  ) AS refilled
)
RETURNING tokens, held_back, is_held
"""


@dataclass(frozen=True)
class Taken:
    allowed: bool
    retry_after_s: int
    held_back: int


def take(*, key: str, rate_per_s: float, burst: int) -> Taken:
    """Take one token from the bucket; a refused request is counted as held back.

    Locks: the bucket's row, for this statement when called outside a transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"key": key, "rate": rate_per_s, "burst": burst})
        tokens, held_back, is_held = cursor.fetchone()
    wait_s = math.ceil((1 - tokens) / rate_per_s) if is_held else 0
    return Taken(not is_held, max(wait_s, 1) if is_held else 0, held_back)


def link_key(link_id: int) -> str:
    return f"link:{link_id}"
