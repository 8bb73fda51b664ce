"""A case shared with one police terminal: given by the 112 room, opened, watched, ended.

Whoever changes a share holds its incident. Everything locks in one order: terminal, incidents by
their ids, shares, journal.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from controlroom.accounts.models import User
from controlroom.audit import chain
from controlroom.errors import Invalid, NotAllowed, OutOfScope
from controlroom.journal import log
from controlroom.municipalities.access import require
from controlroom.municipalities.roles import Right
from incidents.facts import note_fact
from incidents.features import moment
from incidents.models import Incident
from incidents.statuses import OPEN
from linkage import agreements, viewing
from linkage.choices import DataKind, Direction, LinkState
from linkage.errors import ShareRefused
from linkage.models import Case, Link, StreamGrant, Terminal, TerminalShare
from linkage.models_terminals import ShareEnd, ShareView
from linkage.services.casework import worked_on
from linkage.services.police112.cases import state_of
from linkage.services.police112.sequences import CaseState

# A terminal asks every few seconds, and for a piece of a picture every second.
NOTED_EVERY = timedelta(seconds=10)
# So long the screen says why its case is gone; then it only waits.
END_SHOWN = timedelta(minutes=30)


class Rule(StrEnum):
    """What refuses a share; the value is on the wire."""

    SUSPENDED = "suspended"
    INBOUND = "inbound_only"
    BASIS = "basis_not_allowed"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    UNKNOWN = "terminal_unknown"
    RETIRED = "terminal_retired"
    NOT_ENROLLED = "terminal_not_enrolled"


class ShareOver(NotAllowed):
    """Nothing is shared with the terminal now; `fields` says why under "reason"."""

    code = "share_over"


# --- given by the room -------------------------------------------------------------------
@transaction.atomic
def give(*, link: Link, receipt_no: str, number: str, unit: str) -> tuple[TerminalShare, bool]:
    """Share an open case with an enrolled terminal; what it showed before ends.

    The same again gives the share as it stands, and False.
    Emits: fact_recorded, in the transaction.
    Locks: the terminal, the incidents concerned, the terminal's open share.
    Raises: OutOfScope for a case that is not this link's, ShareRefused naming the rule.
    """
    terminal = _terminal(link, number)
    case = _case(link, receipt_no)
    own = TerminalShare.objects.open().filter(terminal=terminal)
    _lock({case.incident_id, worked_on(case).pk, *own.values_list("incident_id", flat=True)})
    # As it is now: it may have ended while we waited.
    case = _case(link, receipt_no)
    _admit(link, case)
    end(shares=own.overdue(timezone.now()), why=ShareEnd.EXPIRED)
    incident = worked_on(case)
    same = own.filter(link=link, incident=incident, case_number=receipt_no, unit=unit).first()
    if same is not None:
        return same, False
    end(shares=own, why=ShareEnd.REPLACED)
    now = timezone.now()
    share: TerminalShare = TerminalShare.objects.create(
        municipality_id=incident.municipality_id,
        link=link,
        terminal=terminal,
        incident=incident,
        case_number=receipt_no,
        unit=unit,
        given_at=now,
        expires_at=now + timedelta(minutes=link.time_limit_min_for(incident.urgency)),
    )
    _audit("share.given", share, expires_at=moment(share.expires_at))
    note_fact(
        incident=incident,
        verb="terminal-share",
        agent=link.code,
        text=f"{terminal.number} · {unit}",
        data={"share": str(share.reference), "terminal": number, "unit": unit},
    )
    _announce("share.given", share)
    return share, True


def _terminal(link: Link, number: str) -> Terminal:
    found: Terminal | None = (
        Terminal.objects.select_for_update()
        .filter(link=link, number=number)
        .order_by(F("retired_at").desc(nulls_first=True))
        .first()
    )
    if found is None:
        raise _refused(Rule.UNKNOWN, "terminal")
    if found.retired_at is not None:
        raise _refused(Rule.RETIRED, "terminal")
    if not found.key_digest:
        raise _refused(Rule.NOT_ENROLLED, "terminal")
    return found


def _case(link: Link, receipt_no: str) -> Case:
    found: Case | None = (
        Case.objects.filter(link=link, external_id=receipt_no)
        .select_related("incident__duplicate_of")
        .first()
    )
    if found is None:
        raise OutOfScope(_("no such case of yours"))
    return found


def _admit(link: Link, case: Case) -> None:
    if link.state == LinkState.SUSPENDED:
        raise _refused(Rule.SUSPENDED, "link")
    if link.direction == Direction.IN:
        raise _refused(Rule.INBOUND, "link")
    if not agreements.may_tell(link, DataKind.PLACE):
        raise _refused(Rule.BASIS, "link")
    state = state_of(case)
    if state is CaseState.CANCELLED:
        raise _refused(Rule.CANCELLED, "receipt_no")
    if state is not CaseState.OPEN:
        raise _refused(Rule.CLOSED, "receipt_no")


def _refused(rule: Rule, field: str) -> ShareRefused:
    return ShareRefused(_("the case is not shared with this terminal"), fields={field: [rule]})


def open_of_case(*, link: Link, receipt_no: str) -> QuerySet[TerminalShare]:
    """Give the open shares of one of the link's cases.

    Raises: OutOfScope.
    """
    _case(link, receipt_no)
    rows: QuerySet[TerminalShare] = TerminalShare.objects.open().filter(
        link=link, case_number=receipt_no
    )
    return rows.select_related("terminal", "link")


def take_back(*, link: Link, receipt_no: str, reference: UUID) -> None:
    """End one share at the room's own word; one that is over stays as it ended.

    Raises: OutOfScope.
    """
    _case(link, receipt_no)
    found = TerminalShare.objects.filter(link=link, case_number=receipt_no, reference=reference)
    if not found.exists():
        raise OutOfScope(_("no such share"))
    end(shares=found, why=ShareEnd.TAKEN_BACK)


# --- ended -------------------------------------------------------------------------------
@transaction.atomic
def end(
    *, shares: QuerySet[TerminalShare], why: ShareEnd, by: User | None = None, reason: str = ""
) -> int:
    """End those of them that are still open; return how many.

    Locks: their incidents in the order of their ids, then the shares, then the journal's counter.
    """
    still_open = shares.filter(ended_at=None)
    incidents = set(still_open.values_list("incident_id", flat=True))
    if not incidents:
        return 0
    _lock(incidents)
    rows = still_open.filter(incident__in=incidents).order_by("pk")
    found = list(rows.select_related("terminal__link", "link").select_for_update(of=("self",)))
    now = timezone.now()
    viewing.end_views_of_shares(found)
    for share in found:
        share.ended_at = min(now, share.expires_at) if why == ShareEnd.EXPIRED else now
        share.end_reason = why
        share.save(update_fields=["ended_at", "end_reason"])
        _audit("share.ended", share, by=by, reason=reason, why=str(why))
        _announce("share.ended", share, by=by)
    return len(found)


def _lock(incident_ids: Iterable[UUID]) -> None:
    rows = Incident.objects.filter(pk__in=list(incident_ids)).order_by("pk").only("pk")
    list(rows.select_for_update(no_key=True))


def hold(case: Case) -> None:
    """Lock the incidents of a case before the journal, for a message that may end its shares."""
    _lock({case.incident_id, worked_on(case).pk})


def end_for_agency(*, link: Link, case_number: str) -> int:
    """End the case's shares: the room has closed its side."""
    own = TerminalShare.objects.filter(link=link, case_number=case_number)
    return end(shares=own, why=ShareEnd.AGENCY_CLOSE)


