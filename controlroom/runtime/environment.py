"""The environment of the processes of a demonstration or a test; what a user has set wins."""

import base64
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from controlroom.runtime import debian, embedded, packages
from controlroom.runtime.places import CHECKOUT, Places, write_private

SECRETS: dict[str, Callable[[], str]] = {
    "CONTROLROOM_SECRET_KEY": lambda: secrets.token_urlsafe(64),
    "CONTROLROOM_FIELD_KEYS": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    "CONTROLROOM_DEMO_PASSWORD": lambda: "-".join(secrets.token_hex(2) for _ in range(3)),
    "CONTROLROOM_SIM_CLIENT_SECRET": lambda: secrets.token_urlsafe(32),
    "CONTROLROOM_SIM_WEBHOOK_SECRET": lambda: (
        f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    ),
}


def build(places: Places, addresses: dict[str, str]) -> dict[str, str]:
    """Give every variable that settings.py needs, on this machine only and without TLS."""
    defaults = {
        "CONTROLROOM_STATE_DIR": str(places.app),
        "CONTROLROOM_ALLOWED_HOSTS": "localhost,127.0.0.1",
        "CONTROLROOM_HTTPS": "false",
        "CONTROLROOM_SIM_CLIENT_ID": "simulated-police112",
        "CONTROLROOM_SIM_LINK": "police112-90010",
        "CONTROLROOM_SIM_RATE": "6",
        "DJANGO_SETTINGS_MODULE": "controlroom.settings",
        **kept_secrets(places),
    }
    own = embedded.environment()
    folders = [packages.VENV / "bin", *_redis_folder(places), own.get("PATH", os.defpath)]
    missing = {name: value for name, value in defaults.items() if not _given(own, name)}
    return (
        own
        | missing
        | addresses
        | {
            "PATH": os.pathsep.join(map(str, folders)),
            "PYTHONPATH": str(CHECKOUT),
        }
    )


def _redis_folder(places: Places) -> list[Path]:
    """Give Redis its usual name for tests and measurements, where Debian has it by another."""
    program = debian.find_redis()
    if program is None or Path(program).name == "redis-server":
        return []
    folder = places.state / "bin"
    folder.mkdir(exist_ok=True)
    link = folder / "redis-server"
    link.unlink(missing_ok=True)
    link.symlink_to(program)
    return [folder]


def kept_secrets(places: Places) -> dict[str, str]:
    """Read the secrets of this state folder, making each once."""
    try:
        kept: dict[str, str] = json.loads(places.secrets.read_text(encoding="utf-8"))
    except FileNotFoundError:
        kept = {}
    lacking = {name: make() for name, make in SECRETS.items() if name not in kept}
    if lacking:
        kept |= lacking
        write_private(places.secrets, json.dumps(kept))
    return kept


def _given(own: dict[str, str], name: str) -> bool:
    return bool(own.get(name) or own.get(f"{name}_FILE"))
