"""How a browser that is no person's is let in: a code typed once, then a key that it alone holds.

Both are kept as hashes. Terminals of the police and screens on the wall are enrolled so.
"""

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.http import HttpResponse
from django.utils.crypto import salted_hmac

CODE_LASTS = timedelta(hours=24)
# Read aloud and typed by hand: no letter that looks like another; 12 of 30 are 58 bits.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH, GROUP = 12, 4
# As long as browsers keep one; a key ends earlier by its own row.
KEPT_S = 400 * 24 * 3600


def new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _n in range(CODE_LENGTH))


def grouped(code: str) -> str:
    """Write a code as it is read aloud."""
    return "-".join(code[at : at + GROUP] for at in range(0, CODE_LENGTH, GROUP))


def plain(typed: str) -> str:
    """Read a code however it was typed."""
    return "".join(sign for sign in typed.upper() if sign in ALPHABET)


def code_digest(code: str, *, of: str) -> str:
    """Hash a code for one sort of browser: with our key, so that a stolen table opens nothing."""
    return salted_hmac(of, code, algorithm="sha256").hexdigest()


def new_key() -> str:
    return secrets.token_urlsafe(32)


def key_digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def keep_key(response: HttpResponse, key: str, *, cookie: str, path: str) -> None:
    """Let the browser keep its key, out of its scripts' reach and only for the pages below."""
    response.set_cookie(
        cookie,
        key,
        max_age=KEPT_S,
        path=path,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )
