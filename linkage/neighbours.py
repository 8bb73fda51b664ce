"""Incidents near a border reach the neighbour: only as agreed by both, only the fields agreed.

What must be told is written with the fact; telling is a transaction of its own, since two cities
that tell each other would otherwise wait for each other's journals. In the neighbour's room it is
an incident of its own, with the neighbour's cameras, that follows the first one's changes.
"""

from datetime import datetime
from typing import Any

from django.contrib.gis.measure import D
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from controlroom.audit import chain
from controlroom.errors import Conflict, Invalid
from controlroom.municipalities.access import require
from controlroom.municipalities.roles import Right
from incidents import lifecycle
from incidents.choices import KindClass, ReportState, Service, Status
from incidents.features import moment
from incidents.models import Incident, IncidentEvent, Kind, Report
from incidents.reports import ReportIn, take_report
from linkage.choices import NeighbourField
from linkage.models_regions import NeighbourAgreement, NeighbourTelling

SOURCE = "neighbour:"
# The kind of an incident whose kind the neighbour may not know.
HIDDEN_KIND = ("N00", "인접 지자체 통보", "notice from a neighbour")
_TAKEN_BACK = frozenset({Status.CANCELLED, Status.FALSE_ALARM})
_ENDED = frozenset({*_TAKEN_BACK, Status.CLOSED, Status.TRANSFERRED, Status.DUPLICATE})


def plan(*, incident: Incident, event: IncidentEvent) -> list[tuple[int, Any]]:
    """Write, in the fact's transaction, whom it obliges us to tell; give what to tell now.

    A neighbour once told is told on, wherever the incident moves, while the agreement lasts.
    """
    now = timezone.now()
    agreements = NeighbourAgreement.objects.filter(municipality_id=incident.municipality_id)
    agreements = agreements.in_force(now)
    if not agreements.exists() or _came_from_neighbour(incident):
        return []
    reached = [row for row in agreements if _reaches(row, incident)]
    rows = [
        NeighbourTelling(
            municipality_id=incident.municipality_id, agreement=row, incident=incident, event=event
        )
        for row in reached
    ]
    NeighbourTelling.objects.bulk_create(rows, ignore_conflicts=True)
    return [(row.pk, incident.pk) for row in reached]


def _came_from_neighbour(incident: Incident) -> bool:
    return Report.objects.filter(
        incident=incident, is_opening=True, source__startswith=SOURCE
    ).exists()


def _reaches(agreement: NeighbourAgreement, incident: Incident) -> bool:
    if NeighbourTelling.objects.filter(agreement=agreement, incident=incident).exists():
        return True
    if incident.location is None:
        return False
    reach = D(m=agreement.reach_m + incident.error_radius_m)
    neighbour = type(agreement.municipality).objects.filter(pk=agreement.neighbour_id)
    return bool(neighbour.filter(boundary__dwithin=(incident.location, reach)).exists())


def untold(*, before: datetime | None = None) -> list[tuple[int, Any]]:
    """Give what a lost task has left untold, as pairs of agreement and incident.

    `before`: only what was owed by then already.
    """
    waiting = NeighbourTelling.objects.filter(told_at=None).order_by()
    if before is not None:
        waiting = waiting.filter(created_at__lt=before)
    return list(waiting.values_list("agreement_id", "incident_id").distinct()[:500])


