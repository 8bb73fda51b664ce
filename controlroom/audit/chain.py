"""Write the audit record: rows are only added, and the database chains them as they are committed.

See controlroom/audit/migrations/0003_chain.py for how, verify.py for who finds out.
"""

from typing import Any

from controlroom.audit.models import Record


def record(
    *,
    action: str,
    subject_kind: str,
    subject_id: str | int,
    municipality_id: int | None = None,
    actor_id: int | None = None,
    agent: str = "",
    reason: str = "",
    detail: dict[str, Any] | None = None,
) -> Record:
    """Record an act in the caller's transaction; if this fails, the act must not happen.

    What the database refuses, here or at the commit, stays a DatabaseError, which nobody takes for
    an answer: controlroom.middleware.NothingUnrecorded turns it into a 503 with the reason.
    Locks: at commit, after every other lock of the transaction, the municipality's chain.
    """
    row: Record = Record.objects.create(
        municipality_id=municipality_id,
        actor_id=actor_id,
        agent=agent,
        action=action,
        subject_kind=subject_kind,
        subject_id=str(subject_id),
        reason=reason,
        detail=detail or {},
    )
    return row
