"""What no hand does any more: moves that nobody renews are stopped, cameras go home.

It happens whoever died, and is tried again until the camera has heard it.
"""

from collections.abc import Callable
from datetime import timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from cctv.models import OnvifDevice, PtzLock
from cctv.onvif import devices, locks
from controlroom.errors import Invalid, Unavailable

log = structlog.get_logger(__name__)

STOP_AGAIN_S = 1.0
HOME_AGAIN_S = (2, 5, 15, 60, 300)


def sweep() -> None:
    """Stop moves that nobody renews, end locks that are over, bring cameras home.

    Every process may call it at any time: a row is one sweep's until its transaction ends.
    """
    stop_overdue()
    locks.sweep()
    return_homes()


def stop_overdue() -> None:
    """Stop the moves that nobody renewed within their second."""
    for lock in _overdue_moves():
        device = _device(lock)
        if device is not None and not quietly(device, devices.stop):
            stop_again(lock)


def stop_again(lock: PtzLock) -> None:
    """Let the sweep try to stop a camera that did not hear it, until it does or the lock ends."""
    again_at = timezone.now() + timedelta(seconds=STOP_AGAIN_S)
    PtzLock.objects.filter(pk=lock.pk, ended_at=None, stop_at=None).update(stop_at=again_at)


def _overdue_moves() -> list[PtzLock]:
    with transaction.atomic():
        overdue = list(
            PtzLock.objects.select_for_update(of=("self",), skip_locked=True).filter(
                stop_at__lte=timezone.now(), ended_at=None
            )
        )
        for lock in overdue:
            if not locks.close_move(lock, why="not_renewed"):
                lock.stop_at = None
                lock.save(update_fields=["stop_at"])
    return overdue


def return_homes(lock_ids: list[int] | None = None) -> int:
    """Bring the cameras home that owe it; each failed try waits longer, none is given up."""
    done = 0
    for lock in _claim_homes(lock_ids):
        device = _device(lock)
        if device is not None and not quietly(device, devices.go_home):
            continue
        with transaction.atomic():
            PtzLock.objects.filter(pk=lock.pk).update(home_due_at=None)
            if device is not None:
                locks.record("ptz.home_returned", lock, tries=lock.home_tries)
        done += 1
    return done


def _claim_homes(lock_ids: list[int] | None) -> list[PtzLock]:
    now = timezone.now()
    with transaction.atomic():
        due = PtzLock.objects.select_for_update(of=("self",), skip_locked=True).filter(
            home_due_at__lte=now
        )
        if lock_ids is not None:
            due = due.filter(pk__in=lock_ids)
        claimed = list(due)
        for lock in claimed:
            wait_s = HOME_AGAIN_S[min(lock.home_tries, len(HOME_AGAIN_S) - 1)]
            lock.home_tries += 1
            lock.home_due_at = now + timedelta(seconds=wait_s)
            lock.save(update_fields=["home_tries", "home_due_at"])
    return claimed


def _device(lock: PtzLock) -> OnvifDevice | None:
    """None: it was taken out of the register, and nothing is owed any more."""
    found: OnvifDevice | None = OnvifDevice.objects.filter(camera_id=lock.camera_id).first()
    return found


def quietly(device: OnvifDevice, work: Callable[[OnvifDevice], object]) -> bool:
    """Do it if the camera answers; who calls tries again otherwise."""
    try:
        work(device)
    except (Unavailable, Invalid) as refusal:
        log.warning("ptz_unanswered", camera=device.camera_id, why=refusal.code)
        return False
    return True
