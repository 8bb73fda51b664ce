"""Encrypt what a row keeps secret; the keys are settings.FIELD_KEYS, newest first."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from controlroom.errors import Unavailable


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.FIELD_KEYS])


def seal(plain: str) -> bytes:
    return seal_bytes(plain.encode())


def seal_bytes(plain: bytes) -> bytes:
    return _fernet().encrypt(plain)


def unseal(sealed: bytes | memoryview) -> str:
    """Raises: Unavailable when no key of today opens it."""
    return unseal_bytes(sealed).decode()


def unseal_bytes(sealed: bytes | memoryview) -> bytes:
    """Raises: Unavailable when no key of today opens it."""
    try:
        return _fernet().decrypt(bytes(sealed))
    except InvalidToken as error:
        raise Unavailable("no field key opens this secret") from error