def unit_left(*, link: Link, case_number: str, unit: str) -> int:
    own = TerminalShare.objects.filter(link=link, case_number=case_number, unit=unit)
    return end(shares=own, why=ShareEnd.UNIT_LEFT)


def after_fact(*, incident: Incident) -> None:
    """End what is shared of an incident that ended."""
    if incident.status not in OPEN:
        end(shares=TerminalShare.objects.filter(incident=incident), why=ShareEnd.INCIDENT_ENDED)


@transaction.atomic
def revoke(*, share: TerminalShare, by: User, reason: str) -> TerminalShare:
    """Withdraw a share, as an operator and with a reason.

    Emits: fact_recorded, in the transaction.
    Raises: NotAllowed; Invalid without a reason.
    """
    require(by, share.municipality_id, Right.INCIDENT_WORK)
    reason = reason.strip()
    if not reason:
        raise Invalid(_("a reason is needed"), fields={"reason": [_("This field is required.")]})
    one = TerminalShare.objects.filter(pk=share.pk)
    if end(shares=one, why=ShareEnd.REVOKED, by=by, reason=reason):
        note_fact(
            incident=share.incident,
            verb="terminal-share-revoked",
            by=by,
            text=f"{share.terminal.number} · {share.unit} · {reason}",
            data={"share": str(share.reference)},
        )
    row: TerminalShare = one.select_related("terminal", "link").get()
    return row


def end_overdue() -> int:
    """End what ran out, and what its link or legal basis carries no more; return how many.

    Nothing is shown after its time even before this ran: the door reads the times itself.
    """
    now = timezone.now()
    rows = TerminalShare.objects.open().select_related("link__legal_basis", "incident")
    # One at a time: no two incidents are held together for this.
    return sum(
        end(shares=TerminalShare.objects.filter(pk=share.pk), why=why)
        for share in rows
        if isinstance(why := _why_over(share, now), ShareEnd)
    )


