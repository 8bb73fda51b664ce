"""Watch over cameras that turn and that report: a process of its own, one is enough.

It stops moves that nobody renews, frees lapsed locks, brings cameras home, and listens for events.
"""

import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connections

from cctv.onvif import pulling, sweeping

log = structlog.get_logger(__name__)

TICK_S = 0.25


class Command(BaseCommand):
    help = "Stop, free and bring home turned cameras, and listen for what cameras report."

    def handle(self, *args: Any, **options: Any) -> None:
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        listeners = pulling.Listeners()
        duties: dict[Callable[[], object], float] = {
            sweeping.stop_overdue: TICK_S,
            sweeping.sweep: 1.0,
            listeners.match: 5.0,
            pulling.forget_old: 3600.0,
        }
        due = dict.fromkeys(duties, 0.0)
        while not stopping.is_set():
            try:
                for duty, every_s in duties.items():
                    if time.monotonic() >= due[duty]:
                        due[duty] = time.monotonic() + every_s
                        duty()
            except DatabaseError:
                log.exception("watch_cameras_failed")
                connections.close_all()
                stopping.wait(2.0)
            stopping.wait(TICK_S)
        listeners.stop()
        connections.close_all()
