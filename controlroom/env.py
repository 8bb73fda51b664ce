"""Typed readers of the environment: a wrong or missing value stops the start and names itself."""

import base64
import binascii
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

# With a letter in its last part: an address in numbers names nobody.
DOMAIN = re.compile(r"^([0-9A-Za-z-]+\.)+[0-9A-Za-z-]*[A-Za-z][0-9A-Za-z-]*$")
TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})


def text(name: str, default: str | None = None) -> str:
    """Read a value; without a default the variable must be set and not empty."""
    value = os.environ.get(name, "")
    if value:
        return value
    if default is None:
        raise ImproperlyConfigured(f"{name} must be set (see docs/settings.md)")
    return default


def secret(name: str, default: str | None = None) -> str:
    """Read a secret from NAME or from the file that NAME_FILE names; never both."""
    path = os.environ.get(f"{name}_FILE", "")
    if path:
        if os.environ.get(name):
            raise ImproperlyConfigured(f"set {name} or {name}_FILE, not both")
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE: {error}") from error
    return text(name, default)


def signing_key(name: str) -> bytes:
    """Read a secret of 32 bytes in base64: the seed of an Ed25519 key."""
    try:
        seed = base64.b64decode(secret(name), validate=True)
    except binascii.Error as error:
        raise ImproperlyConfigured(f"{name} is not base64") from error
    if len(seed) != 32:
        raise ImproperlyConfigured(f"{name} holds {len(seed)} bytes instead of 32")
    return seed


def boolean(name: str, *, default: bool) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    raise ImproperlyConfigured(f"{name}={value!r} is not a boolean (use true or false)")


def integer(name: str, default: int, *, minimum: int | None = None) -> int:
    value = os.environ.get(name, "").strip()
    try:
        number = int(value) if value else default
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number") from error
    if minimum is not None and number < minimum:
        raise ImproperlyConfigured(f"{name}={number} is below {minimum}")
    return number


def number(name: str, default: float) -> float:
    value = os.environ.get(name, "").strip()
    try:
        return float(value) if value else default
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}={value!r} is not a number") from error


def items(name: str, default: str = "") -> list[str]:
    """Read a comma-separated list; blanks are dropped."""
    return [item.strip() for item in os.environ.get(name, default).split(",") if item.strip()]


def senders(name: str) -> dict[str, str]:
    """Read domains, each of a city (90010=cap.example.org) or, without a code, of all others."""
    found: dict[str, str] = {}
    for item in items(name):
        code, _equals, domain = item.rpartition("=")
        code, domain = code.strip(), domain.strip()
        if not DOMAIN.match(domain) or code in found:
            raise ImproperlyConfigured(f"{name}: {item!r} is not one more domain or code=domain")
        found[code] = domain
    return found


def database(name: str) -> dict[str, Any]:
    """Read a PostGIS address: postgis://user:password@host:port/name, or ?host=/socket/folder."""
    url = urlsplit(secret(name))
    if url.scheme not in {"postgis", "postgres", "postgresql"}:
        raise ImproperlyConfigured(f"{name} must start with postgis://")
    query = {key: values[-1] for key, values in parse_qs(url.query).items()}
    return {
        "ENGINE": "django.contrib.gis.db.backends.postgis",
        "NAME": unquote(url.path.lstrip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": query.pop("host", url.hostname or ""),
        "PORT": query.pop("port", str(url.port or "")),
        "OPTIONS": query,
    }
