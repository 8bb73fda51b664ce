"""The machine's part: extract each camera's film, look for faces and plates, burn the masks in.

One worker holds a request by a lease that its progress renews. What it finished is committed film
by film, so whoever comes after a killed one goes on from there, and does nothing twice. Plain films
lie in a folder of the lease, for as long as a machine works on them.
"""

import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from cctv.masking import jobs as masking
from cctv.masking.boxes import Box
from cctv.recordings.errors import RecordingMissing
from cctv.recordings.extraction import extract
from controlroom.errors import DomainError
from incidents.features import moment
from linkage.exports import films, vault
from linkage.exports.states import State, Verb
from linkage.exports.telling import locked, saved, step
from linkage.models import ExportRequest
from linkage.models_exports import ExportClip, FilmKind

log = structlog.get_logger(__name__)
LEASE = timedelta(seconds=60)
RENEWED_EVERY_S = 2.0
# After so many tries it has failed, and a person is told.
TRIES = 4
AGAIN = timedelta(seconds=20)


class LeaseLost(Exception):
    """Another worker has taken the request over, or a person has ended it."""


def due() -> list[int]:
    """Give the requests that wait for a machine."""
    now = timezone.now()
    found = ExportRequest.objects.unworked(now).order_by("next_try_at", "pk")
    return list(found.values_list("pk", flat=True)[:50])


def work(*, export_id: int) -> bool:
    """Take the request up where the last worker left it; False when there is nothing to do.

    Never in a transaction.
    """
    lease = uuid.uuid4()
    export = _taken(export_id, lease)
    if export is None:
        return False
    folder = vault.folder() / "work" / lease.hex
    folder.mkdir(mode=0o700, parents=True)
    hand = _Hand(export, lease, folder)
    try:
        if export.state == State.EXTRACTING:
            _extract(hand)
        else:
            _mask(hand)
    except LeaseLost:
        log.warning("export_lease_lost", export=export.pk)
    except (DomainError, OSError) as error:
        _failed(hand, error)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return True


class _Hand:
    """One worker at one request."""

    def __init__(self, export: ExportRequest, lease: uuid.UUID, folder: Path) -> None:
        self.export, self.lease, self.folder = export, lease, folder
        self._renewed_at = time.monotonic()

    def progress(
        self, done: float, among: int, *, share: tuple[float, float]
    ) -> Callable[[float], None]:
        """Give what a step of one film calls with its 0 to 1; it renews the lease."""
        low, high = share

        def note(part: float) -> None:
            if time.monotonic() - self._renewed_at >= RENEWED_EVERY_S or part in {0.0, 1.0}:
                self.renew((done + low + (high - low) * part) / among)

        return note

    def renew(self, progress: float) -> None:
        """Raises: LeaseLost."""
        self._renewed_at = time.monotonic()
        renewed = ExportRequest.objects.filter(pk=self.export.pk, lease=self.lease).update(
            lease_until=timezone.now() + LEASE, progress=min(1.0, progress)
        )
        if not renewed:
            raise LeaseLost

    @contextmanager
    def last_word(self) -> Iterator[ExportRequest]:
        """Lock the request for the step that ends this work. Raises: LeaseLost."""
        with transaction.atomic():
            export = locked(self.export)
            if export.lease != self.lease:
                raise LeaseLost
            export.lease = export.lease_until = None
            yield export


@transaction.atomic
def _taken(export_id: int, lease: uuid.UUID) -> ExportRequest | None:
    """Take the request, unless another holds it or it waits for nobody."""
    now = timezone.now()
    free = ExportRequest.objects.unworked(now).filter(pk=export_id)
    row = free.select_for_update(no_key=True, skip_locked=True).first()
    if row is None:
        return None
    export = locked(row)
    export.lease, export.lease_until = lease, now + LEASE
    if export.state == State.APPROVED:
        step(export, Verb.BEGIN)
        export.tries, export.progress, export.error = 0, 0.0, ""
        saved(export, "export.extracting", agent="linkage.exports")
    else:
        export.save()
    return export


def _clips(export: ExportRequest) -> list[ExportClip]:
    return list(export.clips.select_related("camera").order_by("pk"))


def _extract(hand: _Hand) -> None:
    clips = _clips(hand.export)
    for index, clip in enumerate(clips):
        if not clip.is_missing and not _has(clip, FilmKind.ORIGINAL):
            _extract_one(hand, clip, index, len(clips))
        if not clip.is_missing and clip.found is None:
            _detect_one(hand, clip, index, len(clips))
        hand.renew((index + 1) / len(clips))
    with hand.last_word() as export:
        missing = all(clip.is_missing for clip in clips)
        step(export, Verb.LAPSE if missing else Verb.EXTRACT)
        export.reason = "video" if missing else ""
        export.tries, export.error, export.progress = 0, "", 1.0
        action = "export.lapsed" if missing else "export.extracted"
        films_there = [] if missing else films.of(export, FilmKind.ORIGINAL)
        saved(
            export,
            action,
            agent="linkage.exports",
            reason=export.reason,
            films=[{"camera": one.clip.camera_id, "sha256": one.sha256} for one in films_there],
            missing=[clip.camera_id for clip in clips if clip.is_missing],
        )


