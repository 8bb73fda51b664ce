"""Where a 112 case stands: the incident that it is worked on as, and its column of the table."""

from incidents.models import Incident
from incidents.statuses import OPEN, Status
from linkage.models import Case
from linkage.services.police112.sequences import CaseState


def worked_on(case: Case) -> Incident:
    """Give the incident that the case is worked on as: a duplicate's is the other one."""
    original: Incident | None = case.incident.duplicate_of
    return original or case.incident


def state_of(case: Case | None) -> CaseState:
    """Say where the case stands; a duplicate stands where its original does."""
    if case is None:
        return CaseState.UNKNOWN
    status = worked_on(case).status
    if status == Status.CANCELLED:
        return CaseState.CANCELLED
    return CaseState.OPEN if status in OPEN else CaseState.ENDED