# --- seen by the terminal ----------------------------------------------------------------
def shown_to(terminal: Terminal) -> TerminalShare:
    """Give the one case that this terminal may see now.

    Raises: ShareOver with the reason of the newest end, or none when nothing was ever shared.
    """
    share: TerminalShare | None = (
        TerminalShare.objects.filter(terminal=terminal)
        .select_related("link__legal_basis", "link__municipality", "incident__kind", "terminal")
        .defer("link__municipality__boundary")
        .order_by(F("ended_at").desc(nulls_first=True), "-pk")
        .first()
    )
    over = _why_over(share, timezone.now()) if share else ""
    if share is None or share.ended_at is not None or over:
        raise ShareOver(_("no case is shared with this terminal"), fields={"reason": [over]})
    return share


def _why_over(share: TerminalShare, now: datetime) -> ShareEnd | str:
    if share.ended_at is not None:
        is_news = now - share.ended_at < END_SHOWN
        return ShareEnd(share.end_reason) if is_news else ""
    if share.expires_at <= now:
        return ShareEnd.EXPIRED
    if share.incident.status not in OPEN:
        return ShareEnd.INCIDENT_ENDED
    inbound = share.link.direction == Direction.IN
    if inbound or not agreements.may_tell(share.link, DataKind.PLACE):
        return ShareEnd.LINK_STOPPED
    return ""


def note_opened(*, share: TerminalShare) -> None:
    """Put on record that the case is on the screen; called before its content leaves.

    Locks: the incident, then the share, at the first time only.
    """
    now = timezone.now()
    if share.opened_at is None:
        _note_first(share, now)
    elif share.last_seen_at is None or now - share.last_seen_at >= NOTED_EVERY:
        TerminalShare.objects.filter(pk=share.pk).update(last_seen_at=now)


@transaction.atomic
def _note_first(share: TerminalShare, now: datetime) -> None:
    _hold_open(share)
    fresh = TerminalShare.objects.filter(pk=share.pk, opened_at=None)
    if fresh.update(opened_at=now, last_seen_at=now):
        share.opened_at = share.last_seen_at = now
        _audit("share.opened", share)
        _announce("share.opened", share)


def _hold_open(share: TerminalShare) -> None:
    """Lock the share's incident, so that it cannot end before what follows is on record.

    Raises: ShareOver when it has ended since it was read.
    """
    _lock([share.incident_id])
    ended = TerminalShare.objects.filter(pk=share.pk, ended_at__isnull=False)
    for reason in ended.values_list("end_reason", flat=True):
        raise ShareOver(_("no case is shared with this terminal"), fields={"reason": [reason]})


@transaction.atomic
def note_viewed(*, share: TerminalShare, grant: StreamGrant) -> None:
    """Put on record that live pictures leave for the terminal; called before the first byte.

    Locks: the incident, at the first picture of a camera.
    Raises: ShareOver when the share has ended meanwhile.
    """
    now = timezone.now()
    view = ShareView.objects.filter(share=share, camera_id=grant.camera_id).first()
    if view is None:
        _hold_open(share)
        _view, is_first = ShareView.objects.get_or_create(share=share, camera_id=grant.camera_id)
        if is_first:
            _audit("share.viewed", share, camera=grant.camera_id, grant=str(grant.reference))
            _announce("share.viewed", share)
    elif now - view.last_at >= NOTED_EVERY:
        ShareView.objects.filter(pk=view.pk).update(last_at=now)


# --- shown on the console ----------------------------------------------------------------
def of_incident(incident: Incident) -> Iterable[TerminalShare]:
    found: Iterable[TerminalShare] = (
        TerminalShare.objects.filter(incident=incident)
        .select_related("terminal", "link")
        .order_by(F("ended_at").desc(nulls_first=True), "-pk")[:50]
    )
    return found


def share_item(share: TerminalShare) -> dict[str, Any]:
    """Give the one shape of a share on the console."""
    return {
        "id": str(share.reference),
        "link": share.link.code,
        "incident": str(share.incident_id),
        "case": share.case_number,
        "terminal": share.terminal.number,
        "call_sign": share.terminal.call_sign,
        "unit": share.unit,
        "given_at": moment(share.given_at),
        "expires_at": moment(share.expires_at),
        "ended_at": moment(share.ended_at),
        "end_reason": str(share.end_reason),
        "opened_at": moment(share.opened_at),
        "last_seen_at": moment(share.last_seen_at),
    }


def _audit(
    action: str, share: TerminalShare, *, by: User | None = None, reason: str = "", **detail: Any
) -> None:
    chain.record(
        action=action,
        subject_kind="terminal_share",
        subject_id=str(share.reference),
        municipality_id=share.municipality_id,
        actor_id=by.pk if by else None,
        agent="" if by else share.link.code,
        reason=reason[:300],
        detail={
            "terminal": share.terminal.number,
            "unit": share.unit,
            "incident": str(share.incident_id),
            "case": share.case_number,
            **detail,
        },
    )


def _announce(kind: str, share: TerminalShare, *, by: User | None = None) -> None:
    log.append(
        municipality_id=share.municipality_id,
        kind=kind,
        subject_kind="incident",
        subject_id=str(share.incident_id),
        data={"share": share_item(share)},
        actor_id=by.pk if by else None,
    )
