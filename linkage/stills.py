"""Stills: taken of a camera for an incident, sent to agencies, looked at on record, destroyed."""

import hashlib
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from cctv import stills as camera_stills
from cctv.models import Camera
from cctv.stills import Picture
from controlroom.accounts.models import User
from controlroom.audit import chain
from controlroom.errors import Conflict, Invalid, OutOfScope
from controlroom.journal import log
from controlroom.municipalities.access import require
from controlroom.municipalities.roles import Right
from controlroom.sealing import seal_bytes, unseal_bytes
from incidents.facts import note_fact
from incidents.features import moment
from incidents.history import lock
from incidents.models import Incident
from incidents.statuses import OPEN
from linkage import agreements
from linkage.choices import DataKind, MessageType
from linkage.errors import LinkClosed
from linkage.models import Case, Link, OutboxMessage, Still, StillRelease
from linkage.models_stills import ReleaseQuerySet
from linkage.obligations import may_owe, owe_of_case
from linkage.provision import entries
from linkage.services.contracts import CONTRACTS

# Burnt into the picture, which knows no language of its reader.
DRILL_MARK = "훈련 DRILL"
# The services whose agencies are told stills of their cases.
SERVICES = tuple(name for name, one in CONTRACTS.items() if MessageType.STILL in one.told_beside)


def take(*, incident: Incident, camera: Camera, by: User) -> Still:
    """Take a still of the camera for the incident, and keep it sealed. Never in a transaction.

    Raises: what cctv.stills.take does; Conflict when camera and incident are of two cities.
    """
    if camera.municipality_id != incident.municipality_id:
        raise Conflict(_("this camera is not of the incident's municipality"))
    picture = camera_stills.take(
        camera=camera,
        by=by,
        incident_id=incident.pk,
        mark=DRILL_MARK if incident.is_drill else "",
    )
    return keep(picture=picture, incident=incident, camera=camera, by=by)


@transaction.atomic
def keep(*, picture: Picture, incident: Incident, camera: Camera, by: User) -> Still:
    """Keep a picture that was taken, sealed, until its time is over."""
    still: Still = Still.objects.create(
        municipality_id=incident.municipality_id,
        incident=incident,
        camera=camera,
        sealed=seal_bytes(picture.jpeg),
        sha256=hashlib.sha256(picture.jpeg).hexdigest(),
        size=len(picture.jpeg),
        width=picture.width,
        height=picture.height,
        taken_at=picture.taken_at,
        taken_by=by,
        kept_until=timezone.now() + timedelta(days=settings.STILL_DAYS),
    )
    _record("still.taken", still, actor_id=by.pk, sha256=still.sha256)
    _announce("still.taken", still, actor_id=by.pk)
    return still


def released_to(*, link: Link, case_number: str) -> ReleaseQuerySet:
    """Give what this link may fetch now for this case of its own, the newest first."""
    releases = StillRelease.objects.in_force(timezone.now()).with_still()
    if not agreements.may_tell(link, DataKind.STILL):
        return releases.none()
    return releases.filter(link=link, case_number=case_number)


def open_to(*, link: Link, reference: UUID, case_number: str | None = None) -> StillRelease:
    """Find by which release this link may fetch the still now; of this case, where one is named.

    Raises: OutOfScope for one that was not sent to it, whose time is over, or that its legal
    basis of today does not carry.
    """
    releases = StillRelease.objects.in_force(timezone.now()).with_still()
    releases = releases.filter(link=link, still__reference=reference)
    if case_number is not None:
        releases = releases.filter(case_number=case_number)
    found: StillRelease | None = releases.order_by("-available_until").first()
    if found is None or not agreements.may_tell(link, DataKind.STILL):
        raise OutOfScope(_("no such still, or its time is over"))
    return found


def serve(*, release: StillRelease, agent: str = "") -> bytes:
    """Put on record that the agency looks at the still, then give the JPEG: no record, no picture.

    `agent` names who looks there (a patrol terminal); the link itself when empty.
    Raises: OutOfScope when it was destroyed meanwhile.
    """
    still, now = release.still, timezone.now()
    with transaction.atomic():
        fresh = StillRelease.objects.filter(pk=release.pk)
        is_first = fresh.filter(first_viewed_at=None).update(first_viewed_at=now) > 0
        fresh.update(last_viewed_at=now)
        by_whom = agent or release.link.code
        _record("still.viewed", still, agent=by_whom, case=release.case_number)
        entries.enter_still(release=release, agent=by_whom)
        if is_first:
            _announce("still.viewed", still)
    return _picture(still)


