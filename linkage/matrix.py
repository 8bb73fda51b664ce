"""The link console's matrix: what stands between the centre and each agency, in both directions."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Min
from django.utils import timezone

from controlroom.municipalities.models import Municipality
from incidents.choices import Status
from incidents.features import moment
from linkage import asked, buckets, circuit, life, refusals, resyncs
from linkage.choices import PENDING, Direction, InboxResult, LinkState, OutboxState
from linkage.clocks import MARKED
from linkage.models import InboxMessage, Link, OutboxMessage
from linkage.use import CAME, use_of

WINDOW = timedelta(hours=24)
SKEW_MARK_MS = MARKED.total_seconds() * 1000

_OUT_ACKS = """
SELECT link_id, count(*), percentile_cont(ARRAY[0.5, 0.9])
  WITHIN GROUP (ORDER BY extract(epoch FROM acked_at - created_at))
FROM linkage_outboxmessage
WHERE link_id = ANY(%s) AND municipality_id = %s AND created_at >= %s
  AND acked_at IS NOT NULL AND incident_id IS NOT NULL
GROUP BY link_id
"""
_IN_ACKS = f"""
WITH {CAME}
SELECT c.link_id, count(*), percentile_cont(ARRAY[0.5, 0.9])
  WITHIN GROUP (ORDER BY extract(epoch FROM i.acknowledged_at - i.received_at))
