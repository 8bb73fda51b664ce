"""Write the audit record. Rows are only added; there is no hash chain over them yet."""

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
    """Record an act in the caller's transaction; if this fails, the act must not happen."""
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
