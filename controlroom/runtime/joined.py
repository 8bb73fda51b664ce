"""Services for a short command: those of the running room, or private ones for its duration."""

import contextlib
import os
import time
from collections.abc import Iterator

from controlroom.runtime import embedded, environment, packages, places
from controlroom.runtime.places import Busy, CannotRun, Places
from controlroom.runtime.supervisor import Supervisor

WAIT_S = 60.0


def attached(command: list[str]) -> int:
    """Run a command with this checkout's services, which are started if they are not up."""
    lasting = places.of_checkout()
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        try:
            with temporary(lasting) as (supervisor, env):
                lasting.announce(mode="services")
                return supervisor.attached(command, env)
        except Busy:
            found = lasting.announced()
            if "env" in found:
                _replace_this_process(command, found["env"])
            time.sleep(0.3)
    raise CannotRun("another command of this checkout is using its services; try again later")


@contextlib.contextmanager
def temporary(
    where: Places, *, careless: bool = False
) -> Iterator[tuple[Supervisor, dict[str, str]]]:
    """Start the private services alone, for as long as the context lasts."""
    with where.held(), Supervisor(where) as supervisor:
        yield supervisor, environment.build(where, embedded.start(supervisor, careless=careless))


def _replace_this_process(command: list[str], env: dict[str, str]) -> None:
    own = embedded.environment()
    path = f"{packages.VENV / 'bin'}{os.pathsep}{own.get('PATH', os.defpath)}"
    joined = own | env | {"PATH": path, "PYTHONPATH": str(places.CHECKOUT)}
    os.execve(command[0], command, joined)  # noqa: S606 - the command of bin/manage or bin/bench
