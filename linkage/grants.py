"""The life of video grants: given, extended with a reason, watched, ended by whatever ends first.

Whoever opens or ends a grant holds its incident, and against its suspension the link; everything
locks in one order: incidents by their ids, link, grants, journal. The database refuses an open
grant on an ended incident or a suspended link whoever writes (migration 0038).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext as _

from cctv.choices import Health
from cctv.models import Camera
from controlroom.accounts.models import User
from controlroom.audit import chain
from controlroom.errors import Invalid, OutOfScope
from controlroom.journal import log
from controlroom.municipalities.access import require
from controlroom.municipalities.roles import Right
from incidents.features import moment
from incidents.models import Incident
from incidents.statuses import OPEN
from linkage import ptz, viewing
from linkage.agreements import may_tell
from linkage.choices import DataKind, LinkState
from linkage.models import Link, StreamGrant
from linkage.models_video import GrantEnd
from linkage.policy.words import Access, Rule, Trigger
from linkage.video_policy import refusal

# A camera that gives no picture for so long ends its grants; a shorter gap mends itself.
SOURCE_LOST_AFTER = timedelta(seconds=60)
# Ended in one turn of the sweep.
AT_ONCE = 500


@dataclass(frozen=True)
class Given:
    """Why and how a grant is given, whatever camera it opens.

    `until` and `not_after` are its first end and its last with every extension, counted from `at`.
    """

    purpose: str
    basis: str
    at: datetime
    until: datetime
    not_after: datetime
    request_id: str = ""
    rights: tuple[str, ...] = (Access.LIVE,)
    trigger: Trigger = Trigger.REQUEST
    given_by: User | None = None
    radius_m: float | None = None


def lock_incidents(ids: Iterable[UUID]) -> None:
    """Locks: the incidents, in the order of their ids."""
    rows = Incident.objects.filter(pk__in=list(ids)).order_by("pk").only("pk")
    list(rows.select_for_update(no_key=True))


def hold_link(link_ids: Iterable[int]) -> None:
    """Hold links as they are: nobody suspends them before the transaction ends.

    Locks: the links, shared, in the order of their ids.
    """
    ids = sorted(link_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM linkage_link WHERE id = ANY(%s) ORDER BY id FOR SHARE", [ids]
        )


@transaction.atomic
def give(
    *, link: Link, incident: Incident, case_number: str, camera_id: int, given: Given
) -> StreamGrant:
    """Grant a camera for the case; one that is granted already gains rights at most.

    Locks: the incident, the link (shared), the open grant of this camera and case.
    Raises: VideoRefused on an ended incident or a suspended link.
    """
    lock_incidents([incident.pk])
    hold_link([link.pk])
    _still_open(incident, link)
    now = timezone.now()
    found: StreamGrant | None = (
        StreamGrant.objects.select_for_update(of=("self",))
        .select_related("link", "camera__site")
        .filter(link=link, case_number=case_number, camera_id=camera_id, ended_at=None)
        .first()
    )
    if found is not None and found.expires_at > now:
        return _widened(found, given)
    if found is not None:
        viewing.end_views(grants=[found], why=GrantEnd.TTL)
        ptz.let_go([found])
        _end(found, GrantEnd.TTL, at=found.expires_at)
    is_dark = Camera.objects.filter(pk=camera_id, health=Health.OFFLINE).exists()
    grant: StreamGrant = StreamGrant.objects.create(
        municipality_id=incident.municipality_id,
        link=link,
        incident=incident,
        case_number=case_number,
        camera_id=camera_id,
        purpose=given.purpose,
        basis=given.basis,
        request_id=given.request_id,
        rights=[str(one) for one in given.rights],
        trigger=given.trigger,
        given_by=given.given_by,
        radius_m=given.radius_m,
        granted_at=given.at,
        expires_at=given.until,
        not_after=max(given.not_after, given.until),
        source_lost_at=now if is_dark else None,
    )
    _audit(
        "grant.given",
        grant,
        by=given.given_by,
        expires_at=moment(grant.expires_at),
        trigger=str(grant.trigger),
        rights=grant.rights,
    )
    _announce("video.granted", grant, by=given.given_by)
    return grant


def _widened(grant: StreamGrant, given: Given) -> StreamGrant:
    """Add the rights that a standing grant lacks; its clock stays, its last end comes no later."""
    new = [str(one) for one in given.rights if one not in grant.rights]
    if not new:
        return grant
    grant.rights = [*grant.rights, *new]
    last = grant.granted_at + (given.not_after - given.at)
    grant.not_after = max(min(grant.not_after, last), grant.expires_at)
    grant.save(update_fields=["rights", "not_after"])
    _audit("grant.widened", grant, by=given.given_by, rights=grant.rights, added=new)
    _announce("video.widened", grant, by=given.given_by)
    return grant


def _still_open(incident: Incident, link: Link) -> None:
    if not Incident.objects.filter(pk=incident.pk, status__in=OPEN).exists():
        raise refusal(Rule.CLOSED)
    if Link.objects.filter(pk=link.pk, state=LinkState.SUSPENDED).exists():
        raise refusal(Rule.SUSPENDED)


@transaction.atomic
def extend(
    *, grant: StreamGrant, until: datetime, reason: str, by: User | None = None
) -> StreamGrant:
    """Let an open grant last until then, at most until its last end.

    Locks: the incident, the grant.
    Raises: Invalid without a reason; VideoRefused when it is over or has no time left.
    """
    reason = _reason(reason)
    lock_incidents([grant.incident_id])
    locked = _locked(grant)
    if locked.ended_at is not None or locked.expires_at <= timezone.now():
        raise refusal(Rule.CLOSED)
    until = min(until, locked.not_after)
    if until <= locked.expires_at:
        raise refusal(Rule.USED_UP)
    said = {"at": moment(timezone.now()), "until": moment(until), "reason": reason}
    locked.extensions = [*locked.extensions, said]
    locked.expires_at = until
    locked.save(update_fields=["extensions", "expires_at"])
    _audit("grant.extended", locked, by=by, reason=reason, expires_at=moment(until))
    _announce("video.extended", locked, by=by)
    return locked


@transaction.atomic
def end(
    *, grants: QuerySet[StreamGrant], why: GrantEnd, by: User | None = None, reason: str = ""
) -> int:
    """End those of them that are still open; return how many.

    Locks: their incidents in the order of their ids, the grants, their views, the locks of their
    cameras, then the journal's counter.
    """
    still_open = grants.filter(ended_at=None)
    incidents = set(still_open.order_by().values_list("incident_id", flat=True))
    if not incidents:
        return 0
    lock_incidents(incidents)
    rows = still_open.filter(incident__in=incidents).order_by("pk")
    found = list(rows.select_related("link", "camera__site").select_for_update(of=("self",)))
    now = timezone.now()
    # What ran out before anyone ended it was over by its time.
    ran_out = [grant for grant in found if grant.expires_at <= now]
    ended = [grant for grant in found if grant.expires_at > now]
    viewing.end_views(grants=ran_out, why=GrantEnd.TTL)
    viewing.end_views(grants=ended, why=why)
    ptz.let_go(found)
    for grant in found:
        why_now = why if grant.expires_at > now else GrantEnd.TTL
        _end(grant, why_now, at=min(now, grant.expires_at), by=by, reason=reason)
    return len(found)


@transaction.atomic
def revoke(*, grant: StreamGrant, by: User, reason: str) -> StreamGrant:
    """Withdraw a grant, as a person and with a reason; one that is over stays as it ended.

    Raises: NotAllowed; Invalid without a reason.
    """
    require(by, grant.municipality_id, Right.INCIDENT_WORK)
    reason = _reason(reason)
    one = StreamGrant.objects.filter(pk=grant.pk)
    end(grants=one, why=GrantEnd.REVOKED, by=by, reason=reason)
    row: StreamGrant = one.select_related("link", "camera__site", "given_by").get()
    return row


def end_overdue() -> int:
    """End what ran out, lost its camera, its link or its basis; return how many.

    Nothing is shown after its time even before this ran: the door reads the times itself.
    """
    now = timezone.now()
    still_open = StreamGrant.objects.filter(ended_at=None)
    lost = Q(source_lost_at__lte=now - SOURCE_LOST_AFTER) | Q(camera__gone_at__isnull=False)
    bare = Q(link__legal_basis=None) | Q(link__legal_basis__is_in_force=False)
    bare |= ~Q(link__legal_basis__allowed_data__contains=[str(DataKind.LIVE_VIDEO)])
    due = (
        (GrantEnd.TTL, still_open.filter(expires_at__lte=now)),
        (GrantEnd.SOURCE_LOST, still_open.filter(lost)),
        (GrantEnd.LINK_SUSPENDED, still_open.filter(link__state=LinkState.SUSPENDED)),
        (GrantEnd.BASIS_LOST, still_open.filter(bare)),
    )
    return sum(_end_each(rows, why) for why, rows in due)


def _end_each(rows: QuerySet[StreamGrant], why: GrantEnd) -> int:
    """End them incident by incident: no two incidents are held together for this."""
    found = rows.order_by("incident_id", "pk").values_list("incident_id", "pk")[:AT_ONCE]
    by_incident: dict[UUID, list[int]] = {}
    for incident_id, pk in found:
        by_incident.setdefault(incident_id, []).append(pk)
    return sum(
        # Asked again with the incident held: it may have been mended or extended meanwhile.
        _end_still(incident_id, rows.filter(pk__in=pks), why)
        for incident_id, pks in by_incident.items()
    )


@transaction.atomic
def _end_still(incident_id: UUID, rows: QuerySet[StreamGrant], why: GrantEnd) -> int:
    lock_incidents([incident_id])
    pks = list(rows.order_by().values_list("pk", flat=True))
    return end(grants=StreamGrant.objects.filter(pk__in=pks), why=why)


def follow_source(*, camera_id: int, health: Health, at: datetime) -> None:
    """Keep since when a granted camera gives no picture; called when its health changes.

    Locks: the open grants of the camera.
    """
    rows = StreamGrant.objects.filter(camera_id=camera_id, ended_at=None)
    if health == Health.OFFLINE:
        rows.filter(source_lost_at=None).update(source_lost_at=at)
    else:
        rows.exclude(source_lost_at=None).update(source_lost_at=None)


def open_incidents_of(link: Link) -> set[UUID]:
    """Give the incidents on which the link holds open grants."""
    held = StreamGrant.objects.filter(link=link, ended_at=None).order_by()
    return set(held.values_list("incident_id", flat=True))


def open_to(*, link: Link, reference: UUID) -> StreamGrant:
    """Find the grant by which this link may see a camera now.

    Raises: OutOfScope for one that is not this link's, or is over.
    """
    grant: StreamGrant | None = (
        StreamGrant.objects.in_force(timezone.now())
        .select_related("camera__site", "incident", "link__legal_basis")
        .filter(link=link, reference=reference, camera__gone_at=None, incident__status__in=OPEN)
        .filter(rights__contains=[str(Access.LIVE)])
        .first()
    )
    if grant is None or not may_tell(grant.link, DataKind.LIVE_VIDEO):
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
        .select_related("camera__site", "link", "given_by")
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
        "rights": grant.rights,
        "trigger": str(grant.trigger),
        "given_by": str(grant.given_by) if grant.given_by else "",
        "radius_m": grant.radius_m,
        "not_after": moment(grant.not_after),
        "extensions": len(grant.extensions),
        "ended_at": moment(grant.ended_at),
        "end_reason": str(grant.end_reason),
        "end_text": grant.end_text,
        "first_viewed_at": moment(grant.first_viewed_at),
        "last_viewed_at": moment(grant.last_viewed_at),
    }


def _locked(grant: StreamGrant) -> StreamGrant:
    row: StreamGrant = (
        StreamGrant.objects.select_for_update(of=("self",))
        .select_related("link", "camera__site", "given_by")
        .get(pk=grant.pk)
    )
    return row


def _reason(said: str) -> str:
    if not said.strip():
        raise Invalid(_("a reason is needed"), fields={"reason": [_("This field is required.")]})
    return said.strip()


def _end(
    grant: StreamGrant, why: GrantEnd, *, at: datetime, by: User | None = None, reason: str = ""
) -> None:
    grant.ended_at, grant.end_reason, grant.end_text = at, why, reason[:300]
    grant.save(update_fields=["ended_at", "end_reason", "end_text"])
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
