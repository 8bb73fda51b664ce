"""The agency's case that video is spoken of: found, locked for an answer, and as it stands now.

Locks: `hold` takes what an answer needs, before the journal.
"""

from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from incidents.history import lock
from incidents.models import Incident
from incidents.statuses import OPEN, Status
from linkage import grants, video_requests
from linkage.choices import Direction, MessageType
from linkage.models import Case, StreamGrant, VideoRequest
from linkage.policy.decision import Held
from linkage.policy.words import Access, Rule
from linkage.services.casework import worked_on
from linkage.services.contracts import CONTRACTS

# The services that speak about video at all.
SERVICES = tuple(
    service for service, one in CONTRACTS.items() if MessageType.STREAM_GRANT in one.tells
)


def cases_of(incident: Incident) -> QuerySet[Case]:
    """Give the cases that agencies which may have video keep of this incident."""
    found: QuerySet[Case] = (
        Case.objects.filter(incident=incident, link__service__in=SERVICES)
        .select_related(
            "incident__duplicate_of",
            "incident__kind",
            "link__agency",
            "link__municipality",
            "link__legal_basis",
        )
        .order_by("pk")
    )
    return found


def case_of(row: VideoRequest | StreamGrant) -> Case:
    """Give the agency's case that a request or grant belongs to."""
    found: Case = (
        Case.objects.filter(
            link_id=row.link_id,
            external_id=row.case_number,
            municipality_id=row.municipality_id,
        )
        .select_related("incident__duplicate_of", "link__municipality", "link__legal_basis")
        .get()
    )
    return found


def hold(case: Case) -> Incident:
    """Lock what an answer about video needs, before the journal; give the incident of now."""
    incident = lock(worked_on(case))
    grants.hold_link([case.link_id])
    own = {"link": case.link, "case_number": case.external_id}
    rows = StreamGrant.objects.filter(**own, ended_at=None)
    list(rows.order_by("pk").select_for_update(of=("self",)))
    list(video_requests.pending(**own).order_by("pk").select_for_update(of=("self",)))
    return incident


def standing_of(case: Case, incident: Incident) -> str:
    """Name the rule by which incident or link refuse whatever is asked; empty: they do not."""
    if case.link.direction == Direction.IN:
        return str(Rule.ONE_WAY)
    if incident.is_drill and not case.link.allows_drills:
        return str(Rule.DRILL)
    return standing_of_incident(incident)


def standing_of_incident(incident: Incident) -> str:
    """Name the rule by which the incident's own state refuses; empty while it is open."""
    if incident.status in OPEN:
        return ""
    return str(Rule.CANCELLED if incident.status == Status.CANCELLED else Rule.CLOSED)


def held_by(case: Case) -> dict[int, Held]:
    """Give what the agency holds for its case now, by camera."""
    now = timezone.now()
    rows = StreamGrant.objects.in_force(now).filter(link=case.link, case_number=case.external_id)
    return {
        row.camera_id: Held(
            rights=frozenset(Access(one) for one in row.rights),
            minutes_left=(row.expires_at - now) / timedelta(minutes=1),
            may_extend=row.expires_at < row.not_after,
        )
        for row in rows
    }
