"""What the policy of now says to the rights that are asked, and what it allows given."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils import timezone

from controlroom.accounts.models import User
from incidents.models import Incident
from linkage import grants
from linkage.grants import Given
from linkage.models import Case, StreamGrant
from linkage.policy import decision as policy
from linkage.policy.decision import Asked, Ruling
from linkage.policy.words import Access
from linkage.services.video.cases import held_by
from linkage.services.video.lists import seen_in
from linkage.video_policy import rows_of, terms_of

LIVE_ONLY = (Access.LIVE,)


def decided(
    case: Case, incident: Incident, asked: Asked, rights: Iterable[Access] = LIVE_ONLY
) -> Ruling:
    """Ask the policy of now about these rights to cameras of the newest list."""
    return policy.decide_rights(
        rows=rows_of(incident.municipality_id),
        terms=terms_of(case.link, urgency=incident.urgency),
        asked=asked,
        rights=rights,
        listed=seen_in(incident),
        held=held_by(case),
    )


def give_all(
    *,
    case: Case,
    incident: Incident,
    asked: Asked,
    found: Ruling,
    request_id: str = "",
    extension: str = "",
    by: User | None = None,
) -> list[StreamGrant]:
    """Give what the policy allowed; what is held is repeated, widened, or extended by a reason.

    A grant with several rights ends when the first of them must.
    Locks: held by hold().
    """
    now = timezone.now()
    terms = terms_of(case.link, urgency=incident.urgency)
    made = []
    for camera, rights in found.granted.items():
        rows = found.rows(rights)
        until = now + timedelta(minutes=min(policy.lasting(row, terms, asked) for row in rows))
        given = Given(
            purpose=asked.purpose,
            basis=asked.basis,
            at=now,
            until=until,
            not_after=now + timedelta(minutes=min(row.total_minutes for row in rows)),
            request_id=request_id,
            rights=rights,
            trigger=asked.trigger,
            given_by=by,
            radius_m=min(policy.reach_m(row, terms) for row in rows),
        )
        made.append(_given(case, incident, camera, given, until, extension, by))
    return made


def _given(
    case: Case,
    incident: Incident,
    camera: int,
    given: Given,
    until: datetime,
    extension: str,
    by: User | None,
) -> StreamGrant:
    grant = grants.give(
        link=case.link,
        incident=incident,
        case_number=case.external_id,
        camera_id=camera,
        given=given,
    )
    if extension and grant.granted_at < given.at and until > grant.expires_at:
        return grants.extend(grant=grant, until=until, reason=extension, by=by)
    return grant