def show(*, still: Still, to: User) -> bytes:
    """Put on record that a person of the centre looks at the still, then give the JPEG.

    Raises: NotAllowed, OutOfScope when it was destroyed.
    """
    require(to, still.municipality_id, Right.VIDEO_WATCH)
    with transaction.atomic():
        _record("still.viewed", still, actor_id=to.pk)
    return _picture(still)


def _picture(still: Still) -> bytes:
    """Read the row of now: a destroyed picture is gone whatever was read before."""
    sealed = Still.objects.filter(pk=still.pk, kept_until__gt=timezone.now()).values_list(
        "sealed", flat=True
    )
    found = sealed.first()
    if found is None:
        raise OutOfScope(_("no such still, or its time is over"))
    return unseal_bytes(found)


def receivers(incident: Incident) -> list[Case]:
    """Give the cases of the incident whose agency's service is told stills, one of each link.

    The newest case speaks for its link; a duplicate's is worked on as this one.
    """
    cases = Case.objects.filter(
        Q(incident=incident) | Q(incident__duplicate_of=incident), link__service__in=SERVICES
    )
    newest: dict[int, Case] = {}
    for case in cases.select_related("link__agency", "link__legal_basis").order_by("pk"):
        newest[case.link_id] = case
    return list(newest.values())


@transaction.atomic
def send(
    *, still: Still, by: User, text: str = "", to: Collection[str] | None = None
) -> list[StillRelease]:
    """Tell the agencies whose cases the incident has of the still; `to` names some of their links.

    Only where the basis of the link allows stills; the picture itself is fetched by them.
    Emits: fact_recorded, in the transaction.
    Locks: the incident.
    Raises: NotAllowed, Conflict after the end, OutOfScope when it was destroyed, LinkClosed when
    none of them may be told.
    """
    require(by, still.municipality_id, Right.INCIDENT_WORK)
    incident = lock(still.incident)
    if incident.status not in OPEN:
        raise Conflict(_("the incident has ended"))
    check_kept(still)
    cases = [
        case
        for case in receivers(incident)
        if (to is None or case.link.code in to)
        and may_owe(link=case.link, incident=incident, message_type=MessageType.STILL)
    ]
    if not cases:
        raise LinkClosed(_("no agency of this incident may be sent a still"))
    event = note_fact(
        incident=incident,
        verb="still",
        by=by,
        text=text.strip(),
        data={
            "still": str(still.reference),
            "camera": str(still.camera),
            "sha256": still.sha256,
            "links": [case.link.code for case in cases],
        },
    )
    sent = []
    for case in cases:
        until = available_until(still=still, link=case.link, incident=incident)
        shown = described(still=still, link=case.link, until=until)
        message = owe_of_case(
            case=case,
            incident=incident,
            event=event,
            message_type=MessageType.STILL,
            content={"text": event.text, **shown},
        )
        if message is not None:
            sent.append(
                release(
                    still=still,
                    link=case.link,
                    case_number=case.external_id,
                    message=message,
                    until=until,
                    text=event.text,
                )
            )
    return sent


def check_kept(still: Still) -> None:
    """Raises: OutOfScope for one whose time is over."""
    if still.destroyed_at is not None or still.kept_until <= timezone.now():
        raise OutOfScope(_("no such still, or its time is over"))


def check_attachable(*, still: Still, link: Link, incident: Incident | None) -> None:
    """Check that a report of this incident to this link may carry the still.

    Raises: Invalid, OutOfScope.
    """
    check_kept(still)
    if incident is None or still.incident_id != incident.pk:
        reason = _("this still was taken for another incident")
    elif not agreements.may_tell(link, DataKind.STILL):
        reason = _("the legal basis of this link allows no stills")
    else:
        return
    raise Invalid(_("the report cannot be sent like this"), fields={"still": [reason]})


def available_until(*, still: Still, link: Link, incident: Incident) -> datetime:
    """As long as video of the case may be watched, and never longer than the still is kept."""
    limit = timedelta(minutes=link.time_limit_min_for(incident.urgency))
    return min(timezone.now() + limit, still.kept_until)


