"""Wall screens: given a code by an administrator, enrolled once by it, known by their key."""

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from controlroom.accounts.models import User
from controlroom.audit import chain
from controlroom.errors import NotAllowed
from controlroom.municipalities.access import require
from controlroom.municipalities.roles import Right
from incidents.models_screens import WallScreen

CODE_LASTS = timedelta(hours=24)
# Typed by hand at the wall: no letter that looks like another; 12 of 30 are 58 bits.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH, GROUP = 12, 4
# A screen asks every two seconds; this often it is written down.
NOTED_EVERY = timedelta(seconds=30)


class ScreenCodeRefused(NotAllowed):
    """No screen waits for this code: wrong, used before, or too old."""

    code = "code_refused"


class ScreenUnknown(NotAllowed):
    code = "screen_unknown"
    status = 401


@transaction.atomic
def give_code(*, screen: WallScreen, by: User) -> str:
    """Give the screen a new code; the browser that is enrolled stays so until it is used.

    Locks: the screen.
    Raises: NotAllowed.
    """
    require(by, screen.municipality_id, Right.POLICY_MANAGE)
    locked = WallScreen.objects.select_for_update().get(pk=screen.pk)
    code = "".join(secrets.choice(ALPHABET) for _n in range(CODE_LENGTH))
    locked.code_digest = _code_digest(code)
    locked.code_expires_at = timezone.now() + CODE_LASTS
    locked.retired_at = None
    locked.save(update_fields=["code_digest", "code_expires_at", "retired_at"])
    _record("wall.code", locked, by=by)
    return "-".join(code[at : at + GROUP] for at in range(0, CODE_LENGTH, GROUP))


@transaction.atomic
def enrol(*, code: str, address: str | None) -> tuple[WallScreen, str]:
    """Exchange a code for the key of this browser; whatever browser had one is out.

    Locks: the screen.
    Raises: ScreenCodeRefused.
    """
    now = timezone.now()
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    screen: WallScreen | None = (
        WallScreen.objects.select_for_update()
        .filter(code_digest=_code_digest(plain), code_expires_at__gt=now, retired_at=None)
        .first()
    )
    if screen is None:
        raise ScreenCodeRefused(_("no screen waits for this code"))
    key = secrets.token_urlsafe(32)
    screen.key_digest, screen.enrolled_at, screen.last_seen_at = _key_digest(key), now, now
    screen.key_expires_at = now + timedelta(days=screen.days)
    screen.code_digest, screen.code_expires_at = "", None
    screen.save(
        update_fields=[
            "key_digest",
            "key_expires_at",
            "enrolled_at",
            "last_seen_at",
            "code_digest",
            "code_expires_at",
        ]
    )
    _record("wall.enrolled", screen, address=address or "")
    return screen, key


def by_key(key: str) -> WallScreen:
    """Find the screen whose browser asks, and note that it was seen.

    Raises: ScreenUnknown for none, a retired one and one whose time is over.
    """
    now = timezone.now()
    screen: WallScreen | None = None
    if key:
        screen = (
            WallScreen.objects.select_related("municipality")
            .filter(key_digest=_key_digest(key), key_expires_at__gt=now, retired_at=None)
            .first()
        )
    if screen is None:
        raise ScreenUnknown(_("this screen is not enrolled"))
    if screen.last_seen_at is None or now - screen.last_seen_at > NOTED_EVERY:
        WallScreen.objects.filter(pk=screen.pk).update(last_seen_at=now)
    return screen


@transaction.atomic
def retire(*, screen: WallScreen, by: User) -> None:
    """End code and key at once.

    Locks: the screen.
    Raises: NotAllowed.
    """
    require(by, screen.municipality_id, Right.POLICY_MANAGE)
    locked = WallScreen.objects.select_for_update().get(pk=screen.pk)
    locked.code_digest = locked.key_digest = ""
    locked.code_expires_at, locked.retired_at = None, timezone.now()
    locked.save(update_fields=["code_digest", "key_digest", "code_expires_at", "retired_at"])
    _record("wall.retired", locked, by=by)


def _record(action: str, screen: WallScreen, *, by: User | None = None, address: str = "") -> None:
    chain.record(
        action=action,
        subject_kind="wall_screen",
        subject_id=screen.pk,
        municipality_id=screen.municipality_id,
        actor_id=by.pk if by else None,
        agent="" if by else f"wall:{screen.name}",
        detail={"address": address} if address else {},
    )


def _code_digest(code: str) -> str:
    # Keyed: 58 bits could be tried against a stolen table.
    return salted_hmac("incidents.screens", code, algorithm="sha256").hexdigest()


def _key_digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
