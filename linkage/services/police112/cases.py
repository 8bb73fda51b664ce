"""Where a 112 case stands: its column of the table of sequences."""

from incidents.statuses import OPEN, Status
from linkage.models import Case
from linkage.services.casework import worked_on
from linkage.services.police112.sequences import CaseState


def state_of(case: Case | None) -> CaseState:
    """Say where the case stands; a duplicate stands where its original does."""
    if case is None:
        return CaseState.UNKNOWN
    status = worked_on(case).status
    if status == Status.CANCELLED:
        return CaseState.CANCELLED
    return CaseState.OPEN if status in OPEN else CaseState.ENDED
