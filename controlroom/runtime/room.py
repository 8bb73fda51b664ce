"""The processes of the control room: web, worker, beat, auditor, recorder, simulated agencies."""

import http.client
import signal
import socket
from pathlib import Path

from controlroom.runtime import embedded, packages
from controlroom.runtime.places import CHECKOUT, CannotRun, Places
from controlroom.runtime.processes import Spec

FIRST_PORT, PORTS = 8000, 100
HOST = "127.0.0.1"
# linkage.lanes shares these threads out.
WORKER = ("--pool", "threads", "--concurrency", "11", "--without-gossip", "--without-mingle")


def listen(port: int | None) -> socket.socket:
    """Open the address of the web process: the port asked for, or the first free one from 8000.

    The supervisor holds it, so that a caller waits for a restart instead of being refused.
    """
    candidates = range(FIRST_PORT, FIRST_PORT + PORTS) if port is None else [port]
    for candidate in candidates:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, candidate))
        except OSError:
            listener.close()
            continue
        listener.listen(512)
        return listener
    if port is None:
        raise CannotRun(f"no free port from {FIRST_PORT} to {FIRST_PORT + PORTS - 1}")
    raise CannotRun(f"port {port} is taken; choose another with --port, or leave it out")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def address_of(listener: socket.socket) -> str:
    return f"http://{HOST}:{listener.getsockname()[1]}"


def web(listener: socket.socket, env: dict[str, str]) -> Spec:
    descriptor = listener.fileno()
    port = listener.getsockname()[1]
    application = "controlroom.asgi:application"
    return Spec(
        name="web",
        command=[*_python("daphne"), "--fd", str(descriptor), "--verbosity", "0", application],
        env=env,
        pass_fds=(descriptor,),
        ready=lambda: _answers(port),
        cwd=CHECKOUT,
    )


def worker(env: dict[str, str]) -> Spec:
    return Spec(
        name="worker",
        command=[*_celery(), "worker", *WORKER, "--loglevel", "INFO"],
        env=env,
        # A warm stop may wait minutes for a task; alone, the worker must go at once.
        orphan_signal=signal.SIGQUIT,
        cwd=CHECKOUT,
    )


def beat(places: Places, env: dict[str, str], name: str = "beat") -> Spec:
    schedule = str(places.app / f"celery{name}-schedule")
    return Spec(
        name=name,
        command=[*_celery(), "beat", "--loglevel", "INFO", "--pidfile=", "--schedule", schedule],
        env=env,
        cwd=CHECKOUT,
    )


def auditor(env: dict[str, str]) -> Spec:
    """Look for what the others miss; it needs the database only."""
    return Spec(
        name="auditor",
        command=[str(packages.PYTHON), "manage.py", "audit_watch"],
        env=env,
        cwd=CHECKOUT,
    )


def watcher(env: dict[str, str]) -> Spec:
    """Watch over cameras that turn and report."""
    return Spec(
        name="cameras",
        command=[str(packages.PYTHON), "manage.py", "watch_cameras"],
        env=env,
        # Each listener gives its subscription back first.
        stop_within_s=20.0,
        cwd=CHECKOUT,
    )


def prober(env: dict[str, str]) -> Spec:
    """Look at the cameras; it needs the database and the cameras' network."""
    return Spec(
        name="prober",
        command=[str(packages.PYTHON), "manage.py", "probe_cameras"],
        env=env,
        cwd=CHECKOUT,
    )


def recorder(env: dict[str, str]) -> Spec:
    """Keep the pictures of the cameras that a policy names; it needs the database only."""
    return Spec(
        name="recorder",
        command=[str(packages.PYTHON), "manage.py", "record"],
        env=env,
        cwd=CHECKOUT,
    )


def agencies(env: dict[str, str]) -> Spec:
    """Play the agencies: they report to the web process and take our messages on their own port."""
    port = int(env["CONTROLROOM_SIM_PORT"])
    return Spec(
        name="agencies",
        command=[str(packages.PYTHON), "manage.py", "simulate"],
        env=env,
        ready=lambda: _listens(port),
        cwd=CHECKOUT,
    )


def line(places: Places, *, at: Path, to: Path) -> Spec:
    """Stand between the control room and Redis, to fall silent on purpose."""
    return Spec(
        name="line",
        command=[*_python("controlroom.runtime.line"), str(at), str(to)],
        env=embedded.environment() | {"PYTHONPATH": str(CHECKOUT)},
        ready=at.exists,
        cwd=places.state,
    )


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False


def _python(module: str) -> list[str]:
    return [str(packages.PYTHON), "-m", module]


def _celery() -> list[str]:
    return [*_python("celery"), "-A", "controlroom.celery"]


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
