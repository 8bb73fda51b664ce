"""Who holds a camera's motors: taken with a reason, for a time, by rank; the end is on record.

A lock ends by release, lapse, a higher rank, its incident's end or a lost right, and soon when
nothing is heard of its hand any more: it is a lease within its time limit. Whenever nobody follows,
the camera owes its way home (`home_due_at`), which the sweep collects whoever died.
"""

import uuid
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cctv.choices import PtzEnd
from cctv.models import Camera, OnvifDevice, PtzLock
from cctv.onvif import hands
from cctv.onvif.hands import Hand
from cctv.onvif.precedence import Outcome, Rank, decide
from controlroom.audit import chain
from controlroom.errors import Conflict, Invalid
from controlroom.journal import log as journal

# A hand that is not heard of for so long is gone: its browser crashed, its system hung up.
LEASE_S = 20


class PtzTaken(Conflict):
    """Another hand of the same or a higher rank is on the camera; `fields` say whose, until when.

    An agency is told the kind of holder only: `centre`, `agency`, `colleague`.
    """

    code = "ptz_taken"


class PtzLockMissing(Conflict):
    """The camera moves only under a lock of one's own."""

    code = "ptz_lock_missing"


class ReasonMissing(Invalid):
    code = "reason_missing"


def take(
    *, device: OnvifDevice, hand: Hand, incident_id: uuid.UUID | None = None, reason: str = ""
) -> tuple[PtzLock, Outcome]:
    """Take or renew the lock of a camera, and say which it was.

    Locks: the device's row, the open lock, then the municipality's counter row.
    Emits: "camera.ptz" in the journal.
    Raises: PtzRefused naming the rule, PtzTaken, ReasonMissing.
    """
    camera: Camera = device.camera
    reason = reason.strip()
    if hand.leave is not None:
        incident_id = hand.leave.incident_id
    if incident_id is None and not reason:
        raise ReasonMissing(
            _("moving a camera needs an incident or a reason"),
            fields={"reason": [_("say what for")]},
        )
    with transaction.atomic():
        OnvifDevice.objects.select_for_update(of=("self",)).get(pk=device.pk)
        service = hands.service_of(camera, hand, incident_id)
        hands.check_purpose(camera, service)
        standing = _open_lock(camera.pk)
        if standing is not None and standing.is_over(timezone.now()):
            _end(standing, PtzEnd.LAPSED)
            standing = None
        outcome = decide(
            asks=hand.rank,
            holds=None if standing is None else Rank(standing.rank),
            is_same=standing is not None and hand.holds(standing),
        )
        if standing is not None and outcome is Outcome.REFUSED:
            raise _taken(standing, hand)
        if standing is not None and outcome is Outcome.RENEWED:
            return _renew(standing, hand, service, incident_id, reason), outcome
        if standing is not None:
            _end(standing, PtzEnd.TAKEN_OVER)
        PtzLock.objects.filter(camera=camera, home_due_at__isnull=False).update(home_due_at=None)
        lock = PtzLock.objects.create(
            municipality_id=camera.municipality_id,
            camera=camera,
            holder=hand.user,
            link_id=hand.link_id,
            agency=hand.leave.agency[:100] if hand.leave else "",
            person=hand.person,
            rank=hand.rank,
            service=service,
            incident_id=incident_id,
            reason=reason,
            until=_until(hand),
            lease_until=_lease(),
        )
        detail = {"outcome": str(outcome)}
        if standing is not None:
            detail["from"] = standing.holder_name
        record("ptz.lock", lock, **detail)
        _tell(lock, taken_from=standing)
    return lock, outcome


def _renew(
    lock: PtzLock, hand: Hand, service: str, incident_id: uuid.UUID | None, reason: str
) -> PtzLock:
    lock.until, lock.lease_until, lock.rank = _until(hand), _lease(), hand.rank
    lock.service, lock.incident_id = service, incident_id
    lock.reason = reason or lock.reason
    lock.save(update_fields=["until", "lease_until", "rank", "service", "incident_id", "reason"])
    record("ptz.lock", lock, outcome=str(Outcome.RENEWED))
    _tell(lock)
    return lock


def _taken(lock: PtzLock, hand: Hand) -> PtzTaken:
    kind, name = who_holds(lock, hand)
    return PtzTaken(
        _("%(name)s moves this camera now") % {"name": name},
        fields={
            "holder": [name if hand.link_id is None else kind],
            "until": [lock.until.isoformat()],
        },
    )


def who_holds(lock: PtzLock, hand: Hand) -> tuple[str, str]:
    """Say of what kind the holder is, and its name; an agency learns nobody's but its own."""
    if hand.holds(lock):
        return "you", lock.holder_name
    kind = "centre" if lock.link_id is None else "agency"
    if hand.link_id is None:
        return kind, lock.holder_name
    if lock.link_id == hand.link_id:
        return "colleague", lock.holder_name
    return kind, _("the centre") if kind == "centre" else _("another agency")


def _lease() -> datetime:
    return timezone.now() + timedelta(seconds=LEASE_S)


def _until(hand: Hand) -> datetime:
    until = timezone.now() + timedelta(seconds=settings.PTZ_LOCK_S)
    return min(until, hand.leave.until) if hand.leave else until


def _open_lock(camera_id: int) -> PtzLock | None:
    found: PtzLock | None = (
        PtzLock.objects.select_for_update(of=("self",))
        .select_related("holder", "camera__site")
        .filter(camera_id=camera_id, ended_at=None)
        .first()
    )
    return found


