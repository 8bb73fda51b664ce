"""manage.py record: the recorder, which keeps the pictures of the cameras that a policy names."""

import fcntl
import signal
import threading
import time
from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, connections

from cctv import streams
from cctv.recordings import vault
from cctv.recordings.recorder import Recorder

TURN_S = 1.0
STATEMENT_TIMEOUT_MS = 5_000
log = structlog.get_logger(__name__)


class Command(BaseCommand):
    help = (
        "Record the cameras that a recording policy names into CONTROLROOM_RECORDINGS_DIR, "
        "encrypted; destroy what has had its time. Keep it running, one a folder: the auditor "
        "says when it stands. Needs neither Celery nor Redis."
    )
    # It must start when other things are broken.
    requires_system_checks: list[str] = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        stopping = threading.Event()
        vault.root().mkdir(mode=0o700, parents=True, exist_ok=True)
        with (vault.root() / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CommandError("another recorder has this folder") from None
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: stopping.set())
            recorder = Recorder()
            try:
                self._run(recorder, stopping)
            finally:
                recorder.end()
                streams.stop_all()

    def _run(self, recorder: Recorder, stopping: threading.Event) -> None:
        begun = False
        while not stopping.is_set():
            began = time.monotonic()
            try:
                with connection.cursor() as cursor:
                    cursor.execute(f"SET statement_timeout = {STATEMENT_TIMEOUT_MS}")
                if not begun:
                    recorder.begin()
                    begun = True
            except Exception as error:  # noqa: BLE001  # the edge of a process
                log.warning("recorder_without_database", error=type(error).__name__)
                connection.close_pool()  # type: ignore[attr-defined]  # of the PostgreSQL backend
            if begun:
                recorder.turn()
            connections.close_all()
            stopping.wait(max(0.1, TURN_S - (time.monotonic() - began)))
