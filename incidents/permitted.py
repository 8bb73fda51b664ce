"""What this person may do to this incident now: the table, the role and the ownership together."""

from collections.abc import Set as AbstractSet

from controlroom.accounts.models import User
from controlroom.municipalities.roles import Right
from incidents.models import Incident
from incidents.statuses import AGENCY_ONLY, OWNERS_OWN, Status, Verb, allowed_from

# These change whose it is: what they need beside the status.
_NEED_OWNER = frozenset({Verb.RELEASE, Verb.OFFER})


def verbs_for(user: User, incident: Incident, rights: AbstractSet[Right]) -> list[str]:
    """Give the verbs in the order of the table; the verbs themselves check again."""
    if Right.INCIDENT_WORK not in rights:
        return []
    admitted = allowed_from(Status(incident.status)) - AGENCY_ONLY
    return [
        verb.value for verb in Verb if verb in admitted and _is_theirs(verb, user, incident, rights)
    ]


def _is_theirs(verb: Verb, user: User, incident: Incident, rights: AbstractSet[Right]) -> bool:
    owner_id = incident.owner_id
    supervises = Right.SUPERVISE in rights
    if verb is Verb.CLAIM:
        return owner_id is None or incident.ended_at is not None
    if verb is Verb.TAKE_OVER:
        return supervises and owner_id != user.pk
    if verb is Verb.ACCEPT_OFFER:
        return incident.offered_to_id == user.pk
    if verb is Verb.DECLINE_OFFER:
        return incident.offered_to_id is not None and user.pk in {incident.offered_to_id, owner_id}
    if verb in _NEED_OWNER and owner_id is None:
        return False
    return verb not in OWNERS_OWN or owner_id in {None, user.pk} or supervises
