"""The life of video grants: given, extended with a reason, watched, ended. Small until issue 4."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext as _

from controlroom.accounts.models import User
from controlroom.audit import chain
from controlroom.errors import Invalid, OutOfScope
from controlroom.journal import log
from controlroom.municipalities.access import require
from controlroom.municipalities.roles import Right
from incidents.features import moment
from incidents.models import Incident
from linkage import viewing
from linkage.choices import LinkState
from linkage.models import Link, StreamGrant
from linkage.models_video import GrantEnd


@transaction.atomic
def give(
    *,
    link: Link,
    incident: Incident,
    case_number: str,
    camera_id: int,
    purpose: str,
    basis: str,
    request_id: str,
    lasting: timedelta,
    extension: str = "",
) -> StreamGrant:
    """Grant a camera for the case; one that is granted already is only extended, with a reason.

    Locks: the open grant of this camera and case.
    """
    now = timezone.now()
    found: StreamGrant | None = (
        StreamGrant.objects.select_for_update()
        .filter(link=link, case_number=case_number, camera_id=camera_id, ended_at=None)
        .first()
    )
    if found is not None and found.expires_at <= now:
        viewing.end_views(grants=[found], why=GrantEnd.TTL)
        _end(found, GrantEnd.TTL, at=found.expires_at)
        found = None
    if found is not None:
        return _extended(found, now + lasting, extension) if extension else found
    grant: StreamGrant = StreamGrant.objects.create(
        municipality_id=link.municipality_id,
        link=link,
        incident=incident,
        case_number=case_number,
        camera_id=camera_id,
        purpose=purpose,
        basis=basis,
        request_id=request_id,
        granted_at=now,
        expires_at=now + lasting,
    )
    _audit("grant.given", grant, expires_at=moment(grant.expires_at))
    _announce("video.granted", grant)
    return grant


def _extended(grant: StreamGrant, until: datetime, reason: str) -> StreamGrant:
    grant.extensions = [
        *grant.extensions,
        {"at": moment(timezone.now()), "until": moment(until), "reason": reason},
    ]
    grant.expires_at = until
    grant.save(update_fields=["extensions", "expires_at"])
    _audit("grant.extended", grant, reason=reason, expires_at=moment(until))
    _announce("video.extended", grant)
    return grant


@transaction.atomic
def end(*, grants: QuerySet[StreamGrant], why: GrantEnd, by: User | None = None) -> int:
    """End those of them that are still open; return how many.

    Locks: the open grants concerned, in the order of their ids.
    """
    rows = list(grants.filter(ended_at=None).order_by("pk").select_for_update(of=("self",)))
    viewing.end_views(grants=rows, why=why)
    for grant in rows:
        _end(grant, why, at=timezone.now(), by=by)
    return len(rows)


@transaction.atomic
def revoke(*, grant: StreamGrant, by: User, reason: str) -> StreamGrant:
    """Withdraw a grant, as an operator and with a reason.

    Raises: NotAllowed; Invalid without a reason.
    """
    require(by, grant.municipality_id, Right.INCIDENT_WORK)
    if not reason.strip():
        raise Invalid(_("a reason is needed"), fields={"reason": [_("This field is required.")]})
    locked: StreamGrant = StreamGrant.objects.select_for_update().get(pk=grant.pk)
    if locked.ended_at is None:
        viewing.end_views(grants=[locked], why=GrantEnd.REVOKED)
        _end(locked, GrantEnd.REVOKED, at=timezone.now(), by=by, reason=reason.strip())
    return locked


def end_overdue() -> int:
    """End what ran out, and every grant of a suspended link; return how many.

    Nothing is shown after its time even before this ran: the door reads the times itself.
    """
    now = timezone.now()
    ran_out = StreamGrant.objects.filter(ended_at=None, expires_at__lte=now)
    ended = 0
    with transaction.atomic():
        rows = list(ran_out.order_by("pk").select_for_update(skip_locked=True)[:500])
        viewing.end_views(grants=rows, why=GrantEnd.TTL)
        for grant in rows:
            _end(grant, GrantEnd.TTL, at=grant.expires_at)
            ended += 1
    closed = StreamGrant.objects.filter(link__state=LinkState.SUSPENDED)
    return ended + end(grants=closed, why=GrantEnd.REVOKED)


def open_to(*, link: Link, reference: UUID) -> StreamGrant:
    """Find the grant by which this link may see a camera now.

    Raises: OutOfScope for one that is not this link's, or is over.
    """
    grant: StreamGrant | None = (
        StreamGrant.objects.in_force(timezone.now())
        .select_related("camera__site", "incident", "link")
        .filter(link=link, reference=reference, camera__gone_at=None)
        .exclude(link__state=LinkState.SUSPENDED)
        .first()
    )
    if grant is None:
        raise OutOfScope(_("no such grant, or it is over"))
    return grant


@transaction.atomic
def note_viewed(*, reference: UUID, at: datetime) -> None:
    """Keep on the grant that it is watched; the view itself was on record before its first byte."""
    own = StreamGrant.objects.filter(reference=reference)
    if own.filter(first_viewed_at=None).update(first_viewed_at=at, last_viewed_at=at):
        grant = own.select_related("camera__site", "link").get()
        _audit("grant.viewed", grant)
        _announce("video.viewed", grant)
    else:
        own.update(last_viewed_at=Greatest("last_viewed_at", at))


def of_incident(incident: Incident) -> Iterable[StreamGrant]:
    found: Iterable[StreamGrant] = (
        StreamGrant.objects.filter(incident=incident)
        .select_related("camera__site", "link")
        .order_by(F("ended_at").desc(nulls_first=True), "-pk")[:100]
    )
    return found


def grant_item(grant: StreamGrant) -> dict[str, Any]:
    """Give the one shape of a grant on the console."""
    return {
        "id": str(grant.reference),
        "link": grant.link.code,
        "incident": str(grant.incident_id),
        "case": grant.case_number,
        "camera": {"id": grant.camera_id, "name": str(grant.camera)},
        "purpose": grant.purpose,
        "basis": grant.basis,
        "granted_at": moment(grant.granted_at),
        "expires_at": moment(grant.expires_at),
        "extensions": len(grant.extensions),
        "ended_at": moment(grant.ended_at),
        "end_reason": str(grant.end_reason),
        "first_viewed_at": moment(grant.first_viewed_at),
        "last_viewed_at": moment(grant.last_viewed_at),
    }


def _end(
    grant: StreamGrant, why: GrantEnd, *, at: datetime, by: User | None = None, reason: str = ""
) -> None:
    grant.ended_at, grant.end_reason = at, why
    grant.save(update_fields=["ended_at", "end_reason"])
    _audit("grant.ended", grant, by=by, reason=reason, why=str(why))
    _announce("video.ended", grant, by=by)


def _audit(
    action: str, grant: StreamGrant, *, by: User | None = None, reason: str = "", **detail: Any
) -> None:
    chain.record(
        action=action,
        subject_kind="camera",
        subject_id=grant.camera_id,
        municipality_id=grant.municipality_id,
        actor_id=by.pk if by else None,
        agent="" if by else grant.link.code,
        reason=reason[:300] or f"{grant.purpose} {grant.basis}",
        detail={
            "grant": str(grant.reference),
            "incident": str(grant.incident_id),
            "case": grant.case_number,
            **detail,
        },
    )


def _announce(kind: str, grant: StreamGrant, *, by: User | None = None) -> None:
    log.append(
        municipality_id=grant.municipality_id,
        kind=kind,
        subject_kind="incident",
        subject_id=str(grant.incident_id),
        data={"grant": grant_item(grant)},
        actor_id=by.pk if by else None,
    )
