"""Destroy what has had its time, keep within the quota, and bring rows and files into line.

A part is destroyed by deleting its row, which holds its only key; the file goes after the commit.
"""

import shutil
import time
from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from pathlib import Path

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from cctv.choices import PartEnd
from cctv.models import Camera, RecordingPart
from cctv.recordings import vault
from cctv.recordings.container import Kind
from controlroom.audit import chain

log = structlog.get_logger(__name__)
AT_ONCE = 500
# A file whose row is not there yet is being begun; older ones nobody can read.
YOUNG_S = 60.0
EXPIRED, QUOTA, LOST = "expired", "quota", "lost"


def destroy_expired(now: datetime) -> int:
    """Destroy what is kept longer than its time, except under a hold; give how many parts."""
    due = RecordingPart.objects.filter(keep_until__lte=now, ended_at__isnull=False).free(now)
    return _destroy(due.order_by("camera_id", "began_at")[:AT_ONCE], EXPIRED)


def kept_bytes() -> int:
    return RecordingPart.objects.aggregate(all=Sum("bytes"))["all"] or 0


def make_room(now: datetime, *, bytes_over: int) -> int:
    """Destroy the oldest parts that are not held until so many bytes are free; give how many."""
    freed, chosen = 0, []
    oldest = RecordingPart.objects.filter(ended_at__isnull=False).free(now).order_by("began_at")
    for key, size in oldest.values_list("pk", "bytes")[:AT_ONCE]:
        if freed >= bytes_over:
            break
        chosen.append(key)
        freed += size
    return _destroy(RecordingPart.objects.filter(pk__in=chosen).order_by("camera_id"), QUOTA)


def has_room() -> bool:
    """Say whether the disk and the quota take more; what may go is destroyed for it."""
    now = timezone.now()
    vault.root().mkdir(mode=0o700, parents=True, exist_ok=True)
    free = shutil.disk_usage(vault.root()).free
    over = max(
        kept_bytes() - settings.RECORDINGS_QUOTA, settings.RECORDINGS_LEAVE_FREE - free
    )
    if over <= 0:
        return True
    make_room(now, bytes_over=over)
    still_free = shutil.disk_usage(vault.root()).free >= settings.RECORDINGS_LEAVE_FREE
    return still_free and kept_bytes() <= settings.RECORDINGS_QUOTA


def _destroy(parts: Iterable[RecordingPart], why: str) -> int:
    """Destroy parts, a camera at a time; on record by camera and hour.

    Locks: the camera row, as placing a hold does; then its parts.
    """
    gone = 0
    for camera_id, of_camera in groupby(parts, key=lambda part: part.camera_id):
        keys = [part.pk for part in of_camera]
        with transaction.atomic():
            Camera.objects.select_for_update(of=("self",)).get(pk=camera_id)
            rows = RecordingPart.objects.select_for_update(of=("self",)).filter(pk__in=keys)
            still = list(rows.free(timezone.now()).order_by("began_at"))
            paths = [vault.path_of(part) for part in still]
            _on_record(camera_id, still, why)
            RecordingPart.objects.filter(pk__in=[part.pk for part in still]).delete()
        for path in paths:
            _remove(path)
        gone += len(still)
    return gone


def _on_record(camera_id: int, parts: list[RecordingPart], why: str) -> None:
    for hour, of_hour in groupby(
        parts, key=lambda part: part.began_at.replace(minute=0, second=0, microsecond=0)
    ):
        rows = list(of_hour)
        lasted = sum((row.ended_at - row.began_at).total_seconds() for row in rows if row.ended_at)
        chain.record(
            action="recording.destroyed",
            subject_kind="camera",
            subject_id=camera_id,
            municipality_id=rows[0].municipality_id,
            agent="cctv.recordings",
            detail={
                "hour": hour.isoformat(),
                "parts": len(rows),
                "seconds": round(lasted),
                "bytes": sum(row.bytes for row in rows),
                "why": why,
            },
        )


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    try:
        path.parent.rmdir()
    except OSError:
        return  # it holds others


# --- after a death ----------------------------------------------------------------------
def take_up() -> int:
    """Finish the parts that a recorder which died left open, as far as their files go.

    Only the recorder calls this, before it records anything.
    """
    taken = 0
    for part in RecordingPart.objects.filter(ended_at=None).order_by("camera_id"):
        pieces = [frame for frame in vault.frames(part) if frame.kind == Kind.PIECE]
        if not pieces:
            part.ended_at, part.end = part.began_at, PartEnd.KILLED
            _lose([part])
            continue
        part.ended_at = vault.moment(max(frame.ended_ms for frame in pieces))
        part.end, part.bytes = PartEnd.KILLED, pieces[-1].offset + pieces[-1].size
        part.save(update_fields=["ended_at", "end", "bytes"])
        taken += 1
    return taken


def reconcile() -> tuple[int, int]:
    """Remove files without a row, which nobody can read, and rows without a file; give how many."""
    on_disk = {path.stem: path for path in vault.files()}
    rows = RecordingPart.objects.filter(ended_at__isnull=False).order_by("camera_id", "began_at")
    lost = [part for part in rows.iterator() if part.name.hex not in on_disk]
    _lose(lost)
    known = {name.hex for name in RecordingPart.objects.values_list("name", flat=True)}
    strange = [path for name, path in on_disk.items() if name not in known and _is_old(path)]
    for path in strange:
        _remove(path)
    if strange or lost:
        log.warning("recordings_reconciled", files=len(strange), rows=len(lost))
    return len(strange), len(lost)


def _lose(parts: list[RecordingPart]) -> None:
    """Put on record that files are gone that nobody destroyed here."""
    for camera_id, of_camera in groupby(parts, key=lambda part: part.camera_id):
        rows = list(of_camera)
        with transaction.atomic():
            _on_record(camera_id, rows, LOST)
            RecordingPart.objects.filter(pk__in=[part.pk for part in rows]).delete()
        for part in rows:
            _remove(vault.path_of(part))


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > YOUNG_S
    except FileNotFoundError:
        return False
