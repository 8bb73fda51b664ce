"""bin/run: from a bare machine to a living control room, in one command."""

import argparse
import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from controlroom.runtime import (
    debian,
    embedded,
    environment,
    packages,
    places,
    processes,
    room,
    webrtc,
)
from controlroom.runtime.places import Busy, CannotRun, Places
from controlroom.runtime.processes import Spec
from controlroom.runtime.supervisor import Supervisor

LOG_LINE_SHOWN = 400
WEBRTC = "by WebRTC from Janus, a second behind the street; by play list where that fails"
PLAY_LISTS = "by play list, three seconds behind the street (by WebRTC with Debian's janus)"


@dataclass(frozen=True)
class Room:
    """A running control room."""

    supervisor: Supervisor
    address: str
    env: dict[str, str]


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    began = time.monotonic()
    provide(develop=False)
    return _check(began) if options.check else _stay(options.port, began)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bin/run",
        description="Start the control room with a demonstration city on this machine: installs "
        "what is missing (saying so first), starts a private PostgreSQL and Redis, the web "
        "server, the workers and the simulated agencies, and keeps them running until Ctrl-C.",
        epilog="DATABASE_URL and REDIS_URL, when set, are used instead of the private ones. "
        "Every other setting is in docs/settings.md.",
    )
    parser.add_argument("--port", type=int, help="port on 127.0.0.1 (default: 8000 or next free)")
    parser.add_argument(
        "--check",
        action="store_true",
        help="start on free ports with state that is thrown away, drive the main job end to end "
        "from outside, print each step with its time, and exit 0 or 1",
    )
    return parser


def provide(*, develop: bool, browser: bool = False) -> None:
    """Install what a command needs of the machine and of Python."""
    postgres, redis = embedded.wanted()
    venv = not packages.present(develop=develop) and packages.find_uv() is None
    debian.provide(debian.Wanted(postgres=postgres, redis=redis, venv=venv, browser=browser))
    packages.provide(develop=develop)


def _stay(port: int | None, began: float) -> int:
    lasting = places.of_checkout()
    try:
        with lasting.held(), open_room(lasting, port=port) as running:
            lasting.announce(mode="run", address=running.address, env=_shareable(running.env))
            _welcome(running, time.monotonic() - began)
            running.supervisor.watch()
    except Busy:
        return _already(lasting)
    except KeyboardInterrupt:
        print("Stopped.", flush=True)
    return 0


def _already(lasting: Places) -> int:
    """Say where the running one is; a start that is still under way is waited for by nobody."""
    found = lasting.announced()
    if address := found.get("address"):
        print(f"The control room of this checkout is already running: {address}")
        print("Stop it with Ctrl-C where it was started, or: kill", found["pid"])
        return 0
    raise CannotRun("another command of this checkout is starting or using its services; try later")


def _check(began: float) -> int:
    temporary = places.throw_away("check")
    try:
        with temporary.held(), open_room(temporary, port=room.free_port()) as running:
            print(f"ready after {time.monotonic() - began:.1f} s: {running.address}", flush=True)
            journey = [str(packages.PYTHON), "-m", "controlroom.runtime.journey", running.address]
            code = running.supervisor.attached(journey, running.env)
            if code:
                show_logs(temporary)
    except KeyboardInterrupt:
        return 130
    finally:
        temporary.remove()
    return code


@contextlib.contextmanager
def open_room(
    where: Places,
    *,
    port: int | None,
    settings: dict[str, str] | None = None,
    watched: bool = True,
    ahead: Sequence[Spec] = (),
) -> Iterator[Room]:
    """Start everything in its order, `ahead` after the services; leaving stops it in reverse.

    Unwatched, the auditor is left out: only to show that its absence is noticed.
    """
    with room.listen(port) as listener, Supervisor(where, say=_say) as supervisor:
        address = room.address_of(listener)
        given = environment.build(where, embedded.start(supervisor))
        # The simulated camera lives on this machine; a user's own networks win.
        env = (
            {"CONTROLROOM_CAMERA_NETWORKS": "127.0.0.0/8"}
            | given
            | {
                "CONTROLROOM_SIM_BASE_URL": address,
                "CONTROLROOM_SIM_PORT": str(room.free_port()),
                "CONTROLROOM_SIM_CAMERA_PORT": str(room.free_port()),
                **(settings or {}),
            }
        )
        if (janus := debian.find_janus()) and "CONTROLROOM_JANUS_SOCKET" not in env:
            folder = where.socket_folder(where.janus)
            env |= webrtc.environment(folder)
            supervisor.keep(webrtc.spec(janus, folder, env))
        if ahead:
            supervisor.keep(*ahead)
        prepare = [str(packages.PYTHON), "-m", "controlroom.runtime.prepare"]
        if supervisor.attached([*prepare, "migrate", "static", "demo"], env):
            raise CannotRun("the preparation failed (see above)")
        auditor = [room.auditor(env)] if watched else []
        supervisor.keep(room.web(listener, env), room.worker(env), room.beat(where, env), *auditor)
        supervisor.keep(room.prober(env), room.watcher(env), room.recorder(env), room.agencies(env))
        yield Room(supervisor, address, env)


def _welcome(running: Room, took_s: float) -> None:
    password = running.env.get("CONTROLROOM_DEMO_PASSWORD", "")
    has_janus = "CONTROLROOM_JANUS_SOCKET" in running.env
    print(
        f"""
The control room is open: {running.address}   (started in {took_s:.1f} s)

  haneul  operator        sup     supervisor      admin  administrator
  bada    auditor         police  seconded police officer
  password of all five: {password}

  video: {WEBRTC if has_janus else PLAY_LISTS}
  logs: {running.supervisor.places.log}
  stop: Ctrl-C
""",
        flush=True,
    )


def _shareable(env: dict[str, str]) -> dict[str, str]:
    """Give the part of an environment that bin/manage and bin/bench need to join."""
    names = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
    return {
        name: value
        for name, value in env.items()
        if name.startswith("CONTROLROOM_") or name in names
    }


def show_logs(where: Places) -> None:
    for log in sorted(where.log.glob("*.log")):
        # The end of a long line is where an exception says what it is.
        lines = [line[-LOG_LINE_SHOWN:] for line in processes.tail(log, 8).splitlines()]
        print(f"--- {log.name}", *lines, sep="\n", file=sys.stderr)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
