"""The file of a recording: pieces one behind the other, each encrypted by itself. Knows no Django.

Each file has a key of its own, so that the number of a frame in it can be its nonce, and what a
frame says of itself in plain (kind, time, length) is authenticated with it. A file is only ever
appended to; whoever is killed in the middle of a frame leaves a tail that nobody reads.
"""

import os
import struct
import uuid
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"CRREC1\r\n"
_HEAD = struct.Struct(">BQII")
# A second of the sharpest camera is a few megabytes; a longer frame is a torn or foreign file.
_LONGEST = 64_000_000


class Kind(IntEnum):
    INIT = 1  # what a decoder reads before the first piece
    PIECE = 2


@dataclass(frozen=True)
class Frame:
    """One piece in a file. Units: milliseconds since 1970 (UTC), and of length."""

    kind: Kind
    began_ms: int
    length_ms: int
    number: int
    offset: int
    size: int

    @property
    def ended_ms(self) -> int:
        return self.began_ms + self.length_ms


def new_key() -> bytes:
    return AESGCM.generate_key(256)


def _nonce(number: int) -> bytes:
    return number.to_bytes(12)


class Writer:
    """Appends to one new file. After an error it is closed: nothing is written behind a torn frame.

    Raises: FileExistsError, OSError.
    """

    def __init__(self, path: Path, *, name: uuid.UUID, key: bytes) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._cipher = AESGCM(key)
        self._name = name
        self._number = 0
        self.size = 0
        self._write(MAGIC)

    def append(self, kind: Kind, body: bytes, *, began_ms: int = 0, length_ms: int = 0) -> None:
        head = _HEAD.pack(kind, began_ms, length_ms, len(body) + 16)
        sealed = self._cipher.encrypt(_nonce(self._number), body, self._name.bytes + head)
        self._number += 1
        self._write(head + sealed)

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            self.close()
            raise
        self.size += len(data)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def frames(path: Path) -> list[Frame]:
    """List the whole frames of a file, without opening any.

    Raises: OSError, ValueError for what is no recording.
    """
    found: list[Frame] = []
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if file.read(len(MAGIC)) != MAGIC:
            raise ValueError("not a recording")
        at = len(MAGIC)
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            kind, began_ms, length_ms, length = _HEAD.unpack(head)
            at += _HEAD.size
            if kind not in set(Kind) or length > _LONGEST or at + length > size:
                break
            found.append(Frame(Kind(kind), began_ms, length_ms, len(found), at, length))
            at += length
            file.seek(at)
    return found


def read(path: Path, frame: Frame, *, name: uuid.UUID, key: bytes) -> bytes:
    """Open one frame.

    Raises: OSError; InvalidTag when it was changed or the key is another's.
    """
    with path.open("rb") as file:
        file.seek(frame.offset)
        sealed = file.read(frame.size)
    head = _HEAD.pack(frame.kind, frame.began_ms, frame.length_ms, frame.size)
    return AESGCM(key).decrypt(_nonce(frame.number), sealed, name.bytes + head)
