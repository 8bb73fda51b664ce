"""Push a growing cluster of reports at the centre until a person says what it is.

Source: domain.md 1.8 (Itaewon: 11 calls about the crush, several closed without dispatch; the
staffed centre reported nothing), 8 (cluster card with count and growth, alert on acceleration).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.gis.geos import Point
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from controlroom.accounts.models import User
from controlroom.errors import Conflict, Invalid
from controlroom.journal import log
from controlroom.municipalities.access import require
from controlroom.municipalities.roles import Right
from incidents.clusters import ACCELERATING_FROM, LEFT_OUT, WINDOW, growth, probable_duplicates
from incidents.features import moment, person
from incidents.models import ClusterAlarm, ClusterLook, Incident
from incidents.models_clusters import Assessment

# As many reports of one place are pushed, growing or not.
CLUSTER_FROM = ACCELERATING_FROM
# An acknowledged one rings again when it has grown by this factor since.
AGAIN_FACTOR = 2
# How far back a look goes that was missed while no worker ran.
LOOK_BACK = timedelta(hours=1)
MOST_LOOKS = 200
QUIET = 2 * WINDOW


@dataclass(frozen=True)
class Step:
    level: int
    after_s: int
    to: str


STEPS = (Step(1, 60, "supervisor"), Step(2, 120, "telephone"))


def look(*, now: datetime | None = None) -> int:
    """Compare every incident not yet looked at with its neighbours; return how many rang.

    Each look has its own transaction; twice at once looks once.
    """
    now = now or timezone.now()
    fresh = Incident.objects.filter(
        received_at__gte=now - LOOK_BACK, cluster_look=None, location__isnull=False
    )
    todo = list(fresh.order_by("received_at").values_list("pk", flat=True)[:MOST_LOOKS])
    rang = sum(_look_at(pk) for pk in todo)
    escalate(now=now)
    end_quiet(now=now)
    return rang


@transaction.atomic
def _look_at(pk: UUID) -> bool:
    incident = Incident.objects.select_related("kind").get(pk=pk)
    _lock_clusters(incident.municipality_id)
    _look, is_first = ClusterLook.objects.get_or_create(incident=incident)
    if not is_first or incident.status in LEFT_OUT:
        return False
    members = probable_duplicates(incident)
    grown = growth([member.received_at for member in members])
    standing = _standing(incident, members)
    if standing is not None:
        return _grow(standing, members)
    if len(members) < CLUSTER_FROM and not grown.is_accelerating:
        return False
    alarm = ClusterAlarm(
        municipality_id=incident.municipality_id,
        lead=members[0],
        kind_class=incident.kind.kind_class,
        is_drill=incident.is_drill,
    )
    _put(alarm, members)
    _tell("cluster.raised", alarm)
    return True


def _lock_clusters(municipality_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('incidents.clusters', %s))",
            [municipality_id],
        )


def _standing(incident: Incident, members: Sequence[Incident]) -> ClusterAlarm | None:
    found: ClusterAlarm | None = (
        ClusterAlarm.objects.select_for_update(of=("self",))
        .filter(
            municipality_id=incident.municipality_id,
            ended_at=None,
            members__overlap=[member.pk for member in members],
        )
        .order_by("raised_at")
        .first()
    )
    return found


def _grow(alarm: ClusterAlarm, members: Sequence[Incident]) -> bool:
    """Take new reports in; an acknowledged one rings again when it is worse than was said."""
    was_accelerating, count = alarm.is_accelerating, len(alarm.members)
    _put(alarm, members)
    if len(alarm.members) == count:
        return False
    worse = len(alarm.members) >= AGAIN_FACTOR * alarm.acknowledged_count
    worse = worse or (alarm.is_accelerating and not was_accelerating)
    if alarm.acknowledged_at is not None and worse:
        alarm.acknowledged_at = None
        alarm.acknowledged_by = None
        alarm.escalation_level = 0
        alarm.rings_since = timezone.now()
        alarm.save()
        _tell("cluster.rings_again", alarm)
        return True
    _tell("cluster.grown", alarm)
    return False


def _put(alarm: ClusterAlarm, members: Sequence[Incident]) -> None:
    places = [member.location for member in members if member.location is not None]
    grown = growth([member.received_at for member in members])
    known = {str(pk) for pk in alarm.members or []}
    alarm.members = [*(alarm.members or []), *(m.pk for m in members if str(m.pk) not in known)]
    alarm.centre = Point(
        sum(place.x for place in places) / len(places),
        sum(place.y for place in places) / len(places),
        srid=4326,
    )
    alarm.recent, alarm.before = grown.recent, grown.before
    alarm.is_accelerating = grown.is_accelerating
    alarm.grown_at = max(member.received_at for member in members)
    alarm.save()


@transaction.atomic
def acknowledge(*, alarm: ClusterAlarm, by: User, assessment: str, note: str = "") -> ClusterAlarm:
    """Record who looked and what it is; the judgement is kept with how many reports there were.

    Locks: the alarm.
    Raises: NotAllowed; Invalid without an assessment; Conflict when another did before.
    """
    require(by, alarm.municipality_id, Right.INCIDENT_WORK)
    if assessment not in Assessment.values:
        raise Invalid(
            _("say what the cluster is"), fields={"assessment": [_("This field is required.")]}
        )
    row: ClusterAlarm = ClusterAlarm.objects.select_for_update(of=("self",)).get(pk=alarm.pk)
    if row.acknowledged_at is not None:
        raise Conflict(
            _("another person has acknowledged it"), fields={"by": [str(row.acknowledged_by)]}
        )
    row.acknowledged_at = timezone.now()
    row.acknowledged_by = by
    row.acknowledged_count = len(row.members)
    row.assessment = assessment
    row.note = note.strip()[:500]
    row.save()
    _tell("cluster.acknowledged", row, by=by)
    return row


def escalate(*, now: datetime) -> int:
    """Tell the next one of every alarm that nobody has acknowledged in time; never twice."""
    overdue = ClusterAlarm.objects.filter(
        ended_at=None, acknowledged_at=None, escalation_level__lt=STEPS[-1].level
    )
    late = overdue.filter(rings_since__lte=now - timedelta(seconds=STEPS[0].after_s))
    return sum(_escalate(pk, now) for pk in late.values_list("pk", flat=True))


@transaction.atomic
def _escalate(pk: UUID, now: datetime) -> bool:
    row = (
        ClusterAlarm.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(pk=pk, acknowledged_at=None, ended_at=None)
        .first()
    )
    if row is None:
        return False
    age_s = (now - row.rings_since).total_seconds()
    due = [step for step in STEPS if age_s >= step.after_s and step.level > row.escalation_level]
    if not due:
        return False
    row.escalation_level = due[-1].level
    row.save(update_fields=["escalation_level"])
    _tell("cluster.escalated", row, to=due[-1].to)
    return True


def end_quiet(*, now: datetime) -> int:
    """End what was acknowledged and grew no more; an unacknowledged one never ends by itself."""
    quiet = ClusterAlarm.objects.filter(
        ended_at=None, acknowledged_at__isnull=False, grown_at__lt=now - QUIET
    )
    ended = 0
    with transaction.atomic():
        for row in quiet.select_for_update(of=("self",), skip_locked=True):
            row.ended_at = now
            row.save(update_fields=["ended_at"])
            _tell("cluster.ended", row)
            ended += 1
    return ended


def cluster_alarm(alarm: ClusterAlarm) -> dict[str, Any]:
    """Give the one shape of an alarm: in the list and in the journal."""
    return {
        "id": str(alarm.pk),
        "lead": {"id": str(alarm.lead_id), "number": alarm.lead.number},
        "address": alarm.lead.address,
        "class": alarm.kind_class,
        "is_drill": alarm.is_drill,
        "count": len(alarm.members),
        "recent": alarm.recent,
        "before": alarm.before,
        "accelerating": alarm.is_accelerating,
        "lon": alarm.centre.x,
        "lat": alarm.centre.y,
        "raised_at": moment(alarm.raised_at),
        "rings_since": moment(alarm.rings_since),
        "grown_at": moment(alarm.grown_at),
        "escalation_level": alarm.escalation_level,
        "acknowledged_at": moment(alarm.acknowledged_at),
        "acknowledged_by": person(alarm.acknowledged_by),
        "assessment": alarm.assessment,
        "note": alarm.note,
        "ended_at": moment(alarm.ended_at),
    }


def _tell(kind: str, alarm: ClusterAlarm, *, by: User | None = None, **more: Any) -> None:
    log.append(
        municipality_id=alarm.municipality_id,
        kind=kind,
        subject_kind="cluster",
        subject_id=str(alarm.pk),
        data={"cluster": cluster_alarm(alarm), **more},
        actor_id=by.pk if by else None,
    )
