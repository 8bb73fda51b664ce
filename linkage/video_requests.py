"""Requests for video that wait for a person's word: kept, answered, over; nobody's silence allows.

Only their state and its record; what the agency is told of it is in linkage.services.video.answers.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from cctv.models import Camera
from controlroom.accounts.models import User
from controlroom.audit import chain
from controlroom.journal import log
from incidents.features import moment
from incidents.models import Incident
from linkage.models import Link, VideoRequest
from linkage.models_video import RequestState
from linkage.policy.words import Rule
from linkage.policy_texts import RULES

SHOWN = 50


def pending(**named: Any) -> QuerySet[VideoRequest]:
    found: QuerySet[VideoRequest] = VideoRequest.objects.filter(state=RequestState.PENDING, **named)
    return found


def open_incidents_of(link: Link) -> set[UUID]:
    """Give the incidents on which the link waits for an answer."""
    return set(pending(link=link).order_by().values_list("incident_id", flat=True))


def keep(**said: Any) -> VideoRequest:
    """Keep a request until somebody answers it; the incident is held."""
    row: VideoRequest = VideoRequest.objects.create(**said)
    _record("video.asked", row)
    return row


def settle(
    *,
    row: VideoRequest,
    state: RequestState,
    by: User | None = None,
    reason: str = "",
    rule: Rule | None = None,
) -> VideoRequest:
    """Put on a held, pending request what became of it.

    Locks: the journal's counter.
    """
    row.state, row.answered_at, row.answered_by = state, timezone.now(), by
    row.reason, row.rule = reason[:300], str(rule or "")
    row.save(update_fields=["state", "answered_at", "answered_by", "reason", "rule"])
    _record("video.answered", row, by=by)
    return row


def end(*, requests: QuerySet[VideoRequest], rule: Rule = Rule.SUSPENDED) -> list[VideoRequest]:
    """End those that still wait, unanswered: case, incident or link ended first; give them.

    Locks: the requests; their incidents are held.
    """
    rows = requests.filter(state=RequestState.PENDING).order_by("pk")
    found = list(rows.select_related("link").select_for_update(of=("self",)))
    for row in found:
        settle(row=row, state=RequestState.OVER, rule=rule)
    return found


def overdue(now: datetime) -> Iterable[VideoRequest]:
    rows: Iterable[VideoRequest] = pending(answer_by__lte=now).order_by("pk")[:200]
    return rows


def of_incident(incident: Incident) -> list[dict[str, Any]]:
    """Give what the console shows: what waits first, then the newest answers."""
    rows = VideoRequest.objects.filter(incident=incident).select_related("link", "answered_by")
    found = sorted(rows.order_by("-pk")[:SHOWN], key=lambda row: row.state != RequestState.PENDING)
    return [item(row) for row in found]


def item(row: VideoRequest) -> dict[str, Any]:
    why = Rule(row.rule) if row.rule else Rule.ON_WORD
    return {
        "id": str(row.reference),
        "link": row.link.code,
        "incident": str(row.incident_id),
        "case": row.case_number,
        "purpose": row.purpose,
        "basis": row.basis,
        "ground": row.ground,
        "access": str(row.access),
        "cameras": _named(row.cameras),
        "minutes": row.minutes,
        "extension": row.extension,
        "policy_row": row.policy_row,
        "asked_at": moment(row.asked_at),
        "answer_by": moment(row.answer_by),
        "state": str(row.state),
        "answered_at": moment(row.answered_at),
        "answered_by": str(row.answered_by) if row.answered_by else "",
        "reason": row.reason,
        "rule": str(why),
        "why": str(RULES[why]),
    }


def _named(ids: list[int]) -> list[dict[str, Any]]:
    found = Camera.objects.select_related("site").in_bulk(ids)
    return [{"id": pk, "name": str(found[pk]) if pk in found else f"#{pk}"} for pk in ids]


def _record(kind: str, row: VideoRequest, *, by: User | None = None) -> None:
    chain.record(
        action=kind,
        subject_kind="incident",
        subject_id=str(row.incident_id),
        municipality_id=row.municipality_id,
        actor_id=by.pk if by else None,
        agent="" if by else row.link.code,
        reason=row.reason or f"{row.purpose} {row.basis}",
        detail={
            "request": str(row.reference),
            "case": row.case_number,
            "cameras": row.cameras,
            "state": str(row.state),
            "rule": row.rule,
        },
    )
    log.append(
        municipality_id=row.municipality_id,
        kind=kind,
        subject_kind="incident",
        subject_id=str(row.incident_id),
        data={"request": item(row)},
        actor_id=by.pk if by else None,
    )
