"""What a recipient takes along: the films and what they are, in a ZIP under AES-256.

WinZip's AE-2, which 7-Zip, Bandizip and ALZip open with the passphrase; the passphrase is told by
another way than the package.
"""

import io
import json
from collections.abc import Iterator
from typing import Any

import pyzipper

from incidents.features import moment
from linkage.exports import films as kept
from linkage.models_exports import ExportFilm, ExportRequest


class _Pipe(io.RawIOBase):
    """A file that is only written to, and emptied as it goes."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._at += len(part)
        return len(part)

    def emptied(self) -> bytes:
        found, self._parts = b"".join(self._parts), []
        return found


def packed(*, export: ExportRequest, films: list[ExportFilm], passphrase: str) -> Iterator[bytes]:
    """Give the package, piece by piece: nothing of it is written to a disk."""
    pipe = _Pipe()
    with pyzipper.AESZipFile(
        pipe, "w", compression=pyzipper.ZIP_STORED, encryption=pyzipper.WZ_AES
    ) as archive:
        archive.setpassword(passphrase.encode())
        archive.writestr("README.json", json.dumps(about(export, films), ensure_ascii=False))
        for film in films:
            # A film of an unknown size might need the long form.
            with archive.open(name_of(film), "w", force_zip64=True) as entry:
                for chunk in kept.plain(film):
                    entry.write(chunk)
                    yield pipe.emptied()
    yield pipe.emptied()


def name_of(film: ExportFilm) -> str:
    return f"camera-{film.clip.camera_id}.mp4"


def about(export: ExportRequest, films: list[ExportFilm]) -> dict[str, Any]:
    return {
        "export_no": export.number,
        "receipt_no": export.case_number,
        "recipient": export.release.recipient,
        "purpose": export.purpose,
        "legal_basis": str(export.basis),
        "since": moment(export.since),
        "until": moment(export.until),
        "films": [
            {
                "file": name_of(film),
                "camera": str(film.clip.camera),
                "sha256": film.sha256,
                "began_at": moment(film.clip.began_at),
                "ended_at": moment(film.clip.ended_at),
                "gaps": film.clip.gaps,
            }
            for film in films
        ],
        "watermarked": True,
        "masked": export.unmasked_basis_id is None,
    }
