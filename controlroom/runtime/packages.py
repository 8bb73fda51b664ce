"""The Python packages in .venv: by uv where it is, else by pip from the hashed requirements."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

from controlroom.runtime.places import CHECKOUT, CannotRun

VENV = CHECKOUT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed.json"
RUN, DEVELOP = "requirements.txt", "requirements-dev.txt"


def find_uv() -> str | None:
    """Find a uv that answers: a pyenv shim may be there without a program behind it."""
    uv = shutil.which("uv")
    return uv if uv and _quiet([uv, "--version"]) else None


def present(*, develop: bool) -> bool:
    """Say whether the stamp of the last installation covers the committed requirements."""
    try:
        stamped = json.loads(STAMP.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return False
    name = DEVELOP if develop else RUN
    return bool(stamped.get(name) == _fingerprint(name)) and _venv_works()


def provide(*, develop: bool) -> None:
    """Install the packages of the lock into .venv, saying so first; nothing when they are there."""
    if present(develop=develop):
        return
    name = DEVELOP if develop else RUN
    uv = find_uv()
    print(f"Installing Python packages into .venv with {'uv' if uv else 'pip'}.", flush=True)
    if not (uv and _by_uv(uv, develop=develop)) and not _by_pip(name):
        raise CannotRun(f"the Python packages of {name} could not be installed (see above)")
    names = (RUN, DEVELOP) if develop else (RUN,)
    STAMP.write_text(json.dumps({each: _fingerprint(each) for each in names}), encoding="utf-8")


def _by_uv(uv: str, *, develop: bool) -> bool:
    command = [uv, "sync", "--frozen", "--quiet", "--inexact", "--project", str(CHECKOUT)]
    command += ["--all-groups"] if develop else ["--no-dev"]
    if not _venv_works():
        command += ["--python", sys.executable]
    return subprocess.run(command, check=False).returncode == 0


def _by_pip(name: str) -> bool:
    if not _venv_works():
        made = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=False)
        if made.returncode:
            return False
    if not _quiet([str(PYTHON), "-m", "pip", "--version"]):
        _quiet([str(PYTHON), "-m", "ensurepip"])
    install = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    locked = ["--no-deps", "--require-hashes", "-r", str(CHECKOUT / name)]
    return subprocess.run([*install, *locked], check=False).returncode == 0


def _venv_works() -> bool:
    in_range = "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))"
    return PYTHON.exists() and _quiet([str(PYTHON), "-c", in_range])


def _fingerprint(name: str) -> str:
    return hashlib.sha256(Path(CHECKOUT / name).read_bytes()).hexdigest()


def _quiet(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False
