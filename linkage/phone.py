"""Who must be telephoned because a line is silent, what was said, and the line's own word later.

Everything locks in the order of delivery: outbox message, telephone task, journal counter.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F, Q, Value
from django.utils import timezone
from django.utils.translation import gettext as _

from controlroom.errors import Invalid
from controlroom.journal import log
from incidents.features import moment
from linkage import backlog
from linkage.choices import PENDING, LinkState, MessageType, OutboxState, PhoneReason, PhoneState
from linkage.errors import AlreadyTelephoned
from linkage.models import OutboxMessage, PhoneTask
from linkage.owed import announce, locked, record

# How much later than its time a task may be asked for, and stay without a call, unremarked.
GRACE = timedelta(seconds=30)
PATIENCE = timedelta(minutes=3)
CLOCKS_DIFFER = timedelta(minutes=1)
AT_ONCE = 500
# What a room answers in its own words: until then nobody has acknowledged it.
ANSWERED_BY_PEOPLE = frozenset({MessageType.CAP_ALERT})


@dataclass(frozen=True)
class Overdue:
    """What an auditor must say aloud: `unasked` messages have no task, `uncalled` ones no call."""

    unasked: list[OutboxMessage]
    uncalled: list[PhoneTask]


def open_due() -> int:
    """Ask for a call for every urgent message that the line left unconfirmed; give how many.

    Safe to call from anywhere at any time: a message gets one task.
    """
    due = _due(timezone.now()).values_list("pk", flat=True).order_by("priority", "pk")
    return sum(_ask(pk) for pk in list(due[:AT_ONCE]))


def overdue(*, now: datetime | None = None) -> Overdue:
    """Find what should have been asked for, or telephoned, and was not."""
    now = now or timezone.now()
    # Of what is real and what is a drill, one alarm of a link tells of the real one.
    first = ("incident__is_drill", "pk")
    uncalled = PhoneTask.objects.open().filter(asked_at__lte=now - PATIENCE)
    return Overdue(
        unasked=list(
            _due(now - GRACE).select_related("link", "incident").order_by(*first)[:AT_ONCE]
        ),
        uncalled=list(
            uncalled.select_related("message__link", "message__incident").order_by(
                "message__incident__is_drill", "pk"
            )[:AT_ONCE]
        ),
    )


def _due(now: datetime) -> Any:
    waited = ExpressionWrapper(
        F("link__phone_after_s") * Value(timedelta(seconds=1)), output_field=DurationField()
    )
    # Of one that is offered again the agency has known before.
    late = Q(state__in=PENDING, created_at__lte=Value(now) - waited, acked_at__isnull=True)
    given_up = Q(state=OutboxState.DEAD, acked_at__isnull=True, created_at__lte=now)
    # That an alert of ours arrived is no answer to it.
    silent = Q(
        state=OutboxState.ACKED,
        message_type__in=ANSWERED_BY_PEOPLE,
        answered_at__isnull=True,
        created_at__lte=Value(now) - waited,
    )
    return (
        OutboxMessage.objects.of_cases()
        .filter(
            late | given_up | silent,
            priority__lte=F("link__phone_upto_priority"),
            phone_task__isnull=True,
        )
        .exclude(link__state=LinkState.SUSPENDED)
    )


@transaction.atomic
def _ask(pk: int) -> bool:
    message = locked(pk)
    if not _due(timezone.now()).filter(pk=pk).exists():
        return False
    given_up = message.state == OutboxState.DEAD
    task = PhoneTask.objects.create(
        municipality_id=message.municipality_id,
        message=message,
        reason=PhoneReason.GIVEN_UP if given_up else PhoneReason.UNACKNOWLEDGED,
        asked_at=timezone.now(),
    )
    _tell("phone.asked", task)
    return True


@transaction.atomic
def done(*, task: PhoneTask, by: Any, who: str, at: datetime, said: str) -> PhoneTask:
    """Record a call. The line goes on offering the message, under the same id, until the agency
    confirms it too; whoever was told twice can tell by the id.

    Raises: Invalid naming the field, AlreadyTelephoned.
    """
    message = locked(task.message_id)
    task = _locked_task(task)
    _check(message, who=who.strip(), at=at, said=said.strip())
    if task.state not in {PhoneState.OPEN, PhoneState.WITHDRAWN}:
        raise AlreadyTelephoned(_("this call is recorded already"))
    acknowledged = task.state == PhoneState.WITHDRAWN
    task.state = PhoneState.RECONCILED if acknowledged else PhoneState.DONE
    task.spoke_to, task.called_at, task.said = who.strip(), at, said.strip()
    task.recorded_by, task.recorded_at = by, timezone.now()
    task.save()
    _mark_told(message, acknowledged=acknowledged)
    record("exchange.told_by_phone", message, by, task.said)
    announce(message)
    _tell("phone.done", task, actor_id=by.pk)
    return task


def _mark_told(message: OutboxMessage, *, acknowledged: bool) -> None:
    before = message.state
    if acknowledged:
        message.state = OutboxState.RECONCILED
    else:
        # What the agency refused for good is not put before it again by itself.
        message.is_offered = before in PENDING
        message.state = OutboxState.MANUAL_FALLBACK
    message.save(update_fields=["state", "is_offered"])
    if before == OutboxState.DEAD:
        backlog.report(message.link)


def _check(message: OutboxMessage, *, who: str, at: datetime, said: str) -> None:
    wrong: dict[str, list[Any]] = {}
    if not who:
        wrong["who"] = [_("say whom you spoke to")]
    if not said:
        wrong["said"] = [_("say what was said")]
    if at > timezone.now() + CLOCKS_DIFFER:
        wrong["at"] = [_("a call cannot lie in the future")]
    elif at < message.created_at - CLOCKS_DIFFER:
        wrong["at"] = [_("the call cannot be older than the message")]
    if wrong:
        raise Invalid(_("the call is not described fully"), fields=wrong)


def line_confirmed(messages: Iterable[OutboxMessage]) -> None:
    """Settle the tasks of locked messages that the agency has acknowledged; call in their
    transaction."""
    acked_at = {
        message.pk: message.answered_at or message.acked_at
        for message in messages
        if message.answered_at or message.message_type not in ANSWERED_BY_PEOPLE
    }
    tasks = PhoneTask.objects.select_for_update(no_key=True).filter(
        message__in=acked_at, reconciled_at__isnull=True
    )
    for task in list(tasks.order_by("pk")):
        called = task.state == PhoneState.DONE
        task.state = PhoneState.RECONCILED if called else PhoneState.WITHDRAWN
        task.reconciled_at = acked_at[task.message_id]
        task.save(update_fields=["state", "reconciled_at"])
        _tell("phone.reconciled" if called else "phone.withdrawn", task)


def _locked_task(task: PhoneTask) -> PhoneTask:
    found: PhoneTask = PhoneTask.objects.select_for_update(no_key=True).get(pk=task.pk)
    return found


def _tell(kind: str, task: PhoneTask, actor_id: int | None = None) -> None:
    full = PhoneTask.objects.with_story().get(pk=task.pk)
    log.append(
        municipality_id=task.municipality_id,
        kind=kind,
        subject_kind="incident",
        subject_id=str(full.message.incident_id),
        data={"task": task_item(full)},
        actor_id=actor_id,
    )


def task_items(tasks: Iterable[PhoneTask]) -> list[dict[str, Any]]:
    return [task_item(task) for task in tasks]


def task_item(task: PhoneTask) -> dict[str, Any]:
    """Give the one shape of a task: in the console's list and in the journal."""
    message = task.message
    link, incident = message.link, message.incident
    assert incident is not None  # noqa: S101 - nobody is telephoned about a test
    return {
        "id": task.pk,
        "state": str(task.state),
        "reason": str(task.reason),
        "link": link.code,
        "link_name": f"{link.agency} · {link.get_service_display()}",
        "agency": str(link.agency),
        "phone": link.agency.duty_phone,
        "incident": {
            "id": str(incident.pk),
            "number": incident.number,
            "address": incident.address,
            "summary": incident.summary,
        },
        "message": {
            "id": str(message.uid),
            "type": message.message_type,
            "type_name": message.get_message_type_display(),
            "state": str(message.state),
            "status": message.payload.get("status", ""),
            "at": moment(message.created_at),
        },
        "case_number": message.case_number,
        "priority": message.priority,
        "is_drill": incident.is_drill,
        "asked_at": moment(task.asked_at),
        "who": task.spoke_to,
        "at": moment(task.called_at),
        "said": task.said,
        "by": _person(task.recorded_by),
        "recorded_at": moment(task.recorded_at),
        "reconciled_at": moment(task.reconciled_at),
    }


def _person(user: Any) -> dict[str, Any] | None:
    return {"id": user.pk, "name": str(user)} if user else None
