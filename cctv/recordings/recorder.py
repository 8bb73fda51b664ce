"""The recorder: wants the cameras that a policy names as a viewer does, and keeps their pieces.

One process a folder. It never breaks live video: it has relays of its own number, and where the
disk takes no more it stops and says so.
"""

import errno
import time
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from cctv import streams
from cctv.choices import PartEnd
from cctv.errors import RelaysBusy
from cctv.recordings import policies, upkeep, vault
from cctv.recordings.tape import Tape, Wanted
from controlroom.journal import pulses

log = structlog.get_logger(__name__)
RECORDER = "recorder"
POLICIES_EVERY_S = 5.0
UPKEEP_EVERY_S = 10.0
RECONCILE_EVERY_S = 3600.0
PULSE_EVERY_S = 5.0
# So long without a piece of a camera that should be recorded, and people are told.
LACKING_AFTER_S = 30.0
NAMED = 100
SLOTS = "recording-slots"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class Recorder:
    """Makes a turn a second; what it knows between turns is only where each tape stands."""

    def __init__(self) -> None:
        self._wanted: dict[int, Wanted] = {}
        self._since: dict[int, float] = {}
        self._tapes: dict[int, Tape] = {}
        self._due: dict[str, float] = {}
        # Why nothing is recorded; empty when it is.
        self.stopped = ""
        self._busy = False

    def begin(self) -> None:
        """Take up what an earlier one left."""
        upkeep.take_up()

    def turn(self) -> None:
        """Take what is new of every camera. The database may be away: what is open goes on."""
        self._at_times("policies", POLICIES_EVERY_S, self._read)
        self._at_times("upkeep", UPKEEP_EVERY_S, self._keep)
        self._at_times("reconcile", RECONCILE_EVERY_S, upkeep.reconcile)
        if not self.stopped:
            for wanted in self._wanted.values():
                self._record(wanted)
        self._at_times("pulse", PULSE_EVERY_S, self._beat)

    def end(self) -> None:
        for tape in self._tapes.values():
            tape.close(PartEnd.STOPPED)
        self._tapes.clear()
        try:
            pulses.stop(RECORDER)
        except DatabaseError:
            log.warning("pulse_unwritten")

    def _at_times(self, name: str, every_s: float, work: Any) -> None:
        now = time.monotonic()
        if now < self._due.get(name, 0.0):
            return
        self._due[name] = now + every_s
        try:
            work()
        except DatabaseError as error:
            log.warning("recorder_without_database", work=name, error=type(error).__name__)
        except OSError as error:
            self._fail(error)

    def _read(self) -> None:
        self._wanted = policies.wanted()
        now = time.monotonic()
        self._since = {key: self._since.get(key, now) for key in self._wanted}
        for camera_id in [key for key in self._tapes if key not in self._wanted]:
            self._tapes.pop(camera_id).close(PartEnd.OFF)

    def _keep(self) -> None:
        while upkeep.destroy_expired(timezone.now()) == upkeep.AT_ONCE:
            continue
        if upkeep.has_room():
            self.stopped = ""
        else:
            self._stop("full")

    def _record(self, wanted: Wanted) -> None:
        camera_id = wanted.camera_id
        try:
            streams.want(camera_id, slots=SLOTS, limit=settings.RECORDING_LIMIT)
        except RelaysBusy:
            return  # said by its absence from what is recorded
        try:
            self._tapes.setdefault(camera_id, Tape()).turn(wanted)
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        log.error("recording_failed", error=type(error).__name__, number=error.errno)
        self._stop("full" if error.errno in _FULL else "disk")

    def _stop(self, why: str) -> None:
        """Record nothing until the upkeep finds room again."""
        self.stopped = why
        for tape in self._tapes.values():
            tape.close(PartEnd.DISK)

    def lacking(self) -> dict[int, int]:
        """Give the cameras that should be recorded and are not, with the seconds since when."""
        now = time.monotonic()
        found = {}
        for camera_id, since in self._since.items():
            tape = self._tapes.get(camera_id)
            moved_at = tape.moved_at if tape and tape.moved_at else since
            if now - moved_at > LACKING_AFTER_S:
                found[camera_id] = round(now - moved_at)
        return found

    def _beat(self) -> None:
        lacking = self.lacking()
        pulses.beat(
            RECORDER,
            {
                "wanted": len(self._wanted),
                "lacking": dict(sorted(lacking.items())[:NAMED]),
                "stopped": self.stopped,
                "bytes": upkeep.kept_bytes(),
                "folder": str(vault.root()),
            },
        )
