"""What agencies report, and what it makes of the incidents: once, in the order of versions."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.gis.geos import Point
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from controlroom.municipalities.models import Municipality
from incidents.cameras import choose_cameras
from incidents.choices import KindClass, ReportState
from incidents.events import kind_asked
from incidents.history import lock, record
from incidents.lifecycle import cancel, open_incident
from incidents.models import Incident, Kind, PriorityRule, Report
from incidents.priorities import explained, priority_by, rule_for
from incidents.statuses import OPEN, Status, Verb


@dataclass(frozen=True, kw_only=True)
class ReportIn:
    """What an agency says about one case of its own. `version` counts up within a case."""

    service: str
    external_id: str
    version: int = 1
    kind_code: str
    # The agency's word for the kind: shown when the code is not in our catalogue.
    kind_name: str = ""
    urgency: str = ""
    place: Point | None = None
    error_radius_m: float = 0
    address: str = ""
    summary: str = ""
    occurred_at: datetime
    state: str = ReportState.NEW
    is_drill: bool = False
    raw: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TakenReport:
    incident: Incident
    created: bool
    changed: bool


@transaction.atomic(savepoint=False)
def take_report(*, municipality: Municipality, source: str, message: ReportIn) -> TakenReport:
    """Take a report in: open its incident, change it, or only keep what came late.

    The same version again changes nothing. A version older than the newest one is kept and not
    applied. A cancel that arrives first opens the incident and ends it, so that the report it
    overtook changes nothing any more. A newer report after a cancel rings again.
    Locks: the case, before every row.
    """
    _lock_case(municipality, source, message.external_id)
    case = Report.objects.filter(
        municipality=municipality, source=source, external_id=message.external_id
    )
    known = case.select_related("incident").first() if message.external_id else None
    if known is None:
        return _open(municipality, source, message)
    incident: Incident = known.incident
    if case.filter(version=message.version).exists():
        return TakenReport(incident, created=False, changed=False)
    newest = case.filter(is_applied=True).aggregate(newest=Max("version"))["newest"] or 0
    report = _report(municipality, source, message)
    report.incident = incident
    report.is_applied = message.version > newest
    report.save(force_insert=True)
    if not report.is_applied:
        return TakenReport(incident, created=False, changed=False)
    return _apply(lock(incident), source, message)


def _lock_case(municipality: Municipality, source: str, external_id: str) -> None:
    """Let reports of one case in one by one: the row to lock may not exist yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"incidents.case:{municipality.pk}:{source}:{external_id}"],
        )


def _open(municipality: Municipality, source: str, message: ReportIn) -> TakenReport:
    report = _report(municipality, source, message)
    report.is_opening = True
    incident = open_incident(
        municipality=municipality,
        service=message.service,
        kind=kind_of(message.service, message.kind_code, message.kind_name, source=source),
        urgency=message.urgency[:4],
        place=message.place,
        error_radius_m=max(message.error_radius_m, 0),
        address=_clean(message.address, 200),
        summary=_clean(message.summary, 500),
        occurred_at=message.occurred_at,
        is_drill=message.is_drill,
        report=report,
        agent=source,
    )
    if message.state == ReportState.CANCEL:
        incident = cancel(incident=incident, agent=source)
    return TakenReport(incident, created=True, changed=True)


def _report(municipality: Municipality, source: str, message: ReportIn) -> Report:
    return Report(
        municipality=municipality,
        service=message.service,
        source=source,
        external_id=message.external_id,
        version=message.version,
        state=message.state,
        occurred_at=message.occurred_at,
        received_at=timezone.now(),
        raw=_storable(message.raw),
    )


def _apply(row: Incident, source: str, message: ReportIn) -> TakenReport:
    if message.state == ReportState.CANCEL:
        if row.status in OPEN:
            row = cancel(incident=row, agent=source)
        else:
            record(row, Verb.UPDATE, agent=source, data={**_naming(message), "state": "cancel"})
        return TakenReport(row, created=False, changed=True)
    before = _compared(row)
    if row.status == Status.CANCELLED:
        row.result = ""
        row.owner = None
        row.claimed_at = None
        row.acknowledged_at = None
        row.acknowledged_by = None
        _ring_anew(row)
        record(row, Verb.REVIVE, agent=source, data=_naming(message))
    rule = _put_on(row, source, message)
    data = {**explained(rule), **_naming(message), "changed": _differences(before, row)}
    if row.priority < before["priority"]:
        _ring_anew(row)
    if {"place", "error_radius_m"} & set(data["changed"]):
        choose_cameras(row)
    record(row, Verb.UPDATE, agent=source, data=data)
    return TakenReport(row, created=False, changed=True)


def _ring_anew(row: Incident) -> None:
    row.rings_since = timezone.now()
    row.escalation_level = 0


def _put_on(row: Incident, source: str, message: ReportIn) -> PriorityRule | None:
    """Put what the newer version says on the row; what it leaves empty stays as it was."""
    row.kind = kind_of(message.service, message.kind_code, message.kind_name, source=source)
    row.urgency = message.urgency[:4]
    rule = rule_for(kind=row.kind, urgency=row.urgency)
    row.priority = priority_by(rule)
    row.address = _clean(message.address, 200) or row.address
    row.summary = _clean(message.summary, 500) or row.summary
    row.occurred_at = message.occurred_at
    if message.place is not None:
        row.location = message.place
        row.error_radius_m = max(message.error_radius_m, 0)
    return rule


def _differences(before: dict[str, Any], row: Incident) -> dict[str, list[Any]]:
    after = _compared(row)
    return {name: [before[name], after[name]] for name in after if before[name] != after[name]}


def _compared(row: Incident) -> dict[str, Any]:
    return {
        "kind": row.kind.code,
        "urgency": row.urgency,
        "priority": int(row.priority),
        "address": row.address,
        "summary": row.summary,
        "place": [row.location.x, row.location.y] if row.location else None,
        "error_radius_m": float(row.error_radius_m),
    }


def _naming(message: ReportIn) -> dict[str, Any]:
    return {"external_id": message.external_id, "report_version": message.version}


def kind_of(service: str, code: str, name: str = "", *, source: str = "") -> Kind:
    """Find the kind, or take an unknown code in as a visibly unmapped kind: never refuse it."""
    code = _clean(code, 30) or "?"
    name = _clean(name, 60)
    kind: Kind
    answers: list[tuple[Any, Any]] = kind_asked.send(
        sender=Kind, source=source, service=service, code=code, name=name
    )
    for _receiver, answer in answers:
        if answer is not None:
            kind = answer
            return kind
    kind, _created = Kind.objects.get_or_create(
        service=service,
        code=code,
        defaults={
            "name_ko": name or f"미분류 {code}",
            "name_en": f"unmapped {name or code}",
            "kind_class": KindClass.OTHER,
            "is_mapped": False,
        },
    )
    return kind


def _clean(text: str, length: int) -> str:
    return text.replace("\x00", "").strip()[:length]


def _storable(value: Any) -> Any:
    """Drop NUL characters: PostgreSQL stores none, and no report is refused for one."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, dict):
        return {_storable(name): _storable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_storable(inner) for inner in value]
    return value