def described(*, still: Still, link: Link, until: datetime) -> dict[str, Any]:
    """Give what the link is told of the still; the fields of linkage.told.STILL."""
    place = still.camera.site.location
    return {
        "still": str(still.reference),
        "picture_at": moment(still.taken_at),
        "camera": {
            "id": still.camera_id,
            "name": str(still.camera),
            "lon": place.x,
            "lat": place.y,
        },
        "sha256": still.sha256,
        "bytes": still.size,
        "width": still.width,
        "height": still.height,
        "picture": f"/api/v1/links/{link.code}/stills/{still.reference}",
        "available_until": moment(until),
    }


def release(
    *,
    still: Still,
    link: Link,
    case_number: str,
    message: OutboxMessage,
    until: datetime,
    text: str,
) -> StillRelease:
    """Let the link fetch the still that the message tells of; in the message's transaction."""
    row: StillRelease = StillRelease.objects.create(
        still=still,
        municipality_id=still.municipality_id,
        link=link,
        case_number=case_number,
        message=message,
        text=text,
        available_until=until,
    )
    _record(
        "still.released",
        still,
        agent=link.code,
        reason=link.legal_basis.code if link.legal_basis else "",
        case=case_number,
        until=moment(until),
    )
    return row


def destroy_overdue() -> int:
    """Destroy the pictures whose time is over; what they were stays on record. Give how many.

    Locks: each still, in the order of their ids.
    """
    now = timezone.now()
    with transaction.atomic():
        due = Still.objects.overdue(now).without_picture().order_by("pk")
        rows = list(due.select_for_update(skip_locked=True)[:200])
        for still in rows:
            Still.objects.filter(pk=still.pk).update(sealed=None, destroyed_at=now)
            still.destroyed_at = now
            _record("still.destroyed", still, agent="linkage.stills", sha256=still.sha256)
        for still in sorted(rows, key=lambda row: row.municipality_id):
            _announce("still.destroyed", still)
    return len(rows)


def of_incident(incident: Incident) -> list[dict[str, Any]]:
    """Give the stills of the incident, with whom they were sent to and how far that came."""
    rows = (
        Still.objects.filter(incident=incident)
        .without_picture()
        .select_related("camera__site", "taken_by")
        .order_by("-taken_at", "-pk")[:50]
    )
    stills = list(rows)
    sent: dict[int, list[StillRelease]] = {}
    for row in StillRelease.objects.filter(still__in=stills).with_still().order_by("pk"):
        sent.setdefault(row.still_id, []).append(row)
    return [{**still_item(still), "sent": _sent(sent.get(still.pk, ()))} for still in stills]


def still_item(still: Still) -> dict[str, Any]:
    """Give the one shape of a still on the console."""
    return {
        "id": str(still.reference),
        "incident": str(still.incident_id),
        "camera": {"id": still.camera_id, "name": str(still.camera)},
        "picture_at": moment(still.taken_at),
        "by": str(still.taken_by),
        "sha256": still.sha256,
        "bytes": still.size,
        "width": still.width,
        "height": still.height,
        "kept_until": moment(still.kept_until),
        "destroyed_at": moment(still.destroyed_at),
    }


def _sent(releases: Collection[StillRelease]) -> list[dict[str, Any]]:
    return [
        {
            "link": row.link.code,
            "agency": str(row.link.agency),
            "case": row.case_number,
            "text": row.text,
            "at": moment(row.released_at),
            "state": str(row.message.state),
            "available_until": moment(row.available_until),
            "first_viewed_at": moment(row.first_viewed_at),
        }
        for row in releases
    ]


def _record(
    action: str,
    still: Still,
    *,
    actor_id: int | None = None,
    agent: str = "",
    reason: str = "",
    **detail: Any,
) -> None:
    chain.record(
        action=action,
        subject_kind="camera",
        subject_id=still.camera_id,
        municipality_id=still.municipality_id,
        actor_id=actor_id,
        agent=agent,
        reason=reason,
        detail={"still": str(still.reference), "incident": str(still.incident_id), **detail},
    )


def _announce(kind: str, still: Still, *, actor_id: int | None = None) -> None:
    log.append(
        municipality_id=still.municipality_id,
        kind=kind,
        subject_kind="incident",
        subject_id=str(still.incident_id),
        data={"still": str(still.reference), "camera": still.camera_id},
        actor_id=actor_id,
    )
