"""Looks at cameras: those that somebody watches by their relay, all others once in a turn.

Relays come first: while one begins, or most places are taken, nothing is probed. What is probed is
spread over the turn by the camera's number, at most PROBE_LIMIT hosts at once, the cameras of one
host one after another, and no more CPU time than PROBE_CPU_PERCENT of a core. Several probers, on
machines of their own, share the cameras: each takes what is due by a locked row.
"""

import resource
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

import structlog
from django.conf import settings
from django.db import Error, connections, transaction
from django.db.models import Count
from django.utils import timezone

from cctv import health, host_check, posters, probing, streams
from cctv.choices import HostState, SourceKind
from cctv.health import Look
from cctv.health_steps import AGAIN_S, LIVE_S
from cctv.models import Camera, CameraCondition, CameraHost
from cctv.posters import Poster
from cctv.probe_turns import Purse, next_turn
from cctv.probing import Seen
from cctv.relay_watch import StreamState
from cctv.sources import Source, pinned_host, source_of
from controlroom.errors import DomainError
from controlroom.journal import pulses

log = structlog.get_logger(__name__)

PULSE = "prober"
BEAT_S = 1.0
ENROLL_EVERY_S = 60.0
PULSE_EVERY_S = 10.0
SWEEP_EVERY_S = 30.0
# Taken together by one look into the table, for each free place.
TAKEN_FOR_A_PLACE = 8