def held(device: OnvifDevice, hand: Hand) -> PtzLock:
    """Give the lock of this hand, its row locked, its lease renewed; call in a transaction.

    Raises: PtzLockMissing when it is another's, lapsed or never was.
    """
    lock = _open_lock(device.camera_id)
    if lock is None or not hand.holds(lock) or lock.is_over(timezone.now()):
        raise PtzLockMissing(_("take the camera first: it moves only under a lock"))
    lock.lease_until = _lease()
    lock.save(update_fields=["lease_until"])
    return lock


def keep(*, device: OnvifDevice, hand: Hand) -> PtzLock:
    """Say that the hand is still there: its lease goes on, its time limit comes no later.

    Locks: the lock's row.
    Raises: PtzLockMissing.
    """
    with transaction.atomic():
        return held(device, hand)


def release(*, device: OnvifDevice, hand: Hand) -> PtzLock:
    """Let go of a camera; it owes its way home from now on.

    Locks: the lock's row, then the municipality's counter row.
    Raises: PtzLockMissing.
    """
    with transaction.atomic():
        lock = held(device, hand)
        _end(lock, PtzEnd.RELEASED)
        _tell(lock)
    return lock


def end_locks(
    *,
    reason: PtzEnd,
    incident_id: uuid.UUID | None = None,
    holder_id: int | None = None,
    link_id: int | None = None,
    lock_ids: Collection[int] | None = None,
) -> list[int]:
    """End every open lock of an incident, a person, an agency's link, or of these; gives their ids.

    Locks: those rows, then the municipalities' counter rows.
    Raises: ValueError when nothing narrows it.
    """
    said = {
        "incident_id": incident_id,
        "holder_id": holder_id,
        "link_id": link_id,
        "pk__in": lock_ids,
    }
    narrowed = {name: value for name, value in said.items() if value is not None}
    if not narrowed:
        raise ValueError("end_locks needs an incident, a person, a link or locks")
    return _end_each(lambda _lock: reason, **narrowed)


def sweep() -> list[int]:
    """End what lapsed and what nobody may hold any more; gives the ids of the ended locks."""
    return _end_each(_why_over)


def _end_each(why: Callable[[PtzLock], PtzEnd | None], **narrowed: Any) -> list[int]:
    ended = []
    with transaction.atomic():
        standing = (
            PtzLock.objects.select_for_update(of=("self",), skip_locked=not narrowed)
            .select_related("holder", "camera__site")
            .filter(ended_at=None, **narrowed)
            .order_by("pk")
        )
        for lock in standing:
            if reason := why(lock):
                _end(lock, reason)
                ended.append(lock)
        for lock in ended:
            _tell(lock)
    return [lock.pk for lock in ended]


def _why_over(lock: PtzLock) -> PtzEnd | None:
    if lock.is_over(timezone.now()):
        return PtzEnd.LAPSED
    return None if hands.may_go_on(lock) else PtzEnd.RIGHT_LOST


def _end(lock: PtzLock, reason: PtzEnd) -> None:
    now = timezone.now()
    close_move(lock, why=str(reason))
    lock.ended_at, lock.end_reason = now, reason
    lock.home_due_at = None if reason == PtzEnd.TAKEN_OVER else now
    lock.save(update_fields=["ended_at", "end_reason", "home_due_at"])
    record(
        "ptz.lock_end",
        lock,
        why=str(reason),
        commands=lock.commands,
        moves=lock.moves,
        presets=lock.presets,
    )


def close_move(lock: PtzLock, *, why: str) -> bool:
    """Write down that a move ended, with how often it was asked for; False: there was none.

    The caller holds the lock's row and sends the camera the stop after its transaction.
    """
    if lock.move_began_at is None:
        return False
    lasted_s = (timezone.now() - lock.move_began_at).total_seconds()
    commands = lock.move_commands
    lock.move_began_at, lock.stop_at, lock.move_commands = None, None, 0
    lock.save(update_fields=["move_began_at", "stop_at", "move_commands"])
    record("ptz.stop", lock, why=why, commands=commands, lasted_s=round(lasted_s, 1))
    return True


def record(action: str, lock: PtzLock, **detail: Any) -> None:
    """Write an act of this lock to the audit record, in the caller's transaction."""
    chain.record(
        action=action,
        subject_kind="camera",
        subject_id=lock.camera_id,
        municipality_id=lock.municipality_id,
        actor_id=lock.holder_id,
        agent=lock.agency,
        reason=lock.reason,
        detail={
            "lock": lock.pk,
            "incident": str(lock.incident_id) if lock.incident_id else None,
            "service": lock.service,
            **({"person": lock.person} if lock.person else {}),
            **detail,
        },
    )


def as_json(lock: PtzLock | None) -> dict[str, Any] | None:
    """Say who holds a camera, as everyone at the desk may know."""
    if lock is None or lock.ended_at is not None:
        return None
    return {
        "id": lock.pk,
        "holder": {"id": lock.holder_id, "name": lock.holder_name},
        "is_agency": lock.link_id is not None,
        "rank": lock.rank,
        "incident_id": str(lock.incident_id) if lock.incident_id else None,
        "reason": lock.reason,
        "until": lock.until.isoformat(),
    }


def _tell(lock: PtzLock, *, taken_from: PtzLock | None = None) -> None:
    """Tell the desk, the loser among them. The counter row comes last."""
    lost = lock if lock.ended_at is not None else taken_from
    journal.append(
        municipality_id=lock.municipality_id,
        kind="camera.ptz",
        subject_kind="camera",
        subject_id=lock.camera_id,
        actor_id=lock.holder_id,
        data={
            "camera": {"id": lock.camera_id, "name": str(lock.camera)},
            "lock": as_json(lock),
            "ended": lost
            and {
                "holder": {"id": lost.holder_id, "name": lost.holder_name},
                "reason": lost.end_reason,
            },
        },
    )
