"""What this process knows of open views: a pass is trusted for CHECK_S, then read again."""

import threading
import time
from dataclasses import dataclass

from django.db.models import F

from cctv.models import ViewRecord

CHECK_S = 2.0
QUIET_S = 10.0


@dataclass(frozen=True)
class Key:
    """A ticket as this caller presents it; the same ticket from elsewhere is another key."""

    digest: str
    session_key: str
    address: str | None


@dataclass
class Pass:
    """An open view, and the bytes sent for it that are not yet written down."""

    view_id: int
    camera_id: int
    until: float = 0.0
    unwritten: int = 0


_passes: dict[Key, Pass] = {}
_guard = threading.Lock()


def known(key: Key, camera_id: int) -> Pass | None:
    """Give the pass read less than CHECK_S ago, without the database."""
    found = _passes.get(key)
    if found and found.camera_id == camera_id and time.monotonic() < found.until:
        return found
    return None


def renew(key: Key, view: ViewRecord) -> Pass:
    """Trust this view for a while; call it only after its record is committed."""
    with _guard:
        entry = _passes.setdefault(key, Pass(view.pk, view.camera_id))
    write(entry)
    entry.until = time.monotonic() + CHECK_S
    return entry


def count(entry: Pass, sent: int) -> None:
    """Add what is about to be sent."""
    with _guard:
        entry.unwritten += sent


def write(entry: Pass) -> None:
    """Write the counted bytes down."""
    with _guard:
        sent, entry.unwritten = entry.unwritten, 0
    if sent:
        ViewRecord.objects.filter(pk=entry.view_id).update(bytes_sent=F("bytes_sent") + sent)


def forget(key: Key) -> None:
    with _guard:
        gone = _passes.pop(key, None)
    if gone:
        write(gone)


def distrust(view_ids: set[int]) -> None:
    """Make this process read these views again before it sends anything more."""
    with _guard:
        for entry in _passes.values():
            if entry.view_id in view_ids:
                entry.until = 0.0


def flush() -> None:
    """Write down and forget the passes whose viewer went quiet."""
    late = time.monotonic() - QUIET_S
    with _guard:
        quiet = [key for key, entry in _passes.items() if entry.until < late]
    for key in quiet:
        forget(key)
