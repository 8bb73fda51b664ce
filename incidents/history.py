"""How every verb begins and ends: lock, check, and record the fact once."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from controlroom.accounts.models import User
from controlroom.journal import log
from controlroom.municipalities.access import require, rights_in
from controlroom.municipalities.roles import Right
from incidents.errors import OwnedByAnother, TransitionNotAllowed, VersionConflict
from incidents.events import fact_recorded
from incidents.features import incident_feature
from incidents.models import Incident, IncidentEvent
from incidents.statuses import (
    AGENCY_ONLY,
    ENDED,
    OWNERS_OWN,
    Status,
    Verb,
    allowed_from,
    must_acknowledge_first,
    target,
)


def lock(incident: Incident) -> Incident:
    """Read the incident's row of now, with what a feature names.

    Locks: the incident row. Counters (numbers, journal) are locked after it, never before.
    """
    # In two statements: after a wait, PostgreSQL gives the locked row as it is now beside joined
    # rows as they were, and a new owner would look like nobody.
    Incident.objects.select_for_update(no_key=True).only("pk").get(pk=incident.pk)
    row: Incident = (
        Incident.objects.with_people()
        .select_related("municipality")
        .defer("municipality__boundary")
        .get(pk=incident.pk)
    )
    return row


def begin(
    *,
    incident: Incident,
    verb: Verb,
    by: User | None,
    expected_version: int | None = None,
) -> Incident:
    """Lock the row for a verb and refuse what is not allowed; `by` None is a machine.

    An implied acknowledgement is recorded here, as its own fact.
    Raises: NotAllowed, VersionConflict, TransitionNotAllowed, OwnedByAnother.
    """
    if by is not None:
        require(by, incident.municipality_id, Right.INCIDENT_WORK)
    row = lock(incident)
    if expected_version is not None and expected_version != row.version:
        raise VersionConflict(_("the incident has changed since"), version=row.version)
    status = Status(row.status)
    if verb not in allowed_from(status):
        allowed = allowed_from(status) - AGENCY_ONLY
        raise TransitionNotAllowed(_("the incident's status does not allow this"), allowed=allowed)
    _check_owner(row, verb, by)
    if by is not None and must_acknowledge_first(verb, status):
        note_acknowledged(row, by)
    return row


def _check_owner(row: Incident, verb: Verb, by: User | None) -> None:
    if by is None or verb not in OWNERS_OWN or row.owner_id in {None, by.pk}:
        return
    if Right.SUPERVISE not in rights_in(by, row.municipality_id):
        raise OwnedByAnother(_("another person owns this incident"), owner=str(row.owner))


def note_acknowledged(row: Incident, by: User) -> None:
    """Record that a person has seen the locked incident."""
    row.acknowledged_at = timezone.now()
    row.acknowledged_by = by
    record(row, Verb.ACKNOWLEDGE, by=by)


def record(
    row: Incident,
    verb: Verb,
    *,
    by: User | None = None,
    agent: str = "",
    text: str = "",
    data: dict[str, Any] | None = None,
) -> Incident:
    """Move the locked row along the table, save it, and write the fact to history and journal.

    Emits: fact_recorded, in the transaction.
    Locks: the journal's counter row, last.
    """
    before = Status(row.status)
    after = target(verb, before)
    if after is None:
        raise TransitionNotAllowed(
            _("the incident's status does not allow this"), allowed=allowed_from(before)
        )
    _enter(row, before, after)
    row.version += 1
    row.save()
    write_fact(row, verb.value, before=before, by=by, agent=agent, text=text, data=data)
    return row


def _enter(row: Incident, before: Status, after: Status) -> None:
    row.status = after.value
    if after in ENDED and before not in ENDED:
        row.ended_at = timezone.now()
        row.offered_to = None
    elif before in ENDED and after not in ENDED:
        row.ended_at = None


def write_fact(
    row: Incident,
    verb: str,
    *,
    before: Status | None,
    by: User | None,
    agent: str,
    text: str,
    data: dict[str, Any] | None,
    picks: list[dict[str, Any]] | None = None,
) -> IncidentEvent:
    """Write the fact; `picks` spares looking the cameras up that were chosen just now."""
    event: IncidentEvent = IncidentEvent.objects.create(
        municipality_id=row.municipality_id,
        incident=row,
        verb=verb,
        actor=by,
        agent=agent,
        from_status=before.value if before else "",
        to_status=row.status,
        text=text,
        data=data or {},
    )
    fact_recorded.send(sender=Incident, incident=row, event=event)
    fact: dict[str, Any] = {"incident": incident_feature(row, picks)}
    if text:
        fact["text"] = text
    log.append(
        municipality_id=row.municipality_id,
        kind=f"incident.{verb}",
        subject_kind="incident",
        subject_id=str(row.pk),
        data=fact,
        actor_id=by.pk if by else None,
        at=event.at,
    )
    return event
