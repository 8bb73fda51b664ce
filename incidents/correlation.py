"""The same accident from several sources: suggested with its reasons, judged by a person.

Clusters (incidents.clusters) count calls about one scene; this compares what different sources
say. The rule is incidents.sameness; nothing is ever joined by itself.
"""

from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from controlroom.accounts.models import User
from controlroom.errors import Invalid
from controlroom.municipalities.access import require
from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right
from incidents.facts import note_fact
from incidents.features import moment
from incidents.joins import join
from incidents.lifecycle import mark_duplicate
from incidents.models import Distinction, Incident
from incidents.models_joins import JoinKind
from incidents.sameness import NEAR_M, NO_CLASS, WITHIN
from incidents.statuses import OPEN, Status

SAME, DUPLICATE, RELATED, DIFFERENT = "same", "duplicate", "related", "different"
VERDICTS = (SAME, DUPLICATE, RELATED, DIFFERENT)
MOST = 20
_LEFT_OUT = [
    Status.CANCELLED.value,
    Status.FALSE_ALARM.value,
    Status.TRANSFERRED.value,
    Status.DUPLICATE.value,
]
# A source is a link, and within a link each feed of its own; what people open by hand is another.
_SOURCE = """
  coalesce((SELECT r.source || '/' || CASE WHEN strpos(r.external_id, ':') > 0
                    THEN split_part(r.external_id, ':', 1) ELSE '' END
              FROM incidents_report r WHERE r.incident_id = {incident}.id AND r.is_opening),
           'centre')
"""
# Which pairs the rule finds, without those that a person has judged.
_PAIRS = f"""
  FROM incidents_incident mine
  JOIN incidents_kind mk ON mk.id = mine.kind_id
  JOIN incidents_incident other ON other.municipality_id = mine.municipality_id
  JOIN incidents_kind ok ON ok.id = other.kind_id
 WHERE other.id <> mine.id
   AND ok.kind_class = mk.kind_class AND mk.kind_class <> %(no_class)s
   AND other.is_drill = mine.is_drill
   AND other.status <> ALL(%(left_out)s) AND mine.status <> ALL(%(left_out)s)
   AND other.occurred_at BETWEEN mine.occurred_at - %(within)s::interval
                             AND mine.occurred_at + %(within)s::interval
   AND ST_DWithin(other.location, mine.location, %(near)s)
   AND {_SOURCE.format(incident="other")} <> {_SOURCE.format(incident="mine")}
   AND NOT EXISTS (SELECT FROM incidents_distinction d
         WHERE (d.first_id, d.second_id) = (LEAST(other.id, mine.id), GREATEST(other.id, mine.id)))
   AND NOT EXISTS (SELECT FROM incidents_incidentlink l
         WHERE (l.incident_id = mine.id AND l.other_id = other.id)
            OR (l.incident_id = other.id AND l.other_id = mine.id))
"""  # noqa: S608 - the pieces are constants of this module
_SQL = f"""
SELECT other.id,
       ST_Distance(other.location, mine.location),
       extract(epoch FROM other.occurred_at - mine.occurred_at),
       {_SOURCE.format(incident="other")}
{_PAIRS}
   AND mine.id = %(incident)s
 ORDER BY 2, 1
 LIMIT %(most)s
"""  # noqa: S608
_COUNTS = f"""
SELECT mine.id, count(*)
{_PAIRS}
   AND mine.municipality_id = %(municipality)s AND mine.status = ANY(%(open)s)
 GROUP BY mine.id
"""
_LIMITS: dict[str, Any] = {
    "no_class": NO_CLASS,
    "left_out": _LEFT_OUT,
    "within": f"{WITHIN.total_seconds()} seconds",
    "near": NEAR_M,
}


def probably_same_as(incident: Incident) -> list[dict[str, Any]]:
    """Give what is probably the same happening by another source, nearest first, with reasons."""
    if incident.location is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_SQL, {**_LIMITS, "incident": incident.pk, "most": MOST})
        found = cursor.fetchall()
    rows = Incident.objects.filter(pk__in=[row[0] for row in found]).select_related("kind")
    incidents = {row.pk: row for row in rows}
    return [
        {
            **_item(incidents[pk]),
            "source": source.rstrip("/"),
            "distance_m": round(distance, 1),
            "apart_s": abs(round(float(seconds))),
        }
        for pk, distance, seconds, source in found
        if pk in incidents
    ]


def counts_of_open(municipality: Municipality) -> dict[str, int]:
    """Give by open incident how many others are probably the same; none is left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNTS,
            {**_LIMITS, "municipality": municipality.pk, "open": [status.value for status in OPEN]},
        )
        return {str(pk): count for pk, count in cursor.fetchall()}


def joined_with(incident: Incident) -> dict[str, Any]:
    """Give those that ended as duplicates of this one, and the one that it is a duplicate of.

    Each keeps its own reports and timeline.
    """
    ended = incident.duplicates.filter(status=Status.DUPLICATE).select_related("kind")
    into = incident.duplicate_of if incident.status == Status.DUPLICATE else None
    return {
        "joined": [_item(one) for one in ended.order_by("received_at", "pk")],
        "into": _item(into) if into else None,
    }


def _item(other: Incident) -> dict[str, Any]:
    return {
        "id": str(other.pk),
        "number": other.number,
        "service": other.service,
        "status": str(other.status),
        "address": other.address,
        "summary": other.summary,
        "is_drill": other.is_drill,
        "kind": {
            "code": other.kind.code,
            "name_ko": other.kind.name_ko,
            "name_en": other.kind.name_en,
        },
        "occurred_at": moment(other.occurred_at),
    }


@transaction.atomic
def judge(*, incident: Incident, other: Incident, verdict: str, by: User) -> None:
    """Keep what a person says of two incidents: the same, one a duplicate, related, or different.

    Of the same happening this incident goes on and the other ends as its duplicate, unless others
    were already joined to that one. Related ones are joined and live on by themselves. Both are
    told that they are different.
    Locks: both incident rows, in the order of their ids.
    Raises: NotAllowed, Invalid, and what mark_duplicate raises.
    """
    require(by, incident.municipality_id, Right.INCIDENT_WORK)
    if incident.pk == other.pk or incident.municipality_id != other.municipality_id:
        raise Invalid(_("not an incident to link with"), fields={"other": [str(other.pk)]})
    if verdict == SAME:
        goes_on, ends = (other, incident) if _leads(other) else (incident, other)
        mark_duplicate(incident=ends, by=by, of=goes_on)
    elif verdict == DUPLICATE:
        mark_duplicate(incident=incident, by=by, of=other)
    elif verdict == RELATED:
        join(incident=incident, other=other, kind=JoinKind.RELATED, by=by)
    elif verdict == DIFFERENT:
        _distinguish(incident, other, by)
    else:
        raise Invalid(_("no such verdict"), fields={"verdict": [verdict]})


def _leads(incident: Incident) -> bool:
    return incident.duplicates.filter(status=Status.DUPLICATE).exists()


def _distinguish(incident: Incident, other: Incident, by: User) -> None:
    """Keep the pair as different, once; the timelines of both say so, the first id first."""
    first, second = sorted((incident, other), key=lambda one: one.pk)
    _row, is_new = Distinction.objects.get_or_create(
        first=first,
        second=second,
        defaults={"municipality_id": incident.municipality_id, "by": by},
    )
    if not is_new:
        return
    for mine, theirs in ((first, second), (second, first)):
        data = {"other": str(theirs.pk), "number": theirs.number}
        note_fact(incident=mine, verb="different", by=by, text=theirs.number, data=data)