@transaction.atomic
def tell(*, agreement_id: int, incident_id: Any) -> Incident | None:
    """Tell one neighbour how one incident stands now; nothing when it knows or may not know.

    Locks: the pair of agreement and incident, then what reports and notes lock at the neighbour's.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"linkage.neighbour:{agreement_id}:{incident_id}"],
        )
    due = NeighbourTelling.objects.filter(
        agreement_id=agreement_id, incident_id=incident_id, told_at=None
    )
    newest = due.order_by("-pk").first()
    if newest is None:
        return None
    agreement = NeighbourAgreement.objects.select_related("municipality", "neighbour").get(
        pk=agreement_id
    )
    incident = Incident.objects.select_related("kind").get(pk=incident_id)
    now = timezone.now()
    copy: Incident | None = None
    told: dict[str, Any] = {}
    if agreement.in_force(now):
        copy, told = _say(agreement, incident)
    done = [row.pk for row in due]
    NeighbourTelling.objects.filter(pk__in=done).update(told_at=now)
    NeighbourTelling.objects.filter(pk=newest.pk).update(told=told)
    return copy


def allowed_view(agreement: NeighbourAgreement, incident: Incident) -> dict[str, Any]:
    """Say of the incident exactly what the agreement lists; its time and drill mark always."""
    place = incident.location
    known = {
        NeighbourField.PLACE: [place.x, place.y, incident.error_radius_m] if place else None,
        NeighbourField.ADDRESS: incident.address,
        NeighbourField.SUMMARY: incident.summary,
        NeighbourField.KIND: [incident.service, incident.kind.code],
        NeighbourField.URGENCY: incident.urgency,
        NeighbourField.STATUS: str(incident.status),
        NeighbourField.NUMBER: incident.number,
    }
    view: dict[str, Any] = {
        str(name): value for name, value in known.items() if name in agreement.fields
    }
    return {
        **view,
        "occurred_at": moment(incident.occurred_at),
        "is_drill": incident.is_drill,
        # That it was taken back must reach whoever was alarmed by it.
        "is_taken_back": incident.status in _TAKEN_BACK,
    }


def _say(agreement: NeighbourAgreement, incident: Incident) -> tuple[Incident | None, Any]:
    view = allowed_view(agreement, incident)
    source = f"{SOURCE}{agreement.municipality.code}"
    known = Report.objects.filter(
        municipality=agreement.neighbour, source=source, external_id=str(incident.pk)
    ).order_by("-version")
    last = known.select_related("incident").first()
    if last is not None and last.raw == view:
        return None, {}
    if last is None and incident.status in _ENDED:
        return None, {}
    version = last.version + 1 if last else 1
    taken = take_report(
        municipality=agreement.neighbour,
        source=source,
        message=_report(view, incident, version),
    )
    before = last.raw.get("status") if last else None
    status = view.get("status")
    if last is not None and status and status != before:
        lifecycle.add_note(
            incident=taken.incident, by=None, agent=source, text=_status_text(agreement, status)
        )
    return taken.incident, view


def _report(view: dict[str, Any], incident: Incident, version: int) -> ReportIn:
    place = view.get(NeighbourField.PLACE)
    service, kind_code = view.get(NeighbourField.KIND) or (Service.CITY, _hidden_kind().code)
    return ReportIn(
        service=service,
        external_id=str(incident.pk),
        version=version,
        kind_code=kind_code,
        urgency=view.get(NeighbourField.URGENCY, ""),
        place=incident.location if place else None,
        error_radius_m=place[2] if place else 0,
        address=view.get(NeighbourField.ADDRESS, ""),
        summary=view.get(NeighbourField.SUMMARY, ""),
        occurred_at=incident.occurred_at,
        state=ReportState.CANCEL if view["is_taken_back"] else ReportState.NEW,
        is_drill=incident.is_drill,
        raw=view,
    )


def _hidden_kind() -> Kind:
    code, name_ko, name_en = HIDDEN_KIND
    kind, _created = Kind.objects.get_or_create(
        service=Service.CITY,
        code=code,
        defaults={"name_ko": name_ko, "name_en": name_en, "kind_class": KindClass.OTHER},
    )
    found: Kind = kind
    return found


def _status_text(agreement: NeighbourAgreement, status: str) -> str:
    # Written once into a record, so in the language of the rooms.
    with override("ko"):
        return f"{agreement.municipality.name}: {Status(status).label}"


@transaction.atomic
def accept(*, agreement: NeighbourAgreement, by: Any) -> NeighbourAgreement:
    """Accept for each side that this person keeps the links of; both must, to be in force.

    Locks: the agreement.
    Raises: Conflict when it was revoked, NotAllowed when neither side is theirs to keep.
    """
    row = _locked(agreement)
    if row.revoked_at:
        raise Conflict(_("this agreement was revoked"))
    sides = sides_of(row, by)
    if not sides:
        require(by, row.municipality_id, Right.LINKS_MANAGE)
    now = timezone.now()
    if row.municipality_id in sides and not row.accepted_at:
        row.accepted_at, row.accepted_by = now, by
        _record("neighbour.accepted", row, row.municipality_id, by)
    if row.neighbour_id in sides and not row.neighbour_accepted_at:
        row.neighbour_accepted_at, row.neighbour_accepted_by = now, by
        _record("neighbour.accepted", row, row.neighbour_id, by)
    row.save()
    return row


@transaction.atomic
def revoke(*, agreement: NeighbourAgreement, by: Any) -> NeighbourAgreement:
    """End an agreement at once; either side may, and nothing more is told.

    Locks: the agreement.
    Raises: NotAllowed.
    """
    row = _locked(agreement)
    sides = sides_of(row, by)
    if not sides:
        require(by, row.municipality_id, Right.LINKS_MANAGE)
    if not row.revoked_at:
        row.revoked_at = timezone.now()
        row.save(update_fields=["revoked_at"])
        _record("neighbour.revoked", row, sorted(sides)[0], by)
    return row


def changed(*, agreement: NeighbourAgreement, by: Any) -> None:
    """Take back both acceptances after the terms were written anew, in the caller's transaction.

    Raises: Invalid for an agreement that was revoked.
    """
    if agreement.revoked_at:
        raise Invalid(_("this agreement was revoked"), fields={"revoked_at": ["revoked"]})
    agreement.accepted_at = agreement.accepted_by = None
    agreement.neighbour_accepted_at = agreement.neighbour_accepted_by = None
    agreement.save()
    _record("neighbour.changed", agreement, agreement.municipality_id, by)


def standing(row: NeighbourAgreement) -> str:
    """Say in words whether an agreement is in force, and what it waits for."""
    now = timezone.now()
    if row.revoked_at:
        return _("revoked")
    if row.valid_until <= now:
        return _("expired")
    if not row.accepted_at or not row.neighbour_accepted_at:
        missing = row.neighbour if row.accepted_at else row.municipality
        return _("waits for %(name)s") % {"name": missing.name}
    return _("in force") if row.valid_from <= now else _("not yet valid")


def sides_of(agreement: NeighbourAgreement, user: Any) -> set[int]:
    """Give the sides, as municipality ids, whose links this person keeps."""
    held = set(
        user.memberships.carrying(Right.LINKS_MANAGE).values_list("municipality_id", flat=True)
    )
    return held & {agreement.municipality_id, agreement.neighbour_id}


def _locked(agreement: NeighbourAgreement) -> NeighbourAgreement:
    row: NeighbourAgreement = NeighbourAgreement.objects.select_for_update(no_key=True).get(
        pk=agreement.pk
    )
    return row


def _record(action: str, row: NeighbourAgreement, municipality_id: int, by: Any) -> None:
    chain.record(
        action=action,
        subject_kind="neighbour_agreement",
        subject_id=str(row.pk),
        municipality_id=municipality_id,
        actor_id=by.pk,
        detail={"from": row.municipality.code, "to": row.neighbour.code, "fields": row.fields},
    )