def _has(clip: ExportClip, kind: FilmKind) -> bool:
    return bool(clip.films.filter(kind=kind, destroyed_at=None).exists())


def _extract_one(hand: _Hand, clip: ExportClip, index: int, among: int) -> None:
    to = hand.folder / f"{clip.pk}.mp4"
    try:
        made = extract(
            camera_id=clip.camera_id,
            since=hand.export.since,
            until=hand.export.until,
            to=to,
            progress=hand.progress(index, among, share=(0.0, 0.3)),
        )
    except RecordingMissing:
        clip.is_missing = True
        clip.save(update_fields=["is_missing"])
        return
    gone_s = sum((until - since).total_seconds() for since, until in made.gaps)
    hand.renew((index + 0.3) / among)
    films.keep(
        clip=clip,
        kind=FilmKind.ORIGINAL,
        source=to,
        length_s=max(0.0, (made.ended_at - made.began_at).total_seconds() - gone_s),
    )
    clip.began_at, clip.ended_at = made.began_at, made.ended_at
    clip.gaps = [[moment(since), moment(until)] for since, until in made.gaps]
    clip.save(update_fields=["began_at", "ended_at", "gaps"])
    to.unlink()


def _detect_one(hand: _Hand, clip: ExportClip, index: int, among: int) -> None:
    source = _laid_out(hand, clip)
    found = masking.detect(source, progress=hand.progress(index, among, share=(0.3, 1.0)))
    source.unlink()
    rows = [asdict(box) for box in found]
    # What a person wrote meanwhile stays: nobody can, before the request is extracted.
    clip.found = clip.boxes = rows
    clip.save(update_fields=["found", "boxes"])


def _laid_out(hand: _Hand, clip: ExportClip) -> Path:
    """Write the plain film where the machine can read it."""
    film = clip.films.get(kind=FilmKind.ORIGINAL, destroyed_at=None)
    source = hand.folder / f"{clip.pk}-original.mp4"
    source.touch(mode=0o600)
    with source.open("wb") as file:
        for chunk in films.plain(film):
            file.write(chunk)
    return source


def _mask(hand: _Hand) -> None:
    clips = [clip for clip in _clips(hand.export) if not clip.is_missing]
    for index, clip in enumerate(clips):
        if not _has(clip, FilmKind.MASKED):
            source, to = _laid_out(hand, clip), hand.folder / f"{clip.pk}-masked.mp4"
            unmasked = hand.export.unmasked_basis_id is not None
            made = masking.mask(
                source,
                boxes=[] if unmasked else [Box(**row) for row in clip.boxes or []],
                to=to,
                watermark=watermark(hand.export),
                progress=hand.progress(index, len(clips), share=(0.0, 1.0)),
            )
            hand.renew((index + 1) / len(clips))
            length_s = made.ended_s - made.began_s
            films.keep(clip=clip, kind=FilmKind.MASKED, source=to, length_s=length_s)
            source.unlink()
            to.unlink()
    with hand.last_word() as export:
        step(export, Verb.FINISH_MASK)
        export.tries, export.error, export.progress = 0, "", 1.0
        made_films = films.of(export, FilmKind.MASKED)
        saved(
            export,
            "export.masked",
            agent="linkage.exports",
            films=[{"camera": one.clip.camera_id, "sha256": one.sha256} for one in made_films],
        )


def watermark(export: ExportRequest) -> str:
    """Say in the picture whose copy it is."""
    return f"{export.link.agency.name_ko} {export.number}"


def _failed(hand: _Hand, error: Exception) -> None:
    """Try again later; after the last try say so to people."""
    code = error.code if isinstance(error, DomainError) else type(error).__name__
    log.warning("export_failed", export=hand.export.pk, error=code)
    try:
        with hand.last_word() as export:
            export.tries += 1
            export.error = code
            export.next_try_at = timezone.now() + AGAIN * export.tries
            if export.tries < TRIES:
                export.save()
                return
            is_mask = export.state == State.MASKING
            step(export, Verb.GIVE_BACK if is_mask else Verb.FAIL)
            export.tries = 0
            action = "export.mask_failed" if is_mask else "export.failed"
            saved(export, action, agent="linkage.exports", reason=code)
    except LeaseLost:
        log.warning("export_lease_lost", export=hand.export.pk)


def clear_dead() -> int:
    """Remove what killed workers left lying in plain; give how many folders."""
    root = vault.folder() / "work"
    if not root.is_dir():
        return 0
    living = ExportRequest.objects.filter(Q(lease__isnull=False), lease_until__gt=timezone.now())
    leases = {lease.hex for lease in living.values_list("lease", flat=True)}
    dead = [folder for folder in root.iterdir() if folder.name not in leases]
    for folder in dead:
        shutil.rmtree(folder, ignore_errors=True)
    return len(dead)
