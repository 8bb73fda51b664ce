"""Export the signed heads of the audit chains every minute, and find what was not exported.

The auditor does it, since it needs neither Celery nor Redis. What it exported it remembers itself:
the database may be the liar. A new auditor reads it from its folder of anchors.
"""

import os
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from controlroom.audit import anchors
from controlroom.audit.anchors import Head
from controlroom.audit.models_chain import ChainLink, ChainState
from controlroom.audit.walking import Fault
from linkage import transport
from linkage.watch.findings import Finding

UNANCHORED, BROKEN = "audit.unanchored", "audit.broken"
EVERY_S = 60.0
POST_TIMEOUT_S = 5.0
PATIENCE = timedelta(minutes=5)

log = structlog.get_logger(__name__)


class Anchoring:
    """The heads that one auditor has exported, and when it has to do it again."""

    def __init__(self) -> None:
        self._exported: dict[int, Head] | None = None
        self._whole_on: date | None = None
        self._due = float("-inf")

    def turn(self) -> None:
        """Export if it is time; what fails is tried again at the next round, and rings in time."""
        if time.monotonic() < self._due:
            return
        try:
            self.export()
        except (OSError, transport.TransportError, DatabaseError) as error:
            log.error("audit_unanchored", error=str(error) or type(error).__name__)
        else:
            self._due = time.monotonic() + EVERY_S

    def export(self) -> None:
        """Sign the heads that moved and hand them to every place; the day's first export has all.

        Raises: OSError, TransportError when a place did not take them.
        """
        folder, address = settings.AUDIT_ANCHOR_DIR, settings.AUDIT_ANCHOR_URL
        if not folder and not address:
            return
        if self._exported is None:
            self._exported = _last_exported(Path(folder)) if folder else {}
        for head in self._exported.values():
            if not anchors.holds(head):
                _note_fault(head)
        now, heads = timezone.now(), anchors.heads()
        moved = [head for head in heads.values() if self._exported.get(head.chain) != head]
        today = timezone.localdate(now)
        whole = list(heads.values()) if self._whole_on != today else moved
        if whole:
            line = anchors.write(heads=whole, at=now, seed=settings.AUDIT_KEY)
            if folder:
                _append(Path(folder), today, line)
            if address:
                transport.hand_in(address, body=line, timeout_s=POST_TIMEOUT_S)
        self._exported, self._whole_on = heads, today
        _keep(whole, now)


def _append(folder: Path, today: date, line: str) -> None:
    """Add the line to the day's file; it is on the disk when this returns."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"audit-anchors-{today:%Y-%m-%d}{anchors.SUFFIX}"
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        data = f"{line}\n".encode()
        if os.write(descriptor, data) != len(data):
            raise OSError(f"{path}: not written whole")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _last_exported(folder: Path) -> dict[int, Head]:
    """Read what was exported last from the newest files: each begins with every chain."""
    found: dict[int, Head] = {}
    keys = [anchors.public_key(settings.AUDIT_KEY)]
    for file in sorted(folder.glob(f"*{anchors.SUFFIX}"))[-2:]:
        for anchor in anchors.read(path=file, keys=keys):
            if anchor.is_genuine:
                found |= {head.chain: head for head in anchor.heads}
    return found


def _keep(heads: list[Head], at: datetime) -> None:
    ChainState.objects.bulk_create(
        [
            ChainState(chain=head.chain, anchored_number=head.number, anchored_at=at)
            for head in heads
        ],
        update_conflicts=True,
        unique_fields=["chain"],
        update_fields=["anchored_number", "anchored_at"],
    )


def _note_fault(head: Head) -> None:
    """Let it ring until a verification with the anchors finds the chain whole."""
    log.critical("audit_chain_rewritten", chain=head.chain, number=head.number)
    state, _is_new = ChainState.objects.get_or_create(chain=head.chain)
    if str(Fault.REWRITTEN) not in state.fault.split():
        state.fault = f"{state.fault} {Fault.REWRITTEN}".strip()
        state.save(update_fields=["fault"])


def unanchored() -> Iterator[Finding]:
    """Find chains with a record that has not been exported for too long."""
    now = timezone.now()
    for head in anchors.heads().values():
        state = ChainState.objects.filter(chain=head.chain).first()
        exported = state.anchored_number if state else 0
        oldest = (
            ChainLink.objects.filter(chain=head.chain, number__gt=exported)
            .order_by("number")
            .values_list("sealed_at", flat=True)
            .first()
        )
        if oldest is not None and now - oldest > PATIENCE:
            detail = {"waiting_s": round((now - oldest).total_seconds())}
            yield Finding(UNANCHORED, head.chain or None, "chain", "", detail)


def broken() -> Iterator[Finding]:
    for state in ChainState.objects.exclude(fault=""):
        detail = {"fault": state.fault.split()}
        yield Finding(BROKEN, state.chain or None, "chain", "", detail)
