"""The verbs of a disaster situation: each leaves a fact that the console hears.

Everything locks in one order: incident, situation, journal counter.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib.gis.geos import MultiPolygon
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cctv.areas import in_polygon
from cctv.errors import AreaInvalid
from controlroom.errors import Conflict, Invalid
from controlroom.journal import log
from controlroom.municipalities.access import require
from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right
from incidents.choices import Service
from incidents.features import moment, person
from incidents.models import Incident
from linkage import alarms
from linkage.models_disaster import (
    Channel,
    CrisisLevel,
    OnwardContact,
    OnwardNotice,
    Situation,
    SituationReport,
)
from linkage.services.disaster import geometry, own_alerts

CAMERAS_AT_MOST = 200
AREAS_SEARCHED = 10
OVERDUE = "disaster.report_overdue"
# Facts that the public hears of a published situation.
_TOLD_TO_ALL = frozenset(
    {"disaster.published", "disaster.changed", "disaster.level", "disaster.area"}
)
_WITHDRAWN = frozenset({"disaster.withdrawn", "disaster.ended"})
# How often a situation of each level is reported unless somebody says otherwise.
CYCLES_MIN: dict[int, int] = {
    CrisisLevel.ATTENTION: 360,
    CrisisLevel.CAUTION: 180,
    CrisisLevel.ALERT: 60,
    CrisisLevel.SERIOUS: 30,
}


@transaction.atomic
def declare(
    *,
    incident: Incident,
    level: int,
    area: MultiPolygon | None = None,
    area_names: Iterable[str] = (),
    issuer: str = "",
    report_every_min: int | None = None,
    casualties: str = "",
    actions: str = "",
    by: Any = None,
    agent: str = "",
) -> Situation:
    """Make the incident a situation, or change it to what is said now.

    Locks: the incident, the situation.
    Emits: "disaster.declared" or "disaster.changed" in the journal.
    """
    _admit(incident, by)
    Incident.objects.select_for_update(no_key=True).only("pk").get(pk=incident.pk)
    row = Situation.objects.select_for_update(no_key=True).filter(incident=incident).first()
    fact = "disaster.changed" if row else "disaster.declared"
    row = row or Situation(incident=incident, municipality_id=incident.municipality_id)
    row.level, row.ended_at = _level(level), None
    row.issuer = issuer[:120] or row.issuer
    row.area_names = [name[:80] for name in area_names][:100] or row.area_names
    row.casualties = casualties[:300] or row.casualties
    row.actions = actions[:1000] or row.actions
    if area is not None:
        row.area = area
        row.cameras = camera_group(incident.municipality, area)
    row.report_every_min = report_every_min or row.report_every_min or CYCLES_MIN[row.level]
    row.next_report_at = row.next_report_at or _next(row)
    row.save()
    _fill_checklist(row)
    _write(row, fact, by=by, agent=agent)
    return row


@transaction.atomic
def set_level(*, situation: Situation, level: int, by: Any = None, agent: str = "") -> Situation:
    """Raise or lower the level; the cycle and the checklist follow it.

    Raises: Invalid, Conflict when it has ended.
    """
    row = _lock(situation, by)
    row.level = _level(level)
    row.report_every_min = CYCLES_MIN[row.level]
    row.next_report_at = _next(row)
    row.save(update_fields=["level", "report_every_min", "next_report_at"])
    _clear_overdue(row)
    _fill_checklist(row)
    _write(row, "disaster.level", by=by, agent=agent)
    return row


@transaction.atomic
def set_cycle(*, situation: Situation, every_min: int, by: Any) -> Situation:
    """Raises: Invalid outside of 5 minutes to a week."""
    if not 5 <= every_min <= 10_080:
        raise Invalid(_("a report cycle is 5 minutes to a week"), fields={"every_min": [every_min]})
    row = _lock(situation, by)
    row.report_every_min = every_min
    row.next_report_at = _next(row)
    row.save(update_fields=["report_every_min", "next_report_at"])
    _clear_overdue(row)
    _write(row, "disaster.cycle", by=by)
    return row


@transaction.atomic
def set_area(*, situation: Situation, area: MultiPolygon, by: Any = None) -> Situation:
    """Draw the area anew and choose its cameras."""
    row = _lock(situation, by)
    row.area, row.cameras = area, camera_group(row.municipality, area)
    row.save(update_fields=["area", "cameras"])
    _write(row, "disaster.area", by=by)
    return row


@transaction.atomic
def report(
    *,
    situation: Situation,
    text: str,
    casualties: str = "",
    actions: str = "",
    by: Any = None,
    agent: str = "",
) -> SituationReport:
    """File a report of the cycle; the next one is due a cycle from now.

    Raises: Invalid without a text, Conflict when it has ended.
    """
    if not text.strip():
        raise Invalid(_("a report needs a text"), fields={"text": [_("This field is required.")]})
    row = _lock(situation, by)
    filed: SituationReport = SituationReport.objects.create(
        situation=row, by=by, agent=agent, level=row.level, text=text.strip()[:2000]
    )
    row.casualties = casualties[:300] or row.casualties
    row.actions = actions[:1000] or row.actions
    row.next_report_at = _next(row)
    row.save(update_fields=["casualties", "actions", "next_report_at"])
    _clear_overdue(row)
    _write(row, "disaster.report", by=by, agent=agent, text=filed.text)
    return filed


@transaction.atomic
def publish(*, situation: Situation, is_public: bool, by: Any) -> Situation:
    """Issue alerts of it from now on, or take them back; a drill's go to links that take drills.

    Raises: Conflict.
    """
    row = _lock(situation, by)
    row.is_public = is_public
    row.save(update_fields=["is_public"])
    _write(row, "disaster.published" if is_public else "disaster.withdrawn", by=by)
    return row


@transaction.atomic
def end(*, situation: Situation, by: Any = None, agent: str = "", text: str = "") -> Situation:
    """End it: no report is due any more. The incident itself is closed by its own verb."""
    row = _lock(situation, by)
    row.ended_at, row.next_report_at = timezone.now(), None
    row.save(update_fields=["ended_at", "next_report_at"])
    _clear_overdue(row)
    _write(row, "disaster.ended", by=by, agent=agent, text=text)
    return row


def end_with(*, incident: Incident, by: Any, agent: str) -> None:
    """End the situation of an incident that has ended: nobody would report on it any more."""
    row = Situation.objects.filter(incident=incident, ended_at=None).first()
    if row is not None:
        end(situation=row, by=by, agent=agent)


@transaction.atomic
def add_notice(
    *, situation: Situation, whom: str, channel: str, number: str = "", by: Any
) -> OnwardNotice:
    """Put somebody on the checklist.

    Raises: Invalid, Conflict for one who stands there already.
    """
    if not whom.strip() or channel not in Channel.values:
        raise Invalid(_("say whom to tell, and how"), fields={"whom": [whom], "channel": [channel]})
    row = _lock(situation, by)
    notice: OnwardNotice
    notice, is_new = OnwardNotice.objects.get_or_create(
        situation=row, whom=whom.strip()[:120], channel=channel, defaults={"number": number[:60]}
    )
    if not is_new:
        raise Conflict(_("that stands on the list already"))
    _write(row, "disaster.notice_added", by=by, notice=notice)
    return notice


@transaction.atomic
def mark_told(*, notice: OnwardNotice, by: Any) -> OnwardNotice:
    """Note that somebody was told now; the first time stands."""
    row = _lock(notice.situation, by)
    notice = OnwardNotice.objects.select_for_update(no_key=True).get(pk=notice.pk)
    if notice.told_at is None:
        notice.told_at, notice.told_by = timezone.now(), by
        notice.save(update_fields=["told_at", "told_by"])
        _write(row, "disaster.told", by=by, notice=notice)
    return notice


@transaction.atomic
def mark_acknowledged(*, notice: OnwardNotice, name: str, by: Any) -> OnwardNotice:
    """Note that the other end has understood, and who said so.

    Raises: Invalid without a name, Conflict before it was told.
    """
    if not name.strip():
        raise Invalid(
            _("who has acknowledged it?"), fields={"name": [_("This field is required.")]}
        )
    row = _lock(notice.situation, by)
    notice = OnwardNotice.objects.select_for_update(no_key=True).get(pk=notice.pk)
    if notice.told_at is None:
        raise Conflict(_("nobody has told them yet"))
    if notice.acknowledged_at is None:
        notice.acknowledged_at, notice.acknowledged_by = timezone.now(), name.strip()[:80]
        notice.save(update_fields=["acknowledged_at", "acknowledged_by"])
        _write(row, "disaster.told_acknowledged", by=by, notice=notice)
    return notice


def overdue() -> list[Situation]:
    """Give the situations whose report is due: the workers and the auditor look alike."""
    late = Situation.objects.filter(ended_at=None, next_report_at__lt=timezone.now())
    return list(late.select_related("incident", "municipality").order_by("next_report_at"))


def overdue_detail(row: Situation) -> dict[str, Any]:
    return {
        "number": row.incident.number,
        "due_at": moment(row.next_report_at),
        "is_drill": row.incident.is_drill,
    }


def watch_cycles() -> int:
    """Raise an alarm for every report that is overdue; give how many stand."""
    rows = overdue()
    for row in rows:
        alarms.raise_(
            kind=OVERDUE,
            municipality=row.municipality,
            subject_kind="incident",
            subject_id=str(row.incident_id),
            detail=overdue_detail(row),
        )
    return len(rows)


def camera_group(municipality: Municipality, area: MultiPolygon) -> list[dict[str, Any]]:
    """Choose the cameras inside the part of the area that is ours."""
    ours = geometry.within(municipality, area)
    found: dict[int, dict[str, Any]] = {}
    for ring in geometry.searchable(ours)[:AREAS_SEARCHED] if ours else []:
        try:
            choice = in_polygon(
                municipality=municipality, coordinates=ring, service=Service.DISASTER
            )
        except AreaInvalid:
            continue
        for pick in choice.picks:
            found.setdefault(pick.judged.candidate.id, pick.as_json())
    return list(found.values())[:CAMERAS_AT_MOST]


def feature(row: Situation) -> dict[str, Any]:
    """Give the one shape of a situation, in the facet and in the journal (without its area)."""
    return {
        "level": row.level,
        "issuer": row.issuer,
        "area_names": row.area_names,
        "casualties": row.casualties,
        "actions": row.actions,
        "report_every_min": row.report_every_min,
        "next_report_at": moment(row.next_report_at),
        "is_public": row.is_public,
        "started_at": moment(row.started_at),
        "ended_at": moment(row.ended_at),
        "camera_count": len(row.cameras),
    }


def notice_feature(notice: OnwardNotice) -> dict[str, Any]:
    return {
        "id": notice.pk,
        "whom": notice.whom,
        "channel": notice.channel,
        "number": notice.number,
        "told_at": moment(notice.told_at),
        "told_by": person(notice.told_by),
        "acknowledged_at": moment(notice.acknowledged_at),
        "acknowledged_by": notice.acknowledged_by,
    }


def _admit(incident: Incident, by: Any) -> None:
    if by is not None:
        require(by, incident.municipality_id, Right.INCIDENT_WORK)


def _lock(situation: Situation, by: Any) -> Situation:
    """Lock the incident, then its situation.

    Raises: NotAllowed, Conflict when it has ended.
    """
    if by is not None:
        require(by, situation.municipality_id, Right.INCIDENT_WORK)
    Incident.objects.select_for_update(no_key=True).only("pk").get(pk=situation.incident_id)
    rows = Situation.objects.select_for_update(of=("self",), no_key=True)
    row: Situation = rows.select_related("municipality", "incident").get(pk=situation.pk)
    if row.ended_at is not None:
        raise Conflict(_("the situation has ended"))
    return row


def _level(level: int) -> int:
    if level not in CrisisLevel.values:
        raise Invalid(_("no such level"), fields={"level": [level]})
    return level


def _next(row: Situation) -> Any:
    return timezone.now() + timedelta(minutes=row.report_every_min or CYCLES_MIN[row.level])


def _fill_checklist(row: Situation) -> None:
    contacts = OnwardContact.objects.filter(
        municipality_id=row.municipality_id, from_level__lte=row.level
    )
    notices = [
        OnwardNotice(situation=row, whom=one.whom, channel=one.channel, number=one.number)
        for one in contacts
    ]
    OnwardNotice.objects.bulk_create(notices, ignore_conflicts=True)


def _clear_overdue(row: Situation) -> None:
    alarms.clear(
        kind=OVERDUE,
        municipality=row.municipality,
        subject_kind="incident",
        subject_id=str(row.incident_id),
    )


def _write(
    row: Situation,
    kind: str,
    *,
    by: Any = None,
    agent: str = "",
    text: str = "",
    notice: OnwardNotice | None = None,
) -> None:
    if kind in _WITHDRAWN or (row.is_public and kind in _TOLD_TO_ALL):
        own_alerts.issue(row, is_over=kind in _WITHDRAWN, by=by, agent=agent)
    data: dict[str, Any] = {"situation": feature(row)}
    if notice is not None:
        data["notice"] = notice_feature(notice)
    if text:
        data["text"] = text
    if agent:
        data["agent"] = agent
    log.append(
        municipality_id=row.municipality_id,
        kind=kind,
        subject_kind="incident",
        subject_id=str(row.incident_id),
        data=data,
        actor_id=by.pk if by else None,
    )
