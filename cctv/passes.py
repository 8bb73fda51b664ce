"""What this process knows of open views: a pass is trusted for CHECK_S, then read again.

Looking and sending are trusted apart: before bytes leave, the view's record says until when they
may (`ViewRecord.sent_until`), so the register claims every second in which something was sent.
"""

import hashlib
import threading
import time
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from cctv.choices import Action
from cctv.models import ViewRecord

CHECK_S = 2.0
QUIET_S = 10.0
# What was let through may lie so long in this machine before it is on the wire.
HANDOVER_S = 1.0
FLUSH_S = 5.0


@dataclass(frozen=True)
class Caller:
    """By what somebody is known who asks, and from where.

    `session_key` is that of a person's session; of an agency's system or a terminal, whatever it
    alone is known by.
    """

    session_key: str
    address: str | None


@dataclass(frozen=True)
class Key:
    """A ticket as this caller presents it; the same ticket from elsewhere is another key.

    So is the same ticket for something else: what opens recorded pictures opens nothing live.
    """

    digest: str
    session_key: str
    address: str | None
    action: str = Action.LIVE


@dataclass
class Pass:
    """An open view, and the bytes sent for it that are not yet written down.

    Times of trust are of the monotonic clock.
    """

    view_id: int
    camera_id: int
    until: float = 0.0
    sends_until: float = 0.0
    unwritten: int = 0
    last_byte_at: datetime | None = None


_passes: dict[Key, Pass] = {}
_guard = threading.Lock()
_flushed_at = [0.0]


def digest(secret: str) -> str:
    """Hash what a viewer alone is known by: tickets and sessions are kept as this only."""
    return hashlib.sha256(secret.encode()).hexdigest()


def key_of(token: str, caller: Caller, action: Action = Action.LIVE) -> Key:
    return Key(digest(token), caller.session_key, caller.address, action)


def known(key: Key, camera_id: int, *, sending: bool = True) -> Pass | None:
    """Give the pass read less than CHECK_S ago, without the database."""
    found = _passes.get(key)
    if found and found.camera_id == camera_id:
        trusted = found.sends_until if sending else found.until
        return found if time.monotonic() < trusted else None
    return None


def renew(key: Key, view: ViewRecord, *, asked_at: float, sending: bool) -> Pass:
    """Trust this view for a while; call it only after its record is committed.

    `asked_at` is the monotonic time before the record was read: trust ends no later than it says.
    """
    with _guard:
        entry = _passes.setdefault(key, Pass(view.pk, view.camera_id))
    write(entry)
    entry.until = asked_at + CHECK_S
    if sending:
        entry.sends_until = entry.until
    return entry


def count(entry: Pass, sent: int) -> None:
    """Add what is about to be sent."""
    with _guard:
        entry.unwritten += sent
        entry.last_byte_at = timezone.now()


def write(entry: Pass) -> None:
    """Write the counted bytes down."""
    with _guard:
        sent, entry.unwritten = entry.unwritten, 0
    if sent:
        ViewRecord.objects.filter(pk=entry.view_id).update(
            bytes_sent=F("bytes_sent") + sent,
            last_byte_at=Greatest("last_byte_at", entry.last_byte_at),
        )


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
                entry.until = entry.sends_until = 0.0


def flush() -> None:
    """Write down and forget the passes whose viewer went quiet."""
    late = time.monotonic() - QUIET_S
    with _guard:
        quiet = [key for key, entry in _passes.items() if entry.until < late]
    for key in quiet:
        forget(key)


def flush_in_time() -> None:
    """Flush when it was not done for a while; whoever asks the database anyway calls this."""
    if time.monotonic() - _flushed_at[0] > FLUSH_S:
        _flushed_at[0] = time.monotonic()
        flush()
