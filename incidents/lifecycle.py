"""The life of an incident: opened, seen, answered and ended, each by a verb that leaves a fact.

Ownership has its own module; its verbs are offered here too, so that callers know one name.
"""

from datetime import datetime

from django.contrib.gis.geos import Point
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from controlroom.accounts.models import User
from controlroom.errors import Conflict, Invalid
from controlroom.municipalities.access import require
from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right
from incidents import events
from incidents.cameras import choice_for, choose_cameras, keep_choice
from incidents.choices import Result
from incidents.history import begin, note_acknowledged, record, write_fact
from incidents.models import Incident, Kind, Report
from incidents.numbers import take_number
from incidents.ownership import accept_offer, claim, decline_offer, offer, release, take_over
from incidents.priorities import explained, priority_by, rule_for
from incidents.statuses import OPEN, Status, Verb

__all__ = [
    "accept_offer",
    "acknowledge",
    "add_note",
    "cancel",
    "claim",
    "close",
    "decline_offer",
    "mark_duplicate",
    "mark_false_alarm",
    "move",
    "offer",
    "open_incident",
    "release",
    "reopen",
    "respond",
    "take_over",
    "transfer",
]


# Without a savepoint inside another transaction: whoever asks for more refuses the whole of it.
@transaction.atomic(savepoint=False)
def open_incident(  # noqa: PLR0913 - a report has that many sides
    *,
    municipality: Municipality,
    service: str,
    kind: Kind,
    urgency: str = "",
    place: Point | None,
    error_radius_m: float = 0,
    address: str = "",
    summary: str = "",
    occurred_at: datetime,
    is_drill: bool = False,
    report: Report | None = None,
    by: User | None = None,
    agent: str = "",
) -> Incident:
    """Open an incident: its priority by the rules, its cameras chosen, its number taken.

    `report` is the unsaved report that opens it; it is kept before the fact is told. A person who
    opens one by hand has seen it: that is recorded as the second fact.
    Emits: fact_recorded, in the transaction.
    Locks: the number counter, then the journal's.
    Raises: NotAllowed, Invalid.
    """
    if by is not None:
        require(by, municipality.pk, Right.INCIDENT_WORK)
    if kind.service != service:
        raise Invalid(_("this kind belongs to another service"), fields={"kind": [kind.code]})
    rule = rule_for(kind=kind, urgency=urgency)
    incident = Incident(
        municipality=municipality,
        service=service,
        kind=kind,
        urgency=urgency,
        priority=priority_by(rule),
        location=place,
        error_radius_m=error_radius_m,
        address=address,
        summary=summary,
        occurred_at=occurred_at,
        is_drill=is_drill,
    )
    incident.rings_since = incident.received_at
    # The search comes before the number: from there on, other reports of the city wait.
    choice = choice_for(incident)
    incident.number = take_number(municipality_id=municipality.pk, at=incident.received_at)
    incident.save(force_insert=True)
    kept = keep_choice(incident, choice)
    if report is not None:
        report.incident = incident
        report.save(force_insert=True)
    data = explained(rule)
    if report is not None:
        data |= {"external_id": report.external_id, "report_version": report.version}
    write_fact(
        incident,
        events.OPEN,
        before=None,
        by=by,
        agent=agent,
        text="",
        data=data,
        picks=kept.picks if kept else [],
    )
    if by is not None:
        note_acknowledged(incident, by)
    return incident


@transaction.atomic
def acknowledge(*, incident: Incident, by: User, expected_version: int | None = None) -> Incident:
    """Record that a person has seen it. It has no owner by that, and is not solved."""
    row = begin(incident=incident, verb=Verb.ACKNOWLEDGE, by=by, expected_version=expected_version)
    note_acknowledged(row, by)
    return row


@transaction.atomic
def add_note(
    *,
    incident: Incident,
    by: User | None,
    text: str,
    agent: str = "",
    expected_version: int | None = None,
) -> Incident:
    """Write a note on the timeline, in every status; without `by` it is a machine's."""
    text = text.strip()
    if not text:
        raise Invalid(_("a note needs a text"), fields={"text": [_("This field is required.")]})
    row = begin(incident=incident, verb=Verb.NOTE, by=by, expected_version=expected_version)
    return record(row, Verb.NOTE, by=by, agent=agent, text=text)


@transaction.atomic
def respond(
    *,
    incident: Incident,
    by: User | None,
    agent: str = "",
    text: str = "",
    expected_version: int | None = None,
) -> Incident:
    """Record that an agency is on its way or there."""
    row = begin(incident=incident, verb=Verb.RESPOND, by=by, expected_version=expected_version)
    return record(row, Verb.RESPOND, by=by, agent=agent, text=text)


