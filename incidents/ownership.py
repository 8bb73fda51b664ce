"""Who has an incident: claim, release, transfer with consent, and a supervisor's take-over."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from controlroom.accounts.models import User
from controlroom.errors import Invalid
from controlroom.municipalities.access import require, rights_in
from controlroom.municipalities.roles import Right
from incidents.errors import NotOffered, OwnedByAnother, TransitionNotAllowed
from incidents.history import begin, lock, record
from incidents.models import Incident
from incidents.statuses import AGENCY_ONLY, OPEN, Status, Verb, allowed_from


def _give_to(row: Incident, user: User | None) -> None:
    row.owner = user
    row.claimed_at = timezone.now() if user else None
    row.offered_to = None


def _named(user: User | None) -> dict[str, Any]:
    return {"id": user.pk, "name": str(user)} if user else {}


def _need_owner(row: Incident) -> None:
    if row.owner_id is None:
        allowed = allowed_from(Status(row.status)) - AGENCY_ONLY
        raise TransitionNotAllowed(_("nobody owns this incident"), allowed=allowed)


@transaction.atomic
def claim(*, incident: Incident, by: User, expected_version: int | None = None) -> Incident:
    """Take it on. Of two at once one wins and the other is told the owner's name.

    An unseen incident is acknowledged first, as a fact of its own. Claiming one's own changes
    nothing.
    Raises: OwnedByAnother, TransitionNotAllowed.
    """
    require(by, incident.municipality_id, Right.INCIDENT_WORK)
    row = lock(incident)
    if row.status in OPEN and row.owner is not None:
        if row.owner.pk == by.pk:
            return row
        raise OwnedByAnother(_("another person owns this incident"), owner=str(row.owner))
    row = begin(incident=row, verb=Verb.CLAIM, by=by, expected_version=expected_version)
    _give_to(row, by)
    return record(row, Verb.CLAIM, by=by)


@transaction.atomic
def release(
    *, incident: Incident, by: User, text: str = "", expected_version: int | None = None
) -> Incident:
    """Let go of it; it is acknowledged again, or still answered while an agency is there."""
    row = begin(incident=incident, verb=Verb.RELEASE, by=by, expected_version=expected_version)
    _need_owner(row)
    data = {"from": _named(row.owner)}
    _give_to(row, None)
    return record(row, Verb.RELEASE, by=by, text=text, data=data)


@transaction.atomic
def offer(
    *, incident: Incident, by: User, to: User, expected_version: int | None = None
) -> Incident:
    """Offer it to a colleague; the owner keeps it until they accept. A new offer replaces one.

    Raises: Invalid when they may not work on incidents here, or own it already.
    """
    row = begin(incident=incident, verb=Verb.OFFER, by=by, expected_version=expected_version)
    _need_owner(row)
    if to.pk == row.owner_id or Right.INCIDENT_WORK not in rights_in(to, row.municipality_id):
        raise Invalid(
            _("this person cannot take the incident"),
            fields={"to": [_("this person cannot take the incident")]},
        )
    row.offered_to = to
    return record(row, Verb.OFFER, by=by, data={"to": _named(to)})


@transaction.atomic
def accept_offer(*, incident: Incident, by: User, expected_version: int | None = None) -> Incident:
    """Consent to a transfer: the incident changes hands now."""
    row = begin(incident=incident, verb=Verb.ACCEPT_OFFER, by=by, expected_version=expected_version)
    if row.offered_to_id != by.pk:
        raise NotOffered(_("this incident is not offered to you"))
    data = {"from": _named(row.owner)}
    _give_to(row, by)
    return record(row, Verb.ACCEPT_OFFER, by=by, data=data)


@transaction.atomic
def decline_offer(*, incident: Incident, by: User, expected_version: int | None = None) -> Incident:
    """Refuse a transfer, or withdraw it: the owner keeps the incident."""
    row = begin(
        incident=incident, verb=Verb.DECLINE_OFFER, by=by, expected_version=expected_version
    )
    if row.offered_to_id is None or by.pk not in {row.offered_to_id, row.owner_id}:
        raise NotOffered(_("this incident is not offered to you"))
    data = {"to": _named(row.offered_to)}
    row.offered_to = None
    return record(row, Verb.DECLINE_OFFER, by=by, data=data)


@transaction.atomic
def take_over(
    *, incident: Incident, by: User, reason: str, expected_version: int | None = None
) -> Incident:
    """Take it from whoever has it, as a supervisor and with a reason.

    Raises: NotAllowed without the right to supervise; Invalid without a reason.
    """
    require(by, incident.municipality_id, Right.SUPERVISE)
    if not reason.strip():
        raise Invalid(_("a reason is needed"), fields={"reason": [_("This field is required.")]})
    row = begin(incident=incident, verb=Verb.TAKE_OVER, by=by, expected_version=expected_version)
    data = {"from": _named(row.owner)}
    _give_to(row, by)
    return record(row, Verb.TAKE_OVER, by=by, text=reason.strip(), data=data)
