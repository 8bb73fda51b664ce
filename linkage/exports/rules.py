"""Who may do what to an export request, and how large one may be: arithmetic, with no Django.

Source: domain.md 10: operators draft, resident police decide on police exports, the head of the
shift on all with a reason; nobody decides on an own request; administrators see no video.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

from controlroom.municipalities.roles import Right

LONGEST = timedelta(hours=2)
MOST_CAMERAS = 10
# Letters as offices write them; HWPX is a ZIP, HWP a compound file.
LETTER_KINDS: dict[str, bytes] = {
    "pdf": b"%PDF-",
    "hwpx": b"PK\x03\x04",
    "hwp": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "png": b"\x89PNG\r\n\x1a\n",
    "jpg": b"\xff\xd8\xff",
    "jpeg": b"\xff\xd8\xff",
    "tiff": b"II*\x00",
}
LETTER_BYTES = 10 * 1024 * 1024
MOST_VIEWS = 50
LONGEST_RELEASE = timedelta(days=30)


class Refusal(StrEnum):
    NO_RIGHT = "no_right"
    OWN_REQUEST = "own_request"
    REASON_NEEDED = "reason_needed"


def may_handle(*, rights: Collection[Right], is_police: bool) -> Refusal | None:
    """Say why this person may not work on the request at all; None: may."""
    if Right.EXPORT_OVERRIDE in rights:
        return None
    return None if is_police and Right.EXPORT_HANDLE in rights else Refusal.NO_RIGHT


def may_approve(
    *, rights: Collection[Right], is_police: bool, is_own: bool, reason: str
) -> Refusal | None:
    """Say why this person may not decide; who overrides says why."""
    refused = may_handle(rights=rights, is_police=is_police)
    if refused is not None:
        return refused
    if is_own:
        return Refusal.OWN_REQUEST
    is_resident = is_police and Right.EXPORT_HANDLE in rights
    return None if is_resident or reason.strip() else Refusal.REASON_NEEDED


def period_faults(since: datetime, until: datetime, now: datetime) -> dict[str, str]:
    """Name each fault of the period by its field: a stable word, for the caller to translate."""
    if until <= since:
        return {"until": "before_since"}
    if until - since > LONGEST:
        return {"until": "too_long"}
    return {"until": "in_future"} if until > now else {}


def letter_kind(name: str, body: bytes) -> str | None:
    """Give the kind of a letter whose name and first bytes agree; None for anything else."""
    ending = name.rsplit(".", 1)[-1].lower() if "." in name else ""
    begins = LETTER_KINDS.get(ending)
    return ending if begins is not None and body.startswith(begins) else None
