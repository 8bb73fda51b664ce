"""Raise an alarm while its cause stands, clear it when the cause is gone, acknowledge it.

Raising again what stands writes no new fact: a watcher may say the same every round.
"""

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone, translation

from controlroom.journal import log
from controlroom.municipalities.access import require
from controlroom.municipalities.models import Membership, Municipality
from controlroom.municipalities.roles import Right
from incidents.features import moment, person
from linkage.alarm_kinds import KINDS, SUPERVISOR
from linkage.models_alarm import Alarm

LANGUAGES = ("ko", "en")


@transaction.atomic
def raise_(
    *,
    kind: str,
    municipality: Municipality | None = None,
    severity: int | None = None,
    subject_kind: str = "",
    subject_id: str | int = "",
    detail: dict[str, Any] | None = None,
) -> Alarm:
    """Let an alarm stand; one that stands already is only seen again, with its newest detail.

    Without a municipality it is of the whole system. Detail carries no personal data.
    Emits: "alarm.raised" in the journal of each municipality concerned, when it is new.
    Locks: the alarm, then the journal's counters.
    Raises: KeyError for a kind that is not in linkage.alarm_kinds.
    """
    known = KINDS[kind]
    now = timezone.now()
    alarm: Alarm
    alarm, is_new = Alarm.objects.select_for_update(of=("self",), no_key=True).get_or_create(
        municipality=municipality,
        kind=kind,
        subject_kind=subject_kind,
        subject_id=str(subject_id),
        cleared_at=None,
        defaults={
            "severity": known.severity if severity is None else severity,
            "detail": detail or {},
            "raised_at": now,
            "last_seen_at": now,
        },
    )
    if is_new:
        _announce(alarm, "alarm.raised")
        return alarm
    alarm.last_seen_at = now
    if detail is not None:
        alarm.detail = detail
    alarm.save(update_fields=["last_seen_at", "detail"])
    return alarm


@transaction.atomic
def clear(
    *,
    kind: str,
    municipality: Municipality | None = None,
    subject_kind: str = "",
    subject_id: str | int = "",
) -> Alarm | None:
    """End the alarm, if it stands.

    Emits: "alarm.cleared" in the journal of each municipality concerned.
    Locks: the alarm, then the journal's counters.
    """
    standing = Alarm.objects.standing().filter(
        municipality=municipality,
        kind=kind,
        subject_kind=subject_kind,
        subject_id=str(subject_id),
    )
    alarm: Alarm | None = standing.select_for_update(of=("self",), no_key=True).first()
    if alarm is not None:
        alarm.cleared_at = timezone.now()
        alarm.save(update_fields=["cleared_at"])
        _announce(alarm, "alarm.cleared")
    return alarm


@transaction.atomic
def acknowledge(*, alarm: Alarm, by: Any) -> Alarm:
    """Note that a person has taken an alarm up; its cause stands until it is cleared.

    Locks: the alarm, then the journal's counters.
    Raises: NotAllowed.
    """
    alarm = Alarm.objects.select_for_update(of=("self",), no_key=True).get(pk=alarm.pk)
    if alarm.acknowledged_at is None:
        alarm.acknowledged_at, alarm.acknowledged_by = timezone.now(), by
        alarm.save(update_fields=["acknowledged_at", "acknowledged_by"])
        _announce(alarm, "alarm.acknowledged")
    return alarm


def require_to_acknowledge(*, user: Any, municipality: Municipality, alarm: Alarm) -> None:
    """Raise NotAllowed unless the user may take this alarm up: its route decides."""
    kind = KINDS.get(alarm.kind)
    to_supervisor = alarm.municipality_id is None or kind is None or kind.route == SUPERVISOR
    require(user, municipality.pk, Right.SUPERVISE if to_supervisor else Right.INCIDENT_WORK)


def feature(alarm: Alarm) -> dict[str, Any]:
    """Give the one shape of an alarm, with its words in every language of the console."""
    kind = KINDS.get(alarm.kind)
    return {
        "id": alarm.pk,
        "kind": alarm.kind,
        "severity": alarm.severity,
        "is_system": alarm.municipality_id is None,
        "route": kind.route if kind else SUPERVISOR,
        "allowed_s": kind.allowed_s if kind else None,
        "words": {language: _words(alarm.kind, language) for language in LANGUAGES},
        "subject": {"kind": alarm.subject_kind, "id": alarm.subject_id},
        "detail": alarm.detail,
        "raised_at": moment(alarm.raised_at),
        "last_seen_at": moment(alarm.last_seen_at),
        "cleared_at": moment(alarm.cleared_at),
        "acknowledged_at": moment(alarm.acknowledged_at),
        "acknowledged_by": person(alarm.acknowledged_by),
    }


def standing_first(rows: Any, limit: int) -> list[Alarm]:
    """Give what stands, the most severe first, then what was cleared last."""
    newest = rows.select_related("acknowledged_by")
    standing = list(newest.standing().order_by("severity", "-raised_at")[:limit])
    cleared = newest.exclude(cleared_at=None).order_by(F("cleared_at").desc())
    return standing + list(cleared[: limit - len(standing)])


def _words(code: str, language: str) -> dict[str, Any]:
    kind = KINDS.get(code)
    with translation.override(language):
        return kind.words() if kind else {"title": code}


def _announce(alarm: Alarm, fact: str) -> None:
    """Write the fact where people hear it, in one order so that two system alarms never cross."""
    for municipality_id in _concerned(alarm):
        log.append(
            municipality_id=municipality_id,
            kind=fact,
            subject_kind="alarm",
            subject_id=alarm.pk,
            data={"alarm": feature(alarm)},
        )


def _concerned(alarm: Alarm) -> list[int]:
    if alarm.municipality_id is not None:
        return [alarm.municipality_id]
    staffed = Membership.objects.carrying(Right.SUPERVISE).order_by("municipality_id")
    return list(staffed.values_list("municipality_id", flat=True).distinct())
