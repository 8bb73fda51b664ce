"""The stored cameras that speak ONVIF: their access is encrypted here and opened for the line."""

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from cctv.models import OnvifDevice
from cctv.onvif.aiming import Limits, Mount, Range
from cctv.onvif.line import Access, CameraCannot, Client, understood
from controlroom import sealing
from controlroom.errors import Unavailable

# A line is kept open for so long, so that a joystick's words need no new sign-in each.
KEPT_S = 300.0
MOST_KEPT = 64

Given = TypeVar("Given")
_kept: OrderedDict[tuple[int, bytes], tuple[float, Client]] = OrderedDict()
_guard = threading.Lock()


def seal(access: Access) -> bytes:
    """Encrypt what a camera is reached by."""
    plain = {
        "url": access.url,
        "user": access.user,
        "password": access.password,
        "services": access.services,
        "clock_offset_s": access.clock_offset_s,
    }
    return sealing.seal(json.dumps(plain))


def access_of(device: OnvifDevice) -> Access:
    """Open what a camera is reached by. Raises: CameraCannot when no key opens it."""
    try:
        return Access(**json.loads(sealing.unseal(device.access_secret)))
    except Unavailable:
        raise CameraCannot(_("no key opens the access of this camera")) from None


def ask(device: OnvifDevice, work: Callable[[Client], Given]) -> Given:
    """Do one thing over the kept line to a camera.

    Raises: what cctv.onvif.line names; a line that failed is not kept.
    """
    key = (device.pk, bytes(device.access_secret))
    client = _line(key, device)
    try:
        with understood():
            return work(client)
    except Exception:
        _drop(key)
        raise


def stop(device: OnvifDevice) -> None:
    """Let the camera stand still. Raises: as ask."""
    ask(device, lambda client: client.ptz_stop(profile_token=device.main_token))


def homeward(device: OnvifDevice) -> Callable[[Client], object]:
    """Give what turns the camera home, for ask."""
    if device.home_preset:
        return lambda client: client.ptz_goto_preset(
            profile_token=device.main_token, preset_token=device.home_preset
        )
    return lambda client: client.ptz_goto_home_position(profile_token=device.main_token)


def go_home(device: OnvifDevice) -> None:
    """Turn the camera home. Raises: as ask."""
    ask(device, homeward(device))


def _line(key: tuple[int, bytes], device: OnvifDevice) -> Client:
    now = time.monotonic()
    with _guard:
        found = _kept.get(key)
        if found is not None and now - found[0] < KEPT_S:
            _kept.move_to_end(key)
            return found[1]
    fresh = Client(access_of(device))
    _drop(key)
    with _guard:
        _kept[key] = (now, fresh)
        over = [_kept.popitem(last=False)[1][1] for _ in range(len(_kept) - MOST_KEPT)]
    for client in over:
        client.close()
    return fresh


def _drop(key: tuple[int, bytes]) -> None:
    with _guard:
        _at, client = _kept.pop(key, (0.0, None))
    if client is not None:
        client.close()


def hang_up() -> None:
    """Close every kept line."""
    for key in list(_kept):
        _drop(key)


@contextmanager
def listening(device: OnvifDevice, *, wait_s: float) -> Iterator[Client]:
    """Open a line of its own that may wait for events."""
    with Client(access_of(device), wait_s=wait_s) as client:
        yield client


def limits_of(device: OnvifDevice) -> Limits:
    usual = Limits()
    said: dict[str, Any] = device.limits
    return Limits(
        *(
            Range(*said[axis]) if axis in said else getattr(usual, axis)
            for axis in ("pan", "tilt", "zoom")
        )
    )


def mount_of(device: OnvifDevice) -> Mount | None:
    """Give how its numbers lie in the world, or None while nobody has said."""
    if device.zero_deg is None:
        return None
    return Mount(
        zero_deg=device.zero_deg,
        deg_per_pan=device.deg_per_pan,
        level_tilt=device.level_tilt,
        deg_per_tilt=device.deg_per_tilt,
        height_m=device.height_m,
        wide_deg=device.wide_deg,
        zoom_times=device.zoom_times,
    )
