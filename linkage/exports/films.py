"""The films of a request: kept encrypted, opened by their key, destroyed with it."""

import uuid
from collections.abc import Iterator
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from controlroom.sealing import seal_bytes, unseal_bytes
from linkage.exports import vault
from linkage.models_exports import ExportClip, ExportFilm, ExportRequest, FilmKind


def keep(*, clip: ExportClip, kind: FilmKind, source: Path, length_s: float) -> ExportFilm:
    """Encrypt a plain film and say so in a row; an older one of this kind is destroyed.

    The file is whole before its row is, so a row always has its film. Never in a transaction.
    """
    name = uuid.uuid4()
    kept = vault.keep(source, name=name)
    with transaction.atomic():
        ExportClip.objects.select_for_update(no_key=True).get(pk=clip.pk)
        older = list(ExportFilm.objects.filter(clip=clip, kind=kind, destroyed_at=None))
        forget_keys(older)
        film = ExportFilm.objects.create(
            clip=clip,
            kind=kind,
            name=name,
            sealed_key=seal_bytes(kept.key),
            sha256=kept.sha256,
            bytes=kept.bytes,
            length_s=length_s,
        )
    for one in older:
        vault.remove(one.name)
    return film


def of(export: ExportRequest, kind: FilmKind) -> list[ExportFilm]:
    """Give the films that are there, in the order of the cameras."""
    found = ExportFilm.objects.filter(clip__export=export, kind=kind, destroyed_at=None)
    return list(found.select_related("clip__camera__site").order_by("clip_id"))


def part(film: ExportFilm, *, start: int, length: int) -> bytes:
    """Open a part of a film. Raises: FilmUnreadable, Unavailable."""
    return vault.read(name=film.name, key=_key(film), size=film.bytes, start=start, length=length)


def plain(film: ExportFilm) -> Iterator[bytes]:
    """Open the whole film, a chunk at a time. Raises: FilmUnreadable, Unavailable."""
    return vault.chunks(name=film.name, key=_key(film), size=film.bytes)


def forget_keys(films: list[ExportFilm]) -> None:
    """Destroy the keys of these films; the files are noise from the commit on."""
    ExportFilm.objects.filter(pk__in=[film.pk for film in films], destroyed_at=None).update(
        sealed_key=None, destroyed_at=timezone.now()
    )


def remove_orphans() -> int:
    """Remove the files whose films are destroyed or that never came to be; give how many."""
    folder = vault.folder() / "films"
    files = {path.stem: path for path in folder.glob("*.film")} if folder.is_dir() else {}
    names = [uuid.UUID(hex=stem) for stem in files]
    kept = ExportFilm.objects.filter(name__in=names, destroyed_at=None)
    living = {name.hex for name in kept.values_list("name", flat=True)}
    gone = [
        path
        for stem, path in files.items()
        # One that is being written has no row yet.
        if stem not in living and timezone.now().timestamp() - path.stat().st_mtime > 3600
    ]
    for path in gone:
        path.unlink(missing_ok=True)
    return len(gone)


def _key(film: ExportFilm) -> bytes:
    if film.sealed_key is None:
        raise vault.FilmUnreadable("the film is destroyed")
    return unseal_bytes(film.sealed_key)
