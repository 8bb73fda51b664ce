"""Whether a link is used at all: triggered, opened, watched, useful, and when last in earnest.

Cases, and events of sources and sensors (CAME). Whether it is dormant is the link's own state.
Source: domain.md 1, finding 2 (whole services that nobody used); peers.md (d) 4.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cctv.register.export import csv_blocks
from controlroom.accounts.models import User
from controlroom.audit import chain
from controlroom.municipalities.access import require
from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right
from incidents.features import moment
from incidents.models import Incident
from linkage.choices import LinkState
from linkage.models import Link
from linkage.models_use import UseVerdict

PERIOD = timedelta(days=30)
# Video that is opened later than this did not help to decide.
SEEN_WITHIN = timedelta(seconds=120)

# What a link brought: its cases, and what came of the sources that we ask and of sensors, which
# have no case. For %(ids)s; the index of opening reports is by municipality and source.
CAME = """
came AS (
  SELECT c.link_id, c.municipality_id, c.incident_id, c.opened_at
  FROM linkage_case c WHERE c.link_id = ANY(%(ids)s)
  UNION ALL
  SELECT l.id, r.municipality_id, r.incident_id, r.received_at
  FROM linkage_link l
  CROSS JOIN LATERAL (
    SELECT l.municipality_id AS id
    UNION SELECT m.municipality_id FROM linkage_region_members m WHERE m.region_id = l.region_id
  ) AS city
  JOIN incidents_report r ON r.municipality_id = city.id AND r.source = l.code
    AND r.is_opening AND r.external_id <> ''
  WHERE l.id = ANY(%(ids)s) AND l.service = 'city'
    AND NOT EXISTS (SELECT 1 FROM linkage_case c
                    WHERE c.link_id = l.id AND c.external_id = r.external_id)
)
"""
# Drills are no use.
_COUNTED = f"""
WITH {CAME}
SELECT c.link_id, count(*),
  count(*) FILTER (WHERE i.acknowledged_by_id IS NOT NULL),
  count(*) FILTER (WHERE EXISTS (
    SELECT 1 FROM cctv_viewrecord v
    WHERE v.incident_id = i.id
      AND v.started_at <= i.received_at + make_interval(secs => %(within)s))),
  count(*) FILTER (WHERE u.is_useful),
  count(*) FILTER (WHERE NOT u.is_useful)
FROM came c
JOIN incidents_incident i ON i.id = c.incident_id AND NOT i.is_drill
LEFT JOIN linkage_useverdict u ON u.incident_id = i.id
WHERE c.opened_at >= %(since)s AND c.municipality_id = %(city)s
GROUP BY c.link_id
"""  # noqa: S608 - built from constants
# Each half stops at its newest row.
_LAST_REAL = """
SELECT l.id, greatest((
  SELECT c.opened_at FROM linkage_case c
  JOIN incidents_incident i ON i.id = c.incident_id AND NOT i.is_drill
  WHERE c.link_id = l.id ORDER BY c.opened_at DESC, c.id DESC LIMIT 1), (
  SELECT max(r.received_at) FROM incidents_report r
  JOIN incidents_incident i ON i.id = r.incident_id AND NOT i.is_drill
  WHERE l.service = 'city' AND r.source = l.code AND (r.municipality_id = l.municipality_id
    OR r.municipality_id IN (
      SELECT m.municipality_id FROM linkage_region_members m WHERE m.region_id = l.region_id))
    AND r.is_opening AND r.external_id <> ''))
FROM linkage_link l
WHERE l.id = ANY(%(ids)s)
"""


def use_of(
    links: Iterable[Link], *, city: Municipality, now: datetime | None = None
) -> dict[int, dict[str, Any]]:
    """Count the last thirty days of each link, in two queries; by the link's key.

    The cases are the city's own. Whether the line lies idle is told of all that it serves.
    """
    now = now or timezone.now()
    rows = list(links)
    ids = [row.pk for row in rows]
    with connection.cursor() as cursor:
        within = SEEN_WITHIN.total_seconds()
        asked: dict[str, Any] = {
            "ids": ids,
            "within": within,
            "since": now - PERIOD,
            "city": city.pk,
        }
        cursor.execute(_COUNTED, asked)
        counted = {pk: counts for pk, *counts in cursor.fetchall()}
        cursor.execute(_LAST_REAL, {"ids": ids})
        last = dict(cursor.fetchall())
    return {row.pk: _use(row, counted.get(row.pk), last[row.pk]) for row in rows}


def _use(row: Link, counted: list[int] | None, last_at: datetime | None) -> dict[str, Any]:
    triggered, opened, watched, useful, useless = counted or [0] * 5
    return {
        "days": PERIOD.days,
        "triggered": triggered,
        "opened": opened,
        "watched": watched,
        "watched_within_s": int(SEEN_WITHIN.total_seconds()),
        "useful": useful,
        "not_useful": useless,
        "last_real_at": moment(last_at),
        "dormant": row.state == LinkState.DORMANT,
        "dormant_after_days": row.dormant_after_days,
    }


@transaction.atomic
def say_useful(*, incident: Incident, by: User, is_useful: bool) -> UseVerdict:
    """Keep a person's word on whether what the agencies sent was of use; it may change its mind.

    Raises: NotAllowed.
    """
    require(by, incident.municipality_id, Right.INCIDENT_WORK)
    said = {"is_useful": is_useful, "said_by": by, "said_at": timezone.now()}
    verdict, _created = UseVerdict.objects.update_or_create(
        incident=incident,
        defaults=said,
        create_defaults={**said, "municipality_id": incident.municipality_id},
    )
    chain.record(
        action="incident.use_said",
        subject_kind="incident",
        subject_id=str(incident.pk),
        municipality_id=incident.municipality_id,
        actor_id=by.pk,
        detail={"is_useful": is_useful},
    )
    return verdict


def use_file(links: Iterable[Link], *, city: Municipality) -> Iterator[bytes]:
    """Write one line a link for a spreadsheet; no cell is taken for a formula."""
    rows = list(links)
    found = use_of(rows, city=city)
    header = [
        _("link"),
        _("agency"),
        _("service"),
        _("link state"),
        _("days"),
        _("triggered"),
        _("opened by a person"),
        _("video seen in time"),
        _("within (s)"),
        _("useful"),
        _("not useful"),
        _("last real case"),
        _("dormant"),
    ]
    return csv_blocks(header, (_cells(row, found[row.pk]) for row in rows), "utf-8-sig")


def _cells(row: Link, use: dict[str, Any]) -> list[Any]:
    return [
        row.code,
        str(row.agency),
        row.get_service_display(),
        row.get_state_display(),
        use["days"],
        use["triggered"],
        use["opened"],
        use["watched"],
        use["watched_within_s"],
        use["useful"],
        use["not_useful"],
        use["last_real_at"] or "",
        _("yes") if use["dormant"] else "",
    ]