@dataclass
class Prober:
    """One process that looks. Only its own clock, purse and threads are kept in memory."""

    purse: Purse = field(
        default_factory=lambda: Purse(
            share=settings.PROBE_CPU_PERCENT / 100, filled_at=time.monotonic()
        )
    )
    stopping: threading.Event = field(default_factory=threading.Event)
    probed: int = 0
    most_at_once: int = 0

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(settings.PROBE_LIMIT, thread_name_prefix="probe")
        self._watched = ThreadPoolExecutor(1, thread_name_prefix="watched")
        self._guard = threading.Lock()
        self._running: set[Future[None]] = set()
        self._at_once = 0
        self._busy_hosts: set[str] = set()
        self._looked_at: dict[int, float] = {}
        self._spent_s = _cpu_s()
        self._due_at = {"enroll": 0.0, "pulse": 0.0, "sweep": 0.0}

    def run(self) -> None:
        """Look until told to stop; what the database does meanwhile must not end it."""
        while not self.stopping.is_set():
            try:
                self.round()
            except Error as error:
                log.error("prober_round_failed", error=type(error).__name__)
            finally:
                connections.close_all()
            self.stopping.wait(BEAT_S)
        self.close()

    def close(self) -> None:
        """End what was begun; nothing new begins."""
        self.stopping.set()
        self._pool.shutdown(cancel_futures=True)
        self._watched.shutdown(cancel_futures=True)

    def round(self) -> int:
        """Begin what is due now; give how many cameras were taken for probing."""
        self._account()
        if self._is_due("enroll", ENROLL_EVERY_S):
            health.enroll(turn_s=settings.PROBE_TURN_S)
        if self._is_due("pulse", PULSE_EVERY_S):
            pulses.beat(PULSE, {"probed": self.probed, "late_s": _late_s()})
        if self._is_due("sweep", SWEEP_EVERY_S):
            posters.sweep()
        watched = streams.running()
        self._look_at_watched(watched)
        if not self._may_probe(watched):
            return 0
        free = settings.PROBE_LIMIT - len(self._running)
        taken = take_due(free * TAKEN_FOR_A_PLACE, besides=watched) if free > 0 else []
        for key, cameras in _by_host(taken).items():
            self._begin(key, cameras)
        return len(taken)

    def wait(self, timeout_s: float) -> bool:
        """Wait until all that was begun is done."""
        until = time.monotonic() + timeout_s
        for future in list(self._running):
            future.result(max(0.0, until - time.monotonic()))
        return not self._running

    # --- what may be spent ------------------------------------------------------------------
    def _account(self) -> None:
        spent = _cpu_s()
        self.purse.fill(time.monotonic())
        self.purse.spend(spent - self._spent_s)
        self._spent_s = spent

    def _may_probe(self, watched: dict[int, StreamState]) -> bool:
        begins = StreamState.STARTING in watched.values()
        crowded = len(watched) > 3 * settings.RELAY_LIMIT // 4
        return self.purse.is_open and not begins and not crowded

    def _is_due(self, what: str, every_s: float) -> bool:
        now = time.monotonic()
        if now < self._due_at[what]:
            return False
        self._due_at[what] = now + every_s
        return True

    # --- cameras that somebody watches ------------------------------------------------------
    def _look_at_watched(self, watched: dict[int, StreamState]) -> None:
        """Look at one newest piece of each live relay in its turn; one thread does it."""
        now = time.monotonic()
        self._looked_at = {key: at for key, at in self._looked_at.items() if key in watched}
        due = [
            camera_id
            for camera_id, state in watched.items()
            if state == StreamState.LIVE and now - self._looked_at.get(camera_id, -LIVE_S) >= LIVE_S
        ]
        for camera_id in due:
            self._looked_at[camera_id] = now
        if due:
            self._watched.submit(_safely, partial(self._look_at_pieces, due))

    def _look_at_pieces(self, camera_ids: list[int]) -> None:
        own = Camera.objects.in_register().filter(pk__in=camera_ids)
        marks = {camera.pk: posters.mark_of(camera) for camera in own}
        for camera_id in camera_ids:
            seen = probing.of_relay(camera_id)
            if seen is not None and not self.stopping.is_set():
                health.note_look(camera_id=camera_id, look=seen.look)
                _keep(camera_id, marks.get(camera_id), seen.poster)

    # --- cameras that nobody watches --------------------------------------------------------
    def _begin(self, key: str, cameras: list["Due"]) -> None:
        with self._guard:
            if key in self._busy_hosts:
                _put_back(cameras)
                return
            self._busy_hosts.add(key)
        future = self._pool.submit(_safely, partial(self._probe_host, key, cameras))
        self._running.add(future)
        future.add_done_callback(self._running.discard)

    def _probe_host(self, key: str, cameras: list["Due"]) -> None:
        try:
            if self._host_answers(cameras):
                for due in cameras:
                    self._give_way()
                    if self.stopping.is_set():
                        return
                    self._probe(due)
        finally:
            with self._guard:
                self._busy_hosts.discard(key)

    def _give_way(self) -> None:
        """Wait while relays begin or the purse is empty."""
        while not self.stopping.is_set() and not self._may_probe(streams.running()):
            self.stopping.wait(BEAT_S)

    def _host_answers(self, cameras: list["Due"]) -> bool:
        """Ask the host once for all its cameras; one that is gone is one fact, not hundreds."""
        first = cameras[0]
        source = first.source
        if source is None or source.address is None:
            return True
        try:
            seen = host_check.ask(source.address, pinned_host(source))
        except DomainError:
            return True
        for due in cameras if seen.skew_ms is not None else ():
            health.note_clock(
                camera_id=due.camera_id, skew_ms=seen.skew_ms or 0, source=seen.clock_source
            )
        if not first.shares_host:
            return True
        for municipality_id in {due.municipality_id for due in cameras}:
            health.note_host(
                municipality_id=municipality_id,
                key=first.host_key,
                is_there=seen.is_there,
                reason=seen.reason,
                turn_s=settings.PROBE_TURN_S,
            )
        if not seen.is_there:
            _suspect_host(first.host_key)
        return seen.is_there

    def _probe(self, due: "Due") -> None:
        with self._guard:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            seen = Seen(Look(reason=due.refusal))
            if due.source is not None:
                try:
                    seen = probing.of_source(due.source)
                except DomainError as refusal:
                    seen = Seen(Look(reason=refusal.code))
            health.note_look(camera_id=due.camera_id, look=seen.look)
            _keep(due.camera_id, due.mark, seen.poster)
        finally:
            with self._guard:
                self._at_once -= 1
                self.probed += 1


@dataclass(frozen=True)
class Due:
    """A camera whose turn has come, with its source opened or why it could not be."""

    camera_id: int
    municipality_id: int
    host_key: str
    shares_host: bool
    source: Source | None = field(repr=False)
    refusal: str = ""
    # Of the source that is looked at, for its poster; None: none is kept.
    mark: bytes | None = None


