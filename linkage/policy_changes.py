"""Changes of the policy on video: one proposes, another lets it take force, on record."""

from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from controlroom.accounts.models import User
from controlroom.audit import chain
from controlroom.errors import Conflict, Invalid, NotAllowed
from controlroom.journal import log
from controlroom.journal.choices import Audience
from controlroom.municipalities.access import require
from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right
from linkage.models import PolicyChange
from linkage.models_policy import ChangeState
from linkage.policy.rows import BY_CODE, CHANGEABLE, changed, faults, values_of
from linkage.video_policy import rows_of

# Nobody's silence changes anything: then it must be proposed anew.
LIFE = timedelta(days=14)


class ChangeWaits(Conflict):
    """Another change of the same row waits for its second person."""

    code = "change_waits"


class ChangeDecided(Conflict):
    """It waits no more, or the row has changed since it was proposed."""

    code = "change_decided"


class SecondPersonNeeded(NotAllowed):
    """Whoever proposed it cannot be the one who lets it take force."""

    code = "second_person_needed"


def now_of(municipality: Municipality, row: str) -> dict[str, Any]:
    """Give the values of a row as they count now.

    Raises: Invalid for a row that does not exist.
    """
    if row not in BY_CODE:
        raise Invalid(_("no such row of the policy"), fields={"row": [row]})
    found = {one.code: one for one in rows_of(municipality.pk)}
    return values_of(found[row])


@transaction.atomic
def propose(
    *, municipality: Municipality, row: str, values: dict[str, Any], reason: str, by: User
) -> PolicyChange:
    """Propose values of a row; nothing changes until another person approves.

    Raises: NotAllowed, Invalid (also when nothing would change), ChangeWaits.
    """
    require(by, municipality.pk, Right.POLICY_MANAGE)
    if not reason.strip():
        raise Invalid(_("a reason is needed"), fields={"reason": [_("This field is required.")]})
    before = now_of(municipality, row)
    wrong = faults({**before, **values})
    if wrong:
        raise Invalid(
            _("no row of the policy may have this"),
            fields={name: [said] for name, said in wrong.items()},
        )
    after = values_of(changed(BY_CODE[row], {**before, **values}))
    if after == before:
        raise Invalid(_("nothing would change"), fields={"row": [_("nothing would change")]})
    now = timezone.now()
    try:
        with transaction.atomic():
            change: PolicyChange = PolicyChange.objects.create(
                municipality=municipality,
                row=row,
                before=before,
                after=after,
                reason=reason.strip()[:500],
                proposed_by=by,
                proposed_at=now,
                lapses_at=now + LIFE,
            )
    except IntegrityError:
        raise ChangeWaits(_("a change of this row waits for its second person")) from None
    _record(change, by)
    return change


@transaction.atomic
def approve(*, change: PolicyChange, by: User, decision: str = "") -> PolicyChange:
    """Let it take force, as another person than the one who proposed it.

    Grants that stand keep the clock that they were given; every new word is by the new row.
    Raises: NotAllowed, SecondPersonNeeded, ChangeDecided.
    """
    row = _waiting(change, by)
    _be_another(row, by)
    if now_of(row.municipality, row.row) != row.before:
        raise ChangeDecided(_("the row has changed since this was proposed"))
    return _decide(row, ChangeState.APPROVED, by, decision)


@transaction.atomic
def reject(*, change: PolicyChange, by: User, decision: str) -> PolicyChange:
    """Say no to it, as another person and with a reason.

    Raises: NotAllowed, SecondPersonNeeded, Invalid, ChangeDecided.
    """
    if not decision.strip():
        raise Invalid(_("a reason is needed"), fields={"decision": [_("This field is required.")]})
    row = _waiting(change, by)
    _be_another(row, by)
    return _decide(row, ChangeState.REJECTED, by, decision)


@transaction.atomic
def withdraw(*, change: PolicyChange, by: User, decision: str = "") -> PolicyChange:
    """Take one's own proposal back.

    Raises: NotAllowed when it is another's; ChangeDecided.
    """
    row = _waiting(change, by)
    if row.proposed_by_id != by.pk:
        raise NotAllowed(_("only who proposed it takes it back"))
    return _decide(row, ChangeState.WITHDRAWN, by, decision)


def lapse_overdue() -> int:
    """End the proposals that nobody decided on in time; return how many."""
    due = PolicyChange.objects.filter(
        state=ChangeState.PROPOSED, lapses_at__lte=timezone.now()
    ).order_by("pk")
    return sum(_lapse(pk) for pk in due.values_list("pk", flat=True)[:100])


@transaction.atomic
def _lapse(pk: int) -> bool:
    row = _locked(PolicyChange.objects.filter(pk=pk, state=ChangeState.PROPOSED)).first()
    if row is None:
        return False
    _decide(row, ChangeState.LAPSED, None, "")
    return True


def difference(change: PolicyChange) -> list[tuple[str, Any, Any]]:
    """Give the fields that it changes: name, before, after."""
    return [
        (name, change.before.get(name), change.after.get(name))
        for name in CHANGEABLE
        if change.before.get(name) != change.after.get(name)
    ]


def _locked(rows: QuerySet[PolicyChange]) -> QuerySet[PolicyChange]:
    return rows.select_related("municipality", "proposed_by").select_for_update(of=("self",))


def _waiting(change: PolicyChange, by: User) -> PolicyChange:
    """Locks: the change. Raises: NotAllowed, ChangeDecided."""
    require(by, change.municipality_id, Right.POLICY_MANAGE)
    row: PolicyChange = _locked(PolicyChange.objects.filter(pk=change.pk)).get()
    if row.state != ChangeState.PROPOSED or row.lapses_at <= timezone.now():
        raise ChangeDecided(_("this change waits for nobody any more"))
    return row


def _be_another(row: PolicyChange, by: User) -> None:
    if row.proposed_by_id == by.pk:
        raise SecondPersonNeeded(_("a second person must decide on it"))


def _decide(row: PolicyChange, state: ChangeState, by: User | None, decision: str) -> PolicyChange:
    row.state, row.decided_by, row.decided_at = state, by, timezone.now()
    row.decision = decision.strip()[:500]
    row.save(update_fields=["state", "decided_by", "decided_at", "decision"])
    _record(row, by)
    return row


def _record(row: PolicyChange, by: User | None) -> None:
    changes = {name: [before, after] for name, before, after in difference(row)}
    chain.record(
        action=f"policy.{row.state}",
        subject_kind="policy",
        subject_id=row.row,
        municipality_id=row.municipality_id,
        actor_id=by.pk if by else None,
        agent="" if by else "system",
        reason=(row.decision or row.reason)[:300],
        detail={"change": row.pk, "proposed_by": row.proposed_by_id, "changes": changes},
    )
    log.append(
        municipality_id=row.municipality_id,
        kind=f"policy.{row.state}",
        subject_kind="policy",
        subject_id=row.row,
        data={"change": row.pk, "row": row.row, "changes": changes},
        actor_id=by.pk if by else None,
        audience=Audience.ADMINISTRATION,
    )
