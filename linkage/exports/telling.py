"""Every step of a request on record, in the journal, and told to the agency: in one transaction."""

from typing import Any
from uuid import uuid4

from django.utils import timezone
from django.utils.translation import gettext as _

from controlroom.audit import chain
from controlroom.journal import log
from incidents.features import moment
from linkage import owed
from linkage.choices import Direction, LinkState, MessageType
from linkage.errors import StepForbidden
from linkage.exports import states
from linkage.exports.states import State, Verb
from linkage.models import ExportRequest, OutboxMessage
from linkage.models_exports import ExportState
from linkage.obligations import owed as newly_owed

PRIORITY = 4
# What the agency itself did needs no telling, nor what only machines have to do with.
TOLD = frozenset(
    {
        State.SUBMITTED,
        State.REVIEWED,
        State.APPROVED,
        State.REJECTED,
        State.LAPSED,
        State.RELEASED,
        State.EXPIRED,
        State.DESTROYED,
    }
)


def locked(export: ExportRequest) -> ExportRequest:
    """Lock the request for a step of its life. Call in the step's transaction."""
    row: ExportRequest = (
        ExportRequest.objects.select_for_update(of=("self",), no_key=True)
        .select_related("link__agency", "municipality", "basis")
        .get(pk=export.pk)
    )
    return row


def step(export: ExportRequest, verb: Verb) -> None:
    """Move the locked request; the caller saves and tells.

    Raises: StepForbidden.
    """
    try:
        export.state = str(states.after(verb, export.state))
    except states.Forbidden as error:
        stands = ExportState(export.state).label
        raise StepForbidden(
            _("the request stands at another step"), fields={"state": [stands]}
        ) from error
    export.state_at = timezone.now()


def saved(
    export: ExportRequest,
    action: str,
    *,
    by: Any = None,
    agent: str = "",
    reason: str = "",
    **detail: Any,
) -> None:
    """Save the locked request; put the step on record and in the journal, and tell the agency.

    Locks: the journal's counter. Emits: obligations.owed, in the transaction.
    """
    export.save()
    record(export, action, by=by, agent=agent, reason=reason, state=export.state, **detail)
    message = _owe(export, asked=agent == export.link.code)
    announce(export, by=by)
    if message is not None:
        owed.announce(message)


def record(
    export: ExportRequest,
    action: str,
    *,
    by: Any = None,
    agent: str = "",
    reason: str = "",
    **detail: Any,
) -> None:
    chain.record(
        action=action,
        subject_kind="export",
        subject_id=str(export.reference),
        municipality_id=export.municipality_id,
        actor_id=by.pk if by else None,
        agent=agent,
        reason=reason[:300],
        detail={"number": export.number, "link": export.link.code, **detail},
    )


def announce(export: ExportRequest, *, by: Any = None) -> None:
    log.append(
        municipality_id=export.municipality_id,
        kind=f"export.{export.state}",
        subject_kind="export",
        subject_id=str(export.reference),
        data={"export": str(export.reference), "number": export.number, "state": export.state},
        actor_id=by.pk if by else None,
    )


def _owe(export: ExportRequest, *, asked: bool) -> OutboxMessage | None:
    """Owe the agency what became of its request; it carries states and numbers only."""
    link = export.link
    closed = link.state == LinkState.SUSPENDED or link.direction == Direction.IN
    if asked or closed or export.state not in TOLD:
        return None
    now = timezone.now()
    message = OutboxMessage.objects.create(
        uid=uuid4(),
        municipality_id=export.municipality_id,
        link=link,
        message_type=MessageType.EXPORT,
        case_number=export.case_number or export.number,
        priority=PRIORITY,
        payload=payload(export),
        created_at=now,
        next_try_at=now,
    )
    newly_owed.send(sender=OutboxMessage, link_id=link.pk, is_urgent=False)
    return message


def payload(export: ExportRequest) -> dict[str, Any]:
    """Give what the agency is told; the fields of linkage.told.EXPORT."""
    said: dict[str, Any] = {
        "export": str(export.reference),
        "export_no": export.number,
        "state": export.state.upper(),
        "at": moment(export.state_at),
        "reason": export.reason,
    }
    if export.case_number:
        said["receipt_no"] = export.case_number
    release = getattr(export, "release", None)
    if export.state == State.RELEASED and release is not None:
        said |= {
            "page": f"/agency/{export.link.code}/exports/{export.reference}/",
            "available_until": moment(release.available_until),
            "views": release.views_allowed,
            "may_download": release.may_download,
        }
    return said