@transaction.atomic
def take_due(most: int, *, besides: Iterable[int] = ()) -> list[Due]:
    """Take cameras whose turn has come, so that no other prober does, and set their next turn.

    Of a host that is down one camera is taken, to ask for it; the others wait for its answer.
    Locks: the conditions.
    """
    now = timezone.now()
    down = set(CameraHost.objects.filter(state=HostState.DOWN).values_list("key", flat=True))
    rows = list(
        CameraCondition.objects.filter(
            next_probe_at__lte=now,
            camera__gone_at=None,
            camera__site__gone_at=None,
            camera__source_kind=SourceKind.STREAM,
        )
        .exclude(pk__in=list(besides))
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("camera__site")
        .defer("reference")
        .order_by("next_probe_at")[:most]
    )
    taken: list[Due] = []
    asked: set[str] = set()
    for row in rows:
        row.next_probe_at = next_turn(row.pk, now, settings.PROBE_TURN_S)
        due = _due(row)
        row.host_key = due.host_key
        if due.host_key in down:
            row.next_probe_at = now + timedelta(seconds=AGAIN_S)
            if due.host_key in asked:
                continue
            asked.add(due.host_key)
        taken.append(due)
    CameraCondition.objects.bulk_update(rows, ["next_probe_at", "host_key"])
    return _with_shares(taken)


def _due(row: CameraCondition) -> Due:
    source, refusal, key = None, "", row.host_key
    try:
        source = source_of(row.camera)
        key = probing.host_key(source)
    except DomainError as error:
        refusal = error.code
    mark = None if row.camera.site.is_borrowed else posters.mark_of(row.camera)
    return Due(
        row.pk,
        row.municipality_id,
        key,
        shares_host=False,
        source=source,
        refusal=refusal,
        mark=mark,
    )


def _with_shares(taken: list[Due]) -> list[Due]:
    """Say of each whether other cameras hang on its host."""
    keys = {due.host_key for due in taken if due.host_key}
    rows = CameraCondition.objects.filter(host_key__in=keys).order_by().values_list("host_key")
    counts = dict(rows.annotate(Count("pk")))
    return [replace(due, shares_host=counts.get(due.host_key, 0) > 1) for due in taken]


def _keep(camera_id: int, mark: bytes | None, poster: Poster | None) -> None:
    """Keep the small picture of a look; a full disk is no reason not to look."""
    if mark is None or poster is None:
        return
    try:
        posters.keep(camera_id=camera_id, mark=mark, poster=poster)
    except OSError as error:
        log.error("poster_not_kept", camera=camera_id, error=type(error).__name__)


def _by_host(taken: list[Due]) -> dict[str, list[Due]]:
    groups: dict[str, list[Due]] = {}
    for due in taken:
        groups.setdefault(due.host_key or f"camera {due.camera_id}", []).append(due)
    return groups


def _put_back(cameras: list[Due]) -> None:
    again = timezone.now() + timedelta(seconds=2)
    CameraCondition.objects.filter(pk__in=[due.camera_id for due in cameras]).update(
        next_probe_at=again
    )


def _suspect_host(key: str) -> None:
    """Ask the host again soon, by one of its cameras; the others wait for that."""
    again = timezone.now() + timedelta(seconds=AGAIN_S)
    first = CameraCondition.objects.filter(host_key=key).order_by("pk").values("pk")[:1]
    CameraCondition.objects.filter(pk__in=first).update(next_probe_at=again)


def _safely(work: Callable[[], None]) -> None:
    """Do a thread's work: whatever goes wrong with one camera, the others are looked at."""
    try:
        work()
    except Exception as error:  # noqa: BLE001  # the edge of a thread
        # Only the kind: a text could name what must not be logged.
        log.error("probe_failed", error=type(error).__name__)
    finally:
        connections.close_all()


def _late_s() -> int:
    """Give how long the camera that waits longest has been due."""
    oldest = (
        CameraCondition.objects.filter(
            next_probe_at__lte=timezone.now(), camera__source_kind=SourceKind.STREAM
        )
        .order_by("next_probe_at")
        .values_list("next_probe_at", flat=True)
        .first()
    )
    return round((timezone.now() - oldest).total_seconds()) if oldest else 0


def _cpu_s() -> float:
    """Give the CPU time of this process and of the ffmpegs that it has waited for."""
    mine, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return mine.ru_utime + mine.ru_stime + children.ru_utime + children.ru_stime