@transaction.atomic
def move(
    *,
    incident: Incident,
    by: User | None,
    place: Point,
    error_radius_m: float = 0,
    address: str | None = None,
    agent: str = "",
    expected_version: int | None = None,
) -> Incident:
    """Correct the place and choose the cameras anew."""
    row = begin(incident=incident, verb=Verb.MOVE, by=by, expected_version=expected_version)
    old = [row.location.x, row.location.y] if row.location else None
    row.location = place
    row.error_radius_m = error_radius_m
    if address is not None:
        row.address = address
    choose_cameras(row)
    data = {"from": old, "to": [place.x, place.y]}
    return record(row, Verb.MOVE, by=by, agent=agent, data=data)


@transaction.atomic
def close(
    *,
    incident: Incident,
    by: User,
    result: str,
    text: str = "",
    expected_version: int | None = None,
) -> Incident:
    """Close it with a result code.

    Raises: Invalid without a known result; TransitionNotAllowed while nobody has claimed it.
    """
    if result not in Result.values:
        raise Invalid(
            _("closing needs a result code"), fields={"result": [_("not a known result code")]}
        )
    row = begin(incident=incident, verb=Verb.CLOSE, by=by, expected_version=expected_version)
    row.result = result
    return record(row, Verb.CLOSE, by=by, text=text, data={"result": result})


@transaction.atomic
def mark_false_alarm(
    *, incident: Incident, by: User, text: str = "", expected_version: int | None = None
) -> Incident:
    """End it as false, after somebody has looked."""
    row = begin(incident=incident, verb=Verb.FALSE_ALARM, by=by, expected_version=expected_version)
    row.result = Result.FALSE_ALARM
    return record(row, Verb.FALSE_ALARM, by=by, text=text)


@transaction.atomic
def cancel(
    *,
    incident: Incident,
    by: User | None = None,
    agent: str = "",
    text: str = "",
    expected_version: int | None = None,
) -> Incident:
    """End it because the reporting agency took it back; an agency may do so before anyone looked.

    Raises: Invalid when a person gives no reason.
    """
    if by is not None and not text.strip():
        raise _reason_missing()
    row = begin(incident=incident, verb=Verb.CANCEL, by=by, expected_version=expected_version)
    row.result = Result.CANCELLED
    return record(row, Verb.CANCEL, by=by, agent=agent, text=text)


@transaction.atomic
def transfer(
    *,
    incident: Incident,
    by: User,
    to: str,
    reason: str,
    expected_version: int | None = None,
) -> Incident:
    """Hand it to another municipality or agency, named by `to`; it ends here."""
    if not to.strip() or not reason.strip():
        raise Invalid(
            _("a transfer needs a receiver and a reason"),
            fields={
                name: [_("This field is required.")]
                for name, value in (("to", to), ("reason", reason))
                if not value.strip()
            },
        )
    row = begin(incident=incident, verb=Verb.TRANSFER, by=by, expected_version=expected_version)
    row.result = Result.HANDED_OVER
    return record(row, Verb.TRANSFER, by=by, text=reason.strip(), data={"to": to.strip()})


@transaction.atomic
def reopen(
    *, incident: Incident, by: User, reason: str, expected_version: int | None = None
) -> Incident:
    """Take an ended incident up again, with a reason; it is acknowledged and has no owner."""
    if not reason.strip():
        raise _reason_missing()
    row = begin(incident=incident, verb=Verb.REOPEN, by=by, expected_version=expected_version)
    data = {"result": row.result}
    row.result = ""
    row.duplicate_of = None
    row.owner = None
    row.claimed_at = None
    if row.acknowledged_at is None:
        row.acknowledged_at = timezone.now()
        row.acknowledged_by = by
    return record(row, Verb.REOPEN, by=by, text=reason.strip(), data=data)


@transaction.atomic
def mark_duplicate(
    *, incident: Incident, by: User, of: Incident, expected_version: int | None = None
) -> Incident:
    """Link it to another incident of the same municipality as its duplicate; it is kept.

    Locks: both incident rows, in the order of their ids.
    Raises: Invalid, Conflict.
    """
    if of.pk == incident.pk or of.municipality_id != incident.municipality_id:
        raise Invalid(_("not an incident to be a duplicate of"), fields={"of": [str(of.pk)]})
    pair = Incident.objects.filter(pk__in=[incident.pk, of.pk]).order_by("pk")
    original = next(row for row in pair.select_for_update(no_key=True) if row.pk == of.pk)
    if original.status not in OPEN | {Status.CLOSED}:
        raise Conflict(_("that incident is itself a duplicate, or ended without being worked on"))
    row = begin(
        incident=incident, verb=Verb.MARK_DUPLICATE, by=by, expected_version=expected_version
    )
    if row.duplicates.filter(status=Status.DUPLICATE).exists():
        raise Conflict(_("other incidents are duplicates of this one"))
    row.duplicate_of = original
    data = {"of": str(original.pk), "number": original.number}
    return record(row, Verb.MARK_DUPLICATE, by=by, data=data)


def _reason_missing() -> Invalid:
    return Invalid(_("a reason is needed"), fields={"reason": [_("This field is required.")]})
