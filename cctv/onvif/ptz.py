"""Moving cameras: every act under a lock, on record before the camera hears of it.

A continuous move lasts a second unless it is asked for again: the camera is told so with each
command, and the sweep stops those that do not listen, also when the browser or a web process died.
The network is never spoken to inside a transaction.
"""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cctv import scoring
from cctv.choices import PtzEnd
from cctv.models import Camera, OnvifDevice, PtzLock
from cctv.onvif import devices, hands, locks, sweeping
from cctv.onvif.aiming import Aim, aim_at, distance_m
from cctv.onvif.hands import Hand, PtzRefused
from cctv.onvif.line import Client
from cctv.onvif.precedence import Outcome
from controlroom.errors import Invalid, Unavailable
from controlroom.municipalities.access import require
from controlroom.municipalities.roles import Right

RENEW_S = 1.0
# A hand's full speed is this share of the camera's: what turns faster shows nothing.
MOST_SPEED = 0.8
AXES = ("pan", "tilt", "zoom")


class NoPtz(Invalid):
    code = "no_ptz"


class CannotAim(Invalid):
    """The camera cannot be turned to the incident; the text says why."""

    code = "ptz_cannot_aim"


def device_of(camera: Camera) -> OnvifDevice:
    """Raises: NoPtz."""
    found: OnvifDevice | None = (
        OnvifDevice.objects.select_related("camera__site")
        .filter(camera=camera, has_ptz=True)
        .first()
    )
    if found is None:
        raise NoPtz(_("this camera cannot be turned from here"))
    return found


def take(
    *, device: OnvifDevice, hand: Hand, incident_id: uuid.UUID | None = None, reason: str = ""
) -> PtzLock:
    """Take the camera; one that is taken from another hand stands still first.

    Raises: as locks.take.
    """
    lock, outcome = locks.take(device=device, hand=hand, incident_id=incident_id, reason=reason)
    if outcome is Outcome.TAKEN_OVER:
        sweeping.quietly(device, devices.stop)
    return lock


def move(*, device: OnvifDevice, hand: Hand, pan: float, tilt: float, zoom: float) -> PtzLock:
    """Move on for a second at these speeds, -1 to 1 of the allowed one.

    The first command of a move is on record before the camera hears it; those that follow are
    counted on the lock. Whoever lost the lock while the camera was told stops it again.
    Locks: the lock's row.
    Raises: PtzLockMissing, Unavailable.
    """
    now = timezone.now()
    with transaction.atomic():
        lock = locks.held(device, hand)
        if lock.move_began_at is None:
            lock.move_began_at, lock.move_commands = now, 0
            lock.moves += 1
            locks.record("ptz.move", lock, pan=pan, tilt=tilt, zoom=zoom)
        lock.move_commands += 1
        lock.commands += 1
        lock.stop_at = now + timedelta(seconds=RENEW_S)
        lock.save(update_fields=["move_began_at", "move_commands", "moves", "commands", "stop_at"])
    speeds = [max(-1.0, min(1.0, speed)) * MOST_SPEED for speed in (pan, tilt, zoom)]
    try:
        devices.ask(
            device,
            lambda client: client.ptz_continuous_move(
                profile_token=device.main_token,
                pan=speeds[0],
                tilt=speeds[1],
                zoom=speeds[2],
                timeout=f"PT{RENEW_S:.0f}S",
            ),
        )
    except Unavailable as refusal:
        _failed(lock, "move", refusal)
        raise
    _make_good(device, lock, moving=True)
    return lock


def _make_good(device: OnvifDevice, lock: PtzLock, *, moving: bool) -> None:
    """Take back what reached the camera after its lock had ended, or its move been stopped."""
    fresh = PtzLock.objects.get(pk=lock.pk)
    if fresh.ended_at is None and (not moving or fresh.stop_at is not None):
        return
    if moving and not sweeping.quietly(device, devices.stop):
        sweeping.stop_again(lock)
    PtzLock.objects.filter(pk=lock.pk, ended_at__isnull=False).exclude(
        end_reason=PtzEnd.TAKEN_OVER
    ).update(home_due_at=timezone.now())


def stop(*, device: OnvifDevice, hand: Hand) -> PtzLock:
    """Stop now. Locks: the lock's row. Raises: PtzLockMissing, Unavailable."""
    with transaction.atomic():
        lock = locks.held(device, hand)
        locks.close_move(lock, why="stopped")
    try:
        devices.stop(device)
    except Unavailable as refusal:
        sweeping.stop_again(lock)
        _failed(lock, "stop", refusal)
        raise
    return lock


def go_to(*, device: OnvifDevice, hand: Hand, aim: Aim) -> PtzLock:
    """Turn and zoom to a place in the camera's own numbers."""
    limits = devices.limits_of(device)
    for axis in AXES:
        if not getattr(limits, axis).holds(getattr(aim, axis)):
            raise Invalid(
                _("the camera cannot turn that far"), fields={axis: [_("out of its range")]}
            )
    return _act(device, hand, "absolute", _to(device, aim), pan=aim.pan, tilt=aim.tilt,
                zoom=aim.zoom)  # fmt: skip


