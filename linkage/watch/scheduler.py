"""Celery's beat, with a sign of life in PostgreSQL: a beat can stop without its process ending."""

import time
from typing import Any

import structlog
from celery.beat import PersistentScheduler
from django.db import Error, close_old_connections

from controlroom.journal import pulses

BEAT = "beat"
PULSE_S = 5.0
log = structlog.get_logger(__name__)


class WatchedScheduler(PersistentScheduler):
    """The ordinary scheduler; a pulse that cannot be written does not keep it from its work."""

    _pulsed_at = float("-inf")

    def tick(self, *args: Any, **kwargs: Any) -> float:
        wait_s: float = super().tick(*args, **kwargs)
        if time.monotonic() - self._pulsed_at >= PULSE_S:
            self._pulsed_at = time.monotonic()
            try:
                pulses.beat(BEAT)
            except Error as error:
                log.warning("pulse_unwritten", error=type(error).__name__)
            finally:
                close_old_connections()
        return min(wait_s, PULSE_S)
