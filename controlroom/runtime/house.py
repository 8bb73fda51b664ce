"""bin/check: every rule of the house that a machine can check, each with its result and time."""

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from controlroom.runtime import joined, packages, places, run
from controlroom.runtime.places import CHECKOUT

ROOMS = ["controlroom", "cctv", "incidents", "linkage"]
EXPORTS = {packages.RUN: ["--no-dev"], packages.DEVELOP: ["--all-groups"]}
Check = Callable[[dict[str, str]], str]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="bin/check",
        description="Check style, types, the direction of imports, templates, migrations, "
        "deployment settings, translations and the locked requirements.",
    )
    parser.parse_args(arguments)
    run.provide(develop=True)
    temporary = places.throw_away("check")
    try:
        with joined.temporary(temporary, careless=True) as (_supervisor, env):
            failed = check(env)
    except KeyboardInterrupt:
        return 130
    finally:
        temporary.remove()
    return 1 if failed else 0


def check(env: dict[str, str]) -> list[str]:
    """Run every check; print each failure's own words at the end; name those that failed."""
    failures: dict[str, str] = {}
    for name, work in CHECKS.items():
        began = time.monotonic()
        complaint = work(env)
        took = f"{time.monotonic() - began:5.1f} s"
        print(f"  {'FAILED' if complaint else 'ok':<7}{took}  {name}", flush=True)
        if complaint:
            failures[name] = complaint
    for name, complaint in failures.items():
        print(f"\n--- {name}\n{complaint.rstrip()}", file=sys.stderr, flush=True)
    return list(failures)


def _says(*command: str) -> Check:
    """Make a check of a program: its output when it fails, nothing when it is content."""

    def work(env: dict[str, str]) -> str:
        return _complaint(command, env)

    return work


def _complaint(command: tuple[str, ...], env: dict[str, str]) -> str:
    done = subprocess.run(
        [str(packages.VENV / "bin" / command[0]), *command[1:]],
        env=env,
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return (done.stdout or f"exit code {done.returncode}") if done.returncode else ""


def _deploy(env: dict[str, str]) -> str:
    """Check the settings as they would be in production: every default, and real secrets."""
    production = {
        name: value
        for name, value in env.items()
        if not name.startswith("CONTROLROOM_")
        or name in {"CONTROLROOM_FIELD_KEYS", "CONTROLROOM_AUDIT_KEY"}
    } | {
        "CONTROLROOM_SECRET_KEY": secrets.token_urlsafe(64),
        "CONTROLROOM_ALLOWED_HOSTS": "control.example.org",
    }
    command = ("python", "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    return _complaint(command, production)


def _exports(env: dict[str, str]) -> str:
    """Compare the committed requirements with what the lock says; without uv nobody can."""
    uv = packages.find_uv()
    if uv is None:
        return ""
    locked = subprocess.run(
        [uv, "lock", "--check", "--offline"], cwd=CHECKOUT, capture_output=True, check=False
    )
    drifted = [] if locked.returncode == 0 else ["uv.lock does not match pyproject.toml"]
    with tempfile.TemporaryDirectory() as folder:
        for name, options in EXPORTS.items():
            fresh = Path(folder) / name
            export = [uv, "export", "--frozen", *options, "--no-emit-project", "-q", "-o"]
            subprocess.run([*export, str(fresh)], cwd=CHECKOUT, env=dict(os.environ), check=True)
            if _pins(fresh) != _pins(CHECKOUT / name):
                drifted.append(f"{name} does not match uv.lock")
    return "\n".join(drifted)


def _pins(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.lstrip().startswith("#")]


CHECKS: dict[str, Check] = {
    "ruff": _says("ruff", "check", "--quiet", "."),
    "format": _says("ruff", "format", "--check", "--quiet", "."),
    "imports": _says("lint-imports", "--no-cache"),
    "types": _says("mypy", "--no-error-summary", *ROOMS),
    # Linted, not formatted: the formatter puts white space into empty and inline elements.
    "templates": _says("djlint", "templates", "--lint"),
    "migrations": _says("python", "manage.py", "makemigrations", "--check", "--dry-run"),
    "deployment": _deploy,
    "translations": _says("python", "-m", "controlroom.runtime.msgids"),
    "requirements": _exports,
}