def to_preset(*, device: OnvifDevice, hand: Hand, token: str) -> PtzLock:
    return _act(
        device,
        hand,
        "preset",
        lambda client: client.ptz_goto_preset(profile_token=device.main_token, preset_token=token),
        preset=token,
    )


def home(*, device: OnvifDevice, hand: Hand) -> PtzLock:
    return _act(device, hand, "home", devices.homeward(device))


def cue(*, device: OnvifDevice, hand: Hand) -> PtzLock:
    """Turn to the incident of the lock.

    Raises: CannotAim without a place, a calibration or the reach; PtzLockMissing, Unavailable.
    """
    with transaction.atomic():
        lock = locks.held(device, hand)
    aim = _aim(device, lock)
    return _act(device, hand, "cue", _to(device, aim), pan=aim.pan, tilt=aim.tilt, zoom=aim.zoom)


def _aim(device: OnvifDevice, lock: PtzLock) -> Aim:
    mount = devices.mount_of(device)
    if mount is None:
        raise CannotAim(_("nobody has said yet where this camera looks at pan 0"))
    occasion = lock.incident_id and hands.occasion(lock.incident_id, device.camera)
    if not occasion or occasion.place is None:
        raise CannotAim(_("the place of the incident is not known"))
    here = device.camera.site.location
    lon, lat = occasion.place
    aim = aim_at(
        bearing_deg=scoring.bearing_deg(here.x, here.y, lon, lat),
        distance_m=distance_m(here.x, here.y, lon, lat),
        scene_m=2 * occasion.error_radius_m,
        mount=mount,
        limits=devices.limits_of(device),
    )
    if aim is None:
        raise CannotAim(_("the camera cannot turn to that side"))
    return aim


def presets(device: OnvifDevice) -> list[dict[str, str]]:
    """Ask the camera for its presets. Raises: Unavailable."""
    found = devices.ask(
        device, lambda client: client.ptz_get_presets(profile_token=device.main_token)
    )
    return [
        {"token": str(one["token"])[:64], "name": str(one["name"] or one["token"])[:80]}
        for one in found[:64]
        if one["token"]
    ]


def position(device: OnvifDevice) -> str:
    """Ask the camera where it looks, in its own numbers. Raises: Unavailable."""
    said = devices.ask(
        device, lambda client: client.ptz_get_status(profile_token=device.main_token)
    )
    return ", ".join(f"{axis} {said[axis]:.3f}" for axis in AXES if axis in said)


def keep_preset(*, device: OnvifDevice, hand: Hand, name: str, token: str = "") -> str:
    """Keep where the camera looks now as a preset; needs the right to set and the lock.

    Raises: NotAllowed, PtzLockMissing, Unavailable.
    """
    _require_setting(device, hand)
    kept: list[str] = []
    _act(
        device,
        hand,
        "preset_kept",
        lambda client: kept.append(
            client.ptz_set_preset(
                profile_token=device.main_token, preset_name=name, preset_token=token
            )
        ),
        preset=token,
        name=name,
    )
    return kept[0]


def keep_home(*, device: OnvifDevice, hand: Hand) -> PtzLock:
    """Keep where the camera looks now as its home. Raises: as keep_preset."""
    _require_setting(device, hand)
    return _act(
        device,
        hand,
        "home_kept",
        lambda client: client.ptz_set_home_position(profile_token=device.main_token),
    )


def _require_setting(device: OnvifDevice, hand: Hand) -> None:
    if hand.user is None or hand.link_id is not None:
        raise PtzRefused(_("an agency keeps no presets"), fields={"rule": ["agency_sets_nothing"]})
    require(hand.user, device.municipality_id, Right.PTZ_SET)


def release(*, device: OnvifDevice, hand: Hand) -> PtzLock:
    """Let go; the camera goes home now, or as soon as it answers again."""
    lock = locks.release(device=device, hand=hand)
    sweeping.return_homes([lock.pk])
    return lock


def _act(
    device: OnvifDevice,
    hand: Hand,
    act: str,
    work: Callable[[Client], object],
    **detail: Any,
) -> PtzLock:
    with transaction.atomic():
        lock = locks.held(device, hand)
        locks.close_move(lock, why=act)
        lock.commands += 1
        lock.presets += act == "preset"
        lock.save(update_fields=["commands", "presets"])
        locks.record(f"ptz.{act}", lock, **detail)
    try:
        devices.ask(device, work)
    except Unavailable as refusal:
        _failed(lock, act, refusal)
        raise
    _make_good(device, lock, moving=False)
    return lock


def _failed(lock: PtzLock, act: str, refusal: Unavailable) -> None:
    """Put on record that the camera did not do what is on record already."""
    with transaction.atomic():
        fresh = PtzLock.objects.select_for_update(of=("self",)).get(pk=lock.pk)
        locks.close_move(fresh, why=refusal.code)
        locks.record("ptz.failed", fresh, act=act, why=refusal.code)


def _to(device: OnvifDevice, aim: Aim) -> Callable[[Client], object]:
    return lambda client: client.ptz_absolute_move(
        profile_token=device.main_token, pan=aim.pan, tilt=aim.tilt, zoom=aim.zoom
    )
