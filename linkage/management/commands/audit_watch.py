"""manage.py audit_watch: the auditor, which needs neither Celery nor Redis."""

import faulthandler
import signal
import threading
import time
from argparse import ArgumentParser
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import Error, connection, connections

from linkage.watch.rounds import Auditor

# A round that hangs ends the process, so that whoever keeps it starts a fresh one.
HANGING_AFTER_S = 60.0
# A query that hangs must not hold up the round: its check fails, the others go on.
STATEMENT_TIMEOUT_MS = 5_000
log = structlog.get_logger(__name__)


class Command(BaseCommand):
    help = (
        "Look every CONTROLROOM_WATCH_EVERY_S seconds for overdue obligations, unfinished "
        "escalations, silent agencies, standing workers and stalled dashboards; let alarms stand "
        "and end; call CONTROLROOM_HEARTBEAT_URL after each good round. Uses PostgreSQL and HTTP "
        "only. Keep it running: its absence is what the outside monitor sees."
    )
    # The auditor must start when other things are broken.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="one round; exit 1 if it was bad")

    def handle(self, *_args: Any, **options: Any) -> None:
        auditor = Auditor()
        if options["once"]:
            raise SystemExit(0 if _round(auditor) else 1)
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        while not stopping.is_set():
            began = time.monotonic()
            faulthandler.dump_traceback_later(HANGING_AFTER_S, exit=True)
            _round(auditor)
            faulthandler.cancel_dump_traceback_later()
            stopping.wait(max(0.5, settings.WATCH_EVERY_S - (time.monotonic() - began)))


def _round(auditor: Auditor) -> bool:
    """Make a round on a fresh connection: what the database did meanwhile must not matter."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = {STATEMENT_TIMEOUT_MS}")
        return auditor.round()
    except Error as error:
        log.error("watch_round_failed", error=type(error).__name__)
        # Its pool would wait ever longer before it tries a database that came back.
        connection.close_pool()  # type: ignore[attr-defined]  # of the PostgreSQL backend
        return False
    finally:
        connections.close_all()
