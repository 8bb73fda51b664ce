"""Films at rest: encrypted in chunks under a key of their own, so that any part opens by itself.

AES-256-GCM. The number of a chunk is its nonce, for no key writes two files; the film's name, the
number and whether it is the last are authenticated with it, so that nothing can be cut off, put
elsewhere or exchanged. A film without its key is noise: destroying the key destroys the film.
"""

import hashlib
import os
import struct
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from controlroom.errors import Unavailable

MAGIC = b"CRFILM1\n"
CHUNK = 1 << 20
_TAG = 16
_ABOUT = struct.Struct(">QB")


class FilmUnreadable(Unavailable):
    """The file is not there, was changed, or its key is another's."""

    code = "film_unreadable"


@dataclass(frozen=True)
class Kept:
    """A film as it was written. Of its plain bytes: hash and size."""

    key: bytes
    sha256: str
    bytes: int


def folder() -> Path:
    return Path(settings.STATE_DIR) / "exports"


def path_of(name: uuid.UUID) -> Path:
    return folder() / "films" / f"{name.hex}.film"


def keep(source: Path, *, name: uuid.UUID) -> Kept:
    """Encrypt the plain film to its place, whole and on the disk before this returns.

    Raises: OSError.
    """
    target = path_of(name)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = AESGCM.generate_key(256)
    cipher, digest, size = AESGCM(key), hashlib.sha256(), source.stat().st_size
    last = max(0, (size - 1) // CHUNK)
    with source.open("rb") as plain, _private(target) as sealed:
        sealed.write(MAGIC)
        for number in range(last + 1):
            chunk = plain.read(CHUNK)
            digest.update(chunk)
            sealed.write(cipher.encrypt(_nonce(number), chunk, _about(name, number, last)))
        sealed.flush()
        os.fsync(sealed.fileno())
    return Kept(key, digest.hexdigest(), size)


def read(*, name: uuid.UUID, key: bytes, size: int, start: int, length: int) -> bytes:
    """Open a part of the film. Raises: FilmUnreadable."""
    end = min(start + length, size)
    last = max(0, (size - 1) // CHUNK)
    first, until = start // CHUNK, max(0, end - 1) // CHUNK
    cipher, parts = AESGCM(key), []
    try:
        with path_of(name).open("rb") as sealed:
            sealed.seek(len(MAGIC) + first * (CHUNK + _TAG))
            for number in range(first, until + 1):
                chunk = sealed.read(CHUNK + _TAG)
                parts.append(cipher.decrypt(_nonce(number), chunk, _about(name, number, last)))
    except (OSError, InvalidTag) as error:
        raise FilmUnreadable("the film cannot be opened") from error
    offset = start - first * CHUNK
    return b"".join(parts)[offset : offset + end - start]


def chunks(*, name: uuid.UUID, key: bytes, size: int) -> Iterator[bytes]:
    """Open the whole film, a chunk at a time. Raises: FilmUnreadable."""
    for start in range(0, size, CHUNK):
        yield read(name=name, key=key, size=size, start=start, length=CHUNK)


def remove(name: uuid.UUID) -> None:
    """Remove the file; its key is what counts, so one that is away already is no harm."""
    path_of(name).unlink(missing_ok=True)


def _private(path: Path):  # type: ignore[no-untyped-def]  # a binary file
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return os.fdopen(descriptor, "wb")


def _nonce(number: int) -> bytes:
    return number.to_bytes(12)


def _about(name: uuid.UUID, number: int, last: int) -> bytes:
    return name.bytes + _ABOUT.pack(number, number == last)