FROM came c JOIN incidents_incident i ON i.id = c.incident_id
WHERE c.municipality_id = %(city)s AND c.opened_at >= %(since)s AND i.acknowledged_at IS NOT NULL
GROUP BY c.link_id
"""  # noqa: S608 - built from constants
_UNSEEN = f"""
WITH {CAME}
SELECT c.link_id, count(*), min(i.received_at)
FROM came c JOIN incidents_incident i ON i.id = c.incident_id
WHERE c.municipality_id = %(city)s AND i.status = %(received)s
GROUP BY c.link_id
"""  # noqa: S608 - built from constants
_NEWEST_IN = """
SELECT l.id, m.received_at, s.skew_ms, m.raw
FROM unnest(%s::bigint[]) AS l(id)
CROSS JOIN LATERAL (
  SELECT received_at, raw FROM linkage_inboxmessage
  WHERE link_id = l.id ORDER BY id DESC LIMIT 1
) AS m
-- One late message is no wrong clock: the median of the newest is.
CROSS JOIN LATERAL (
  SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY skew_ms) AS skew_ms
  FROM (
    SELECT skew_ms FROM linkage_inboxmessage WHERE link_id = l.id ORDER BY id DESC LIMIT 20
  ) AS newest
) AS s
"""
# Batches of readings, which are no messages.
_NEWEST_BATCH = """
SELECT l.id, b.again_at
FROM unnest(%s::bigint[]) AS l(id)
CROSS JOIN LATERAL (
  SELECT again_at FROM linkage_rawintake
  WHERE link_id = l.id AND feed_id IS NULL ORDER BY id DESC LIMIT 1
) AS b
"""


def matrix(
    links: Iterable[Link], *, city: Municipality, now: datetime | None = None
) -> list[dict[str, Any]]:
    """Describe each link by its two directions, in a fixed number of queries.

    The state of a line is the same for every city that it serves; what is counted is one's own.
    """
    now = now or timezone.now()
    rows = list(links)
    seen = _Seen(rows, city, now)
    used = use_of(rows, city=city, now=now)
    kept = {row.pk: row.municipality_id == city.pk for row in rows}
    return [
        {
            **_link(row, seen, now),
            "kept_by": "" if kept[row.pk] else row.municipality.name,
            "use": used[row.pk],
        }
        for row in rows
    ]


class _Seen:
    """Everything that is counted, by link."""

    def __init__(self, links: list[Link], city: Municipality, now: datetime) -> None:
        ids = [link.pk for link in links]
        own = {"link__in": ids, "municipality": city}
        owed = OutboxMessage.objects.in_earnest().filter(**own).order_by()
        self.queues = {
            pk: (length, oldest, following)
            for pk, length, oldest, following in owed.filter(state__in=PENDING)
            .with_offered_since()
            .values_list("link_id")
            .annotate(n=Count("pk"), oldest=Min("since"), following=Min("next_try_at"))
        }
        self.dead = dict(
            owed.filter(state=OutboxState.DEAD).values_list("link_id").annotate(n=Count("pk"))
        )
        self.filed = dict(
            InboxMessage.objects.filter(**own, result=InboxResult.FILED)
            .order_by()
            .values_list("link_id")
            .annotate(n=Count("pk"))
        )
        self.held = buckets.held_back(links, now=now)
        self.refused = refusals.of_links(links, now=now)
        self.in_a_row = refusals.in_a_row(links)
        self.heard = life.last_heard(links)
        self.resyncs = resyncs.newest(links)
        self.sources = asked.by_link(ids)
        since = now - WINDOW
        with connection.cursor() as cursor:
            cursor.execute(_OUT_ACKS, [ids, city.pk, since])
            self.out_acks = {pk: (n, shares) for pk, n, shares in cursor.fetchall()}
            counted: dict[str, Any] = {"ids": ids, "city": city.pk, "since": since}
            cursor.execute(_UNSEEN, {**counted, "received": Status.RECEIVED})
            self.unseen = {pk: (length, oldest) for pk, length, oldest in cursor.fetchall()}
            cursor.execute(_IN_ACKS, counted)
            self.in_acks = {pk: (n, shares) for pk, n, shares in cursor.fetchall()}
            cursor.execute(_NEWEST_BATCH, [ids])
            self.batches = dict(cursor.fetchall())
            cursor.execute(_NEWEST_IN, [ids])
            self.newest = {
                pk: (at, skew, schema_version(bytes(raw)))
                for pk, at, skew, raw in cursor.fetchall()
            }


def schema_version(raw: bytes) -> str:
    """Read the version that a message claims; "" when its bytes are not one of our envelopes."""
    try:
        document = json.loads(raw)
    except ValueError:
        return ""
    found = document.get("schema_ver") if isinstance(document, dict) else None
    return found[:10] if isinstance(found, str) else ""


def shown_state(link: Link, now: datetime) -> str:
    """Give the state as people read it: a planned window stands above what is measured."""
    planned = link.in_maintenance(now) and link.state != LinkState.SUSPENDED
    return str(LinkState.MAINTENANCE if planned else link.state)


def _link(row: Link, seen: _Seen, now: datetime) -> dict[str, Any]:
    return {
        "code": row.code,
        "agency": {
            "name": str(row.agency),
            "kind": row.agency.kind,
            "duty_phone": row.agency.duty_phone,
        },
        "service": {"code": row.service, "name": row.get_service_display()},
        "state": shown_state(row, now),
        "maintenance_until": moment(row.maintenance_until) if row.in_maintenance(now) else None,
        "transport": "push" if row.push_url else "fetch",
        "directions": [_out(row, seen, now), _in(row, seen, now)],
        "breaker": {
            "failures": row.failures,
            "paused_until": moment(_still(row.paused_until, now)),
        },
        "dead": seen.dead.get(row.pk, 0),
        "held_back": seen.held.get(row.pk, 0),
        "refused": refusals.as_json(seen.refused.get(row.pk, [])),
        "refused_in_a_row": seen.in_a_row.get(row.pk, 0),
        "resyncs": [resyncs.item(one) for one in seen.resyncs.get(row.pk, ())],
    }


def _out(row: Link, seen: _Seen, now: datetime) -> dict[str, Any]:
    length, oldest, following = seen.queues.get(row.pk, (0, None, None))
    if row.push_url and _still(row.paused_until, now) and following:
        following = max(following, row.paused_until)
    stands = row.push_url and shown_state(row, now) not in circuit.SET_BY_PEOPLE
    return {
        "direction": "out",
        "used": row.direction != Direction.IN,
        "waiting": length,
        "oldest_at": moment(oldest),
        "last_at": moment(row.last_success_at),
        "acks": _acks(seen.out_acks.get(row.pk)),
        "next_try_at": moment(following) if stands else None,
    }


def _in(row: Link, seen: _Seen, now: datetime) -> dict[str, Any]:
    message_at, skew_ms, version = seen.newest.get(row.pk, (None, None, ""))
    sources = seen.sources.get(row.pk, [])
    came = (message_at, asked.last_answer(sources), seen.batches.get(row.pk))
    last_at = max((at for at in came if at is not None), default=None)
    unseen, oldest = seen.unseen.get(row.pk, (0, None))
    heard_at = seen.heard.get(row.pk) or last_at
    quiet = life.silence(row, heard_at, now)
    return {
        "direction": "in",
        "used": row.direction != Direction.OUT,
        "waiting": unseen,
        "filed": seen.filed.get(row.pk, 0),
        "oldest_at": moment(oldest),
        "last_at": moment(last_at),
        "acks": _acks(seen.in_acks.get(row.pk)),
        "skew_ms": skew_ms,
        "skew_marked": skew_ms is not None and abs(skew_ms) > SKEW_MARK_MS,
        "schema_version": version,
        "heard_at": moment(heard_at),
        "silent_s": round(quiet.total_seconds()) if quiet else None,
        "sources": [_source(one) for one in sources],
    }


def _source(one: asked.AskedSource) -> dict[str, Any]:
    return {
        "name": str(one.name),
        "answered_at": moment(one.answered_at),
        "next_try_at": moment(one.next_at),
        "failures": one.failures,
        "error": one.error,
    }


def _acks(found: tuple[int, list[float]] | None) -> dict[str, Any] | None:
    if found is None:
        return None
    count, (p50, p90) = found
    return {"count": count, "p50_s": round(p50, 1), "p90_s": round(p90, 1)}


def _still(until: datetime | None, now: datetime) -> datetime | None:
    return until if until and until > now else None
